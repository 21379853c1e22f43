// How near fleet::estimated_tokens comes to real tokenizers, from npm: reads {"name": {"text", "tokens"}} and prints ratios.
//
//   npm install --prefix DIR gpt-tokenizer@4 @anthropic-ai/tokenizer && NODE_PATH=DIR/node_modules node bench/tokens.mjs FILE
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';

const from = createRequire(process.env.NODE_PATH + '/');
const counters = {
    o200k: from('gpt-tokenizer/encoding/o200k_base').countTokens,
    cl100k: from('gpt-tokenizer/encoding/cl100k_base').countTokens,
    claude: from('@anthropic-ai/tokenizer').countTokens,
};

let worst = Infinity;
for (const [name, {text, tokens}] of Object.entries(JSON.parse(readFileSync(process.argv[2], 'utf8')))) {
    const counts = Object.fromEntries(Object.entries(counters).map(([which, count]) => [which, count(text)]));
    const ratio = tokens / Math.max(...Object.values(counts));
    worst = Math.min(worst, ratio);
    console.log(JSON.stringify({name, tokens, ...counts, ratio: Number(ratio.toFixed(2))}));
}
process.exit(worst < 1 ? 1 : 0);
