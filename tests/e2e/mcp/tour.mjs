// What a client does in a day, with any client of an official SDK: every tool, every resource, every prompt, and refusals.
//
// usage: node tour.mjs '{"sdk":"v1|v2","revision":"…","project":"shop","name":"a","where":{"command":[…]} | {"url":…,"headers":{…}}}'
import { connect } from "./connect.mjs";

const setting = JSON.parse(process.argv[2]);
const problems = [];
const say = (where, what) => problems.push(`${where}: ${what}`);
const { client, modern } = await connect(setting.sdk, setting.where, setting.revision);
const leader = `${setting.name}-1`;
const wing = `${setting.name}-2`;
const limit_of_text = 6_000;      // characters; a briefing has its own budget
const called = new Set();
const readers = new Set(["briefing", "board", "who_holds", "inbox", "search_messages", "ready_sorties", "wait"]);

async function ask(name, as, args, options) {
    called.add(name);
    return client.callTool({ name, arguments: { project: setting.project, callsign: as, ...args } }, ...(setting.sdk === "v1" ? [undefined, options] : [options]));
}

const words = (result) => (result.content ?? []).filter((part) => part.type === "text").map((part) => part.text).join("\n");

async function does(name, as, args = {}, options = undefined) {
    const result = await ask(name, as, args, options);
    if (result.isError) say(name, `is refused: ${words(result)}`);
    else if (result.structuredContent === undefined) say(name, "has no structured content");
    if (!words(result)) say(name, "has no text");
    if (words(result).length > limit_of_text && name !== "briefing" && name !== "start_session") say(name, `answers ${words(result).length} characters`);
    return result.structuredContent ?? {};
}

async function refused(name, as, args, ...expected) {
    const result = await ask(name, as, args);
    if (!result.isError) return say(name, `is not refused: ${JSON.stringify(args)}`);
    for (const word of expected) if (!words(result).includes(word)) say(name, `is refused without '${word}': ${words(result)}`);
    if (!/next:/i.test(words(result))) say(name, `is refused without a next step: ${words(result)}`);
    return undefined;
}

async function fails(where, promise, ...codes) {
    try {
        const got = await promise;
        say(where, `does not fail: ${JSON.stringify(got).slice(0, 200)}`);
    } catch (error) {
        if (!codes.includes(error.code)) say(where, `fails with ${error.code} (${error.message}), not ${codes.join(" or ")}`);
    }
}

const holds = (where, what, value) => value || say(where, what);

async function lists() {
    const { tools } = await client.listTools();
    holds("tools/list", `has ${tools.length} tools`, tools.length >= 1 && tools.length <= 20);
    for (const tool of tools) {
        holds(tool.name, "has no description", tool.description);
        holds(tool.name, "has no output schema of an object", tool.outputSchema?.type === "object");
        holds(tool.name, "has no annotations", tool.annotations);
        holds(tool.name, `says readOnlyHint ${tool.annotations?.readOnlyHint}`, (tool.annotations?.readOnlyHint ?? false) === readers.has(tool.name));
    }
    return tools.map((tool) => tool.name);
}

async function session(as) {
    const started = await does("start_session", as, { program: setting.sdk, model: "test-model", task: "try everything" });
    holds("start_session", `gives ${started.callsign} for ${as}`, started.callsign === as);
    holds("start_session", `gives project ${started.project}`, started.project === setting.project);
    const again = await does("start_session", as, { program: setting.sdk, model: "test-model" });
    holds("start_session", `does not know its pilot again: ${again.outcome}`, ["resumed", "again"].includes(again.outcome) && again.callsign === as);
}

async function files() {
    const pattern = `shared/${setting.name}/**`;
    const path = `shared/${setting.name}/a.c`;
    const held = await does("reserve", leader, { patterns: [pattern], reason: "a test holds it" });
    holds("reserve", `gives no token: ${JSON.stringify(held)}`, held.reservation_id && held.token);
    const who = await does("who_holds", wing, { path });
    holds("who_holds", `does not name ${leader}: ${JSON.stringify(who)}`, JSON.stringify(who).includes(leader));
    await refused("reserve", wing, { patterns: [path] }, "reservation_held", leader);
    const steps = [];
    const waited = does("wait", wing, { until: "file", path, seconds: 20 }, { onprogress: (step) => steps.push(step), timeout: 30_000 });
    await does("release", leader, { reservation_id: held.reservation_id, token: held.token });
    holds("wait", `for a file ends with ${JSON.stringify(await waited)}`, await waited);
    for (const [at, step] of steps.entries()) if (at && step.progress <= steps[at - 1].progress) say("wait", "its progress does not grow");
    const mine = await does("reserve", wing, { patterns: [path] });
    holds("reserve", "is not granted after the release", mine.reservation_id);
    await does("release", wing);
}

async function mail() {
    const subject = `The grammar of ${setting.name}`;
    const waiting = does("wait", wing, { until: "mail", seconds: 20 }, { timeout: 30_000 });
    const sent = await does("send_message", leader, { to: [wing], subject, body: "Which version? — 'quoted' <b>data</b> ✈", ack_required: true });
    await waiting;
    const inbox = await does("inbox", wing, { limit: 5 });
    holds("inbox", `does not show ${subject}: ${JSON.stringify(inbox)}`, JSON.stringify(inbox).includes(subject));
    const read = await does("read_message", wing, { message_id: sent.message_id, ack: true, response: "the second" });
    holds("read_message", `shows another text: ${JSON.stringify(read)}`, JSON.stringify(read).includes("'quoted' <b>data</b> ✈"));
    holds("read_message", "does not name the sender", JSON.stringify(read).includes(leader));
    await does("send_message", wing, { body: "The second one.", in_reply_to: sent.message_id });
    const found = await does("search_messages", leader, { q: "grammar", limit: 3 });
    holds("search_messages", `does not find it: ${JSON.stringify(found)}`, JSON.stringify(found).includes(setting.name));
    return sent.message_id;
}

async function work() {
    const plan = await does("plan_mission", leader, {
        title: `Parser of ${setting.name}`, description: "Two steps.", start: true,
        sorties: [{ name: "lexer", title: "Lexer", description: "Tokens.", files: [`src/${setting.name}/lexer/**`] },
                  { name: "parser", title: "Parser", description: "Trees.", files: [`src/${setting.name}/parser/**`], depends_on: ["lexer"] }],
    });
    holds("plan_mission", `gives no mission: ${JSON.stringify(plan)}`, plan.mission_id);
    const mission_id = plan.mission_id;
    const ready = JSON.stringify(await does("ready_sorties", wing, { mission_id }));
    holds("ready_sorties", `is not the lexer alone: ${ready}`, ready.includes("Lexer") && !ready.includes('"title":"Parser"'));
    const first = await does("claim_sortie", wing, { mission_id });
    holds("claim_sortie", `gives no token: ${JSON.stringify(first)}`, first.sortie_id && first.token);
    await refused("claim_sortie", leader, { sortie_id: first.sortie_id }, wing);
    await does("report_progress", wing, { sortie_id: first.sortie_id, token: first.token, percent: 50, message: "half", files_touched: [`src/${setting.name}/lexer/a.c`] });
    await refused("report_progress", wing, { sortie_id: first.sortie_id, token: 1, percent: 60 }, "stale_token");
    await does("checkpoint", wing, { summary: "The lexer reads numbers.", next_steps: ["strings"], sortie_id: first.sortie_id });
    await does("finish_sortie", wing, { sortie_id: first.sortie_id, token: first.token, outcome: "review", summary: "Done." });
    await does("review_sortie", leader, { sortie_id: first.sortie_id, verdict: "approved", feedback: "Good." });
    const board = JSON.stringify(await does("board", leader));
    holds("board", `does not show the mission: ${board.slice(0, 300)}`, board.includes(`Parser of ${setting.name}`) && board.includes(mission_id));
    const second = await does("claim_sortie", wing, { mission_id });
    holds("claim_sortie", "does not go on with the parser", second.sortie_id && second.sortie_id !== first.sortie_id);
    await does("finish_sortie", wing, { sortie_id: second.sortie_id, token: second.token, outcome: "completed", summary: "Done." });
    await does("briefing", wing, { mission_id });
    return mission_id;
}

async function resources(mission_id) {
    const { resources: listed } = await client.listResources();
    const { resourceTemplates: templates } = await client.listResourceTemplates();
    const offered = [...listed.map((one) => one.uri), ...templates.map((one) => one.uriTemplate)];
    for (const kind of ["fleet://board", "fleet://inbox/", "fleet://mission/", "fleet://briefing/"]) {
        holds("resources", `do not offer ${kind}: ${offered}`, offered.some((uri) => uri.startsWith(kind)));
    }
    for (const uri of ["fleet://board", `fleet://inbox/${wing}`, `fleet://mission/${mission_id}`, `fleet://briefing/${wing}`]) {
        const asked = `${uri}?project=${setting.project}`;
        const { contents } = await client.readResource({ uri: asked });
        holds(uri, `is read as ${JSON.stringify(contents).slice(0, 200)}`, contents?.length === 1 && contents[0].uri === asked && contents[0].text?.length > 0 && contents[0].mimeType);
    }
    // -32002 until 2025-11-25, -32602 since; SDK v2 tells its caller the new code in both eras.
    const code = modern || setting.sdk === "v2" ? -32602 : -32002;
    await fails("resources/read of nothing", client.readResource({ uri: "fleet://hangar" }), code);
    await fails("resources/read of no mission", client.readResource({ uri: `fleet://mission/msn_01h45ytscbebyvny4gc8cr8ma2?project=${setting.project}` }), code);
}

async function prompts(mission_id) {
    const { prompts: listed } = await client.listPrompts();
    const values = { project: setting.project, callsign: wing, mission_id, mission: mission_id, goal: "a parser", title: "a parser", to: leader };
    for (const name of ["start-session", "plan-mission", "hand-off"]) {
        const prompt = listed.find((one) => one.name === name);
        if (!holds("prompts/list", `has no ${name}`, prompt)) continue;
        const args = Object.fromEntries((prompt.arguments ?? []).map((one) => [one.name, values[one.name] ?? "x"]));
        const { messages } = await client.getPrompt({ name, arguments: args });
        holds(name, `says ${JSON.stringify(messages).slice(0, 200)}`, messages?.length > 0 && messages.every((one) => one.content.type !== "text" || one.content.text.length > 20));
        if ((prompt.arguments ?? []).some((one) => one.required)) await fails(`${name} without arguments`, client.getPrompt({ name }), -32602);
    }
    await fails("prompts/get of nothing", client.getPrompt({ name: "loop-the-loop" }), -32602);
}

async function mistakes() {
    await fails("an unknown tool", ask("self_destruct", leader, {}), -32602);
    called.delete("self_destruct");
    await refused("inbox", leader, { limit: "many" }, "limit");
    await refused("inbox", leader, { colour: "red" }, "colour");
    await refused("read_message", leader, {}, "message_id");
    await refused("who_holds", leader, { path: "/etc/passwd" }, "path");
    await refused("inbox", `${setting.name}-unheard-of`, {}, "start_session");
}

// Who waits hears that it is waited for, and at last that nothing has happened.
async function patience() {
    const steps = [];
    const ended = await does("wait", leader, { until: "event", type: "mission_cancelled", seconds: 1 }, { onprogress: (step) => steps.push(step) });
    holds("wait", `for nothing ends with ${JSON.stringify(ended)}`, ended.happened === false);
    holds("wait", "tells no progress", steps.length >= 1);
}

// What changes is told to who listens (2026-07-28), and to nobody else.
async function listening() {
    if (!modern || !client.getServerCapabilities()?.resources?.subscribe) return;
    const uri = `fleet://inbox/${wing}?project=${setting.project}`;
    const told = new Promise((done) => {
        client.setNotificationHandler("notifications/resources/updated", (notification) => notification.params.uri === uri && done(true));
    });
    const subscription = await client.listen({ resourceSubscriptions: [uri] });
    holds("subscriptions/listen", `honours ${JSON.stringify(subscription.honoredFilter)}`, subscription.honoredFilter.resourceSubscriptions?.includes(uri));
    await does("send_message", leader, { to: [wing], subject: "Listen", body: "Something has changed." });
    let timer;
    const late = new Promise((done) => (timer = setTimeout(done, 10_000, false)));
    holds("subscriptions/listen", "does not tell of new mail within 10 s", await Promise.race([told, late]));
    clearTimeout(timer);
    await subscription.close();
    holds("subscriptions/listen", "does not end", (await subscription.closed) === "local");
}

const tools = await lists();
await session(leader);
await session(wing);
await files();
await mail();
const mission = await work();
await resources(mission);
await prompts(mission);
await mistakes();
await patience();
await listening();
if (!modern) await client.ping();
await does("end_session", wing);
await does("end_session", leader);
for (const name of tools) holds("tour", `${name} was not called`, called.has(name));
await client.close();
for (const problem of problems) console.log(problem);
console.log(`${setting.sdk} ${setting.revision ?? ""} ${setting.where.command ? "stdio" : "http"}: ${called.size} tools called, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);
