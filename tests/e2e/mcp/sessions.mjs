// Many MCP sessions at once, of both SDKs over both transports: each works on its own and with its neighbour until the time is up.
//
// usage: node sessions.mjs '{"sessions":30,"seconds":10,"project":"shop","url":…,"headers":{…},"command":[…],"cwd":…}'
//
// An error that the session did not provoke ends with status 1. What is provoked (a file that the neighbour holds) must be refused, by name.
import { connect } from "./connect.mjs";

const setting = JSON.parse(process.argv[2]);
const kinds = [["v1", undefined, "stdio"], ["v2", "2026-07-28", "stdio"], ["v1", undefined, "http"], ["v2", "2026-07-28", "http"]];
const problems = [];
const times = { stdio: [], http: [] };
let refusals = 0;
let seed = setting.seed ?? 20_261_121;
const draw = (count) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * count);
};

class Session {
    constructor(number) {
        [this.sdk, this.revision, this.via] = kinds[number % kinds.length];
        this.number = number;
        this.callsign = `pilot-${number}`;
        this.neighbour = `pilot-${(number + 1) % setting.sessions}`;
        this.calls = 0;
    }

    async open() {
        const where = this.via === "stdio" ? { command: setting.command, cwd: setting.cwd } : { url: setting.url, headers: setting.headers };
        ({ client: this.client } = await connect(this.sdk, where, this.revision, `session-${this.number}`));
        await this.does("start_session", { program: this.sdk, model: "test-model" });
    }

    async timed(work) {
        const began = performance.now();
        const answer = await work();
        times[this.via].push(performance.now() - began);
        this.calls += 1;
        return answer;
    }

    ask(name, args) {
        return this.timed(() => this.client.callTool({ name, arguments: { project: setting.project, callsign: this.callsign, ...args } }));
    }

    async does(name, args = {}) {
        const answer = await this.ask(name, args);
        if (answer.isError) throw new Error(`${name}: ${answer.content[0].text}`);
        return answer.structuredContent;
    }

    // Its own files, which the neighbour cannot have meanwhile.
    async hold() {
        const file = `work/${this.number}/${draw(100)}.c`;
        const held = await this.does("reserve", { patterns: [file], reason: "load" });
        const seen = JSON.stringify(await this.does("who_holds", { path: file }));
        if (!seen.includes(this.callsign)) throw new Error(`who_holds ${file} does not name its holder: ${seen}`);
        const stolen = await this.ask("reserve", { patterns: [file], callsign: this.neighbour });
        if (!stolen.isError || !stolen.content[0].text.includes(this.callsign)) throw new Error(`${file} was given twice: ${JSON.stringify(stolen)}`);
        refusals += 1;
        await this.does("release", { reservation_id: held.reservation_id, token: held.token });
    }

    async write() {
        await this.does("send_message", { to: [this.neighbour], subject: `From ${this.number}`, body: `The ${this.calls}th.` });
    }

    async read() {
        const inbox = await this.does("inbox", { limit: 3 });
        const items = Object.values(inbox).find(Array.isArray) ?? [];
        if (items.length) await this.does("read_message", { message_id: items[0].message_id, ack: true });
    }

    async look() {
        await this.timed(() => this.client.readResource({ uri: `fleet://board?project=${setting.project}` }));
        await this.does("ready_sorties", { limit: 3 });
        await this.timed(() => this.client.listTools());
    }

    async work(until) {
        const ways = [() => this.hold(), () => this.write(), () => this.read(), () => this.look(), () => this.does("board", { limit: 3 })];
        while (performance.now() < until) await ways[draw(ways.length)]();
    }

    async close() {
        await this.does("end_session");
        await this.client.close();
    }
}

const sessions = Array.from({ length: setting.sessions }, (_, number) => new Session(number));
const caught = (session) => (error) => problems.push(`${session.callsign} (${session.sdk}, ${session.via}): ${error.message}`);
await Promise.all(sessions.map((session) => session.open().catch(caught(session))));
const opened = performance.now();
if (!problems.length) await Promise.all(sessions.map((session) => session.work(opened + setting.seconds * 1_000).catch(caught(session))));
// All at the end: who has signed off is no neighbour any more.
if (!problems.length) await Promise.all(sessions.map((session) => session.close().catch(caught(session))));

const part = (list, share) => Number([...list].sort((one, other) => one - other)[Math.floor(list.length * share)]?.toFixed(1));
const idle = sessions.filter((session) => session.calls < 3).map((session) => session.callsign);
if (idle.length) problems.push(`hardly worked: ${idle}`);
if (!refusals) problems.push("no file was refused to a neighbour");
for (const problem of problems.slice(0, 20)) console.log(problem);
console.log(JSON.stringify({
    sessions: setting.sessions, seconds: setting.seconds, calls: sessions.reduce((sum, session) => sum + session.calls, 0), refusals, errors: problems.length,
    ...Object.fromEntries(Object.entries(times).map(([via, list]) => [via, { calls: list.length, p50_ms: part(list, 0.5), p99_ms: part(list, 0.99) }])),
}));
process.exit(problems.length ? 1 : 0);
