// No answer is over the budget of its tool, however much there is to say: counted by tokenizers, text and structured content each.
//
// usage: node budgets.mjs '{"where":{…},"project":"shop","budgets":{"board":2000,…}}'
import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";
import { connect } from "./connect.mjs";

const setting = JSON.parse(process.argv[2]);
const { client } = await connect("v1", setting.where);
const problems = [];
const fullest = {};
const tokens = (text) => Math.max(o200k(text), cl100k(text));

async function ask(callsign, name, args = {}) {
    const result = await client.callTool({ name, arguments: { project: setting.project, callsign, ...args } });
    const parts = { text: result.content[0].text, content: JSON.stringify(result.structuredContent ?? {}) };
    for (const [which, text] of Object.entries(parts)) {
        const count = tokens(text);
        const share = count / setting.budgets[name];
        fullest[name] = Math.max(fullest[name] ?? 0, Number(share.toFixed(2)));
        if (share > 1) problems.push(`${name}: ${which} of ${count} tokens, ${setting.budgets[name]} are its budget: ${text.slice(0, 120)}`);
    }
    return result;
}

async function does(callsign, name, args) {
    const result = await ask(callsign, name, args);
    if (result.isError) problems.push(`${name} is refused: ${result.content[0].text}`);
    return result.structuredContent ?? {};
}

const wordy = "Überprüfung der Größe — 検証中の長い説明文です ✈️ {\"a\":[1,2,3]} ".repeat(3).slice(0, 190);
await does("full-1", "start_session", { program: "test", model: "test", task: wordy });
await does("full-2", "start_session", { program: "test", model: "test" });
for (let mission = 0; mission < 3; mission += 1) {
    await does("full-1", "plan_mission", {
        title: `${mission} ${wordy}`.slice(0, 190), description: wordy.repeat(20), start: true,
        sorties: Array.from({ length: 25 }, (_, number) => ({ name: `s${number}`, title: `${number} ${wordy}`.slice(0, 190), description: wordy.repeat(10),
                                                              files: Array.from({ length: 10 }, (_, file) => `m${mission}/s${number}/${file}-${"x".repeat(60)}.c`) })),
    });
}
let last;
for (let letter = 0; letter < 25; letter += 1) {
    last = await does("full-1", "send_message", { to: ["full-2"], subject: `${letter} ${wordy}`.slice(0, 190), body: `grammar ${wordy.repeat(200)}`, importance: "high" });
}
for (let file = 0; file < 40; file += 1) await does("full-1", "reserve", { patterns: [`held/${file}/${"y".repeat(100)}.c`], reason: wordy });
for (const [name, args] of [["board", { limit: 100 }], ["board", {}], ["inbox", { limit: 100 }], ["inbox", {}], ["search_messages", { q: "grammar", limit: 100 }],
                            ["ready_sorties", { limit: 100 }], ["who_holds", { path: "held/**" }], ["read_message", { message_id: last.message_id }],
                            ["briefing", { budget: 3000 }], ["briefing", {}], ["start_session", { budget: 3000 }], ["start_session", {}],
                            ["claim_sortie", {}], ["wait", { until: "mail", seconds: 1 }], ["wait", { until: "sortie", seconds: 1 }]]) {
    await does("full-2", name, args);
}
const stolen = await ask("full-2", "reserve", { patterns: ["held/**"] });
if (!stolen.isError) problems.push("40 held files were given twice");
await does("full-1", "release");
await client.close();
for (const problem of problems) console.log(problem);
console.log(`fullest, of its budget: ${JSON.stringify(fullest)}`);
process.exit(problems.length ? 1 : 0);
