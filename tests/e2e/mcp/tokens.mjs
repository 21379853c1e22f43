// How many tokens the answer to tools/list is, by three tokenizers: node tokens.mjs ANSWER.json [--most N]
//
// Counted is the list as it goes over the wire, without the envelope of JSON-RPC. o200k and cl100k are exact; the only
// tokenizer that npm has of Claude is of an older model. Fails when the largest count is over N.
import fs from "node:fs";
import { countTokens as claude } from "@anthropic-ai/tokenizer";
import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";

const [file, , most] = process.argv.slice(2);
const { tools } = JSON.parse(fs.readFileSync(file, "utf8")).result;
const text = JSON.stringify(tools);
const counts = { o200k: o200k(text), cl100k: cl100k(text), claude: claude(text) };
const by_tool = tools.map((tool) => [tool.name, o200k(JSON.stringify(tool))]).sort((one, other) => other[1] - one[1]);
console.log(JSON.stringify({ tools: tools.length, bytes: Buffer.byteLength(text), ...counts }));
console.log(by_tool.map(([name, count]) => `${name} ${count}`).join(", "));
process.exit(most && Math.max(...Object.values(counts)) > Number(most) ? 1 : 0);
