// Judges every message of a recorded exchange by the published schema of the revision it was spoken in.
//
// usage: node judge.mjs [--least REVISION=COUNT]… RECORD…
//
// Prints how many messages of the server and of clients were judged, by revision and transport; fails when one is refused, when
// something on the wire is no JSON, or when a revision was spoken less often than it was to be.
import fs from "node:fs";
import { pathToFileURL } from "node:url";
import { revisions } from "./schemas.mjs";

const modern = "io.modelcontextprotocol/protocolVersion";
const before_negotiation = "2025-03-26";

export class Judge {
    constructor() {
        this.known = revisions();
        this.counts = {};
        this.faults = [];
        this.asked = new Map();      // connection and id of a request -> its method and revision
        this.settled = new Map();    // connection -> what initialize settled
        this.latest = new Map();     // connection -> the revision of its last request
    }

    // The revision of a message: what it says itself, what its request said, what was negotiated.
    revision(entry, asked) {
        const message = entry.message;
        const said = message?.params?._meta?.[modern];
        if (said) return this.known.has(said) ? said : "2026-07-28";
        if (message?.method === "initialize") return this.known.has(message.params?.protocolVersion) ? message.params.protocolVersion : "2025-11-25";
        if (asked) return asked.method === "initialize" ? message.result?.protocolVersion ?? asked.revision : asked.revision;
        // What the server says unasked belongs to what it was asked last.
        if (entry.from === "server" && this.latest.has(entry.connection)) return this.latest.get(entry.connection);
        return this.settled.get(entry.connection) ?? (this.known.has(entry.revision) ? entry.revision : before_negotiation);
    }

    take(entry) {
        if ("unreadable" in entry) return this.fault(entry, "no JSON", entry.unreadable);
        const message = entry.message;
        const key = `${entry.connection}|${JSON.stringify(message?.id)}`;
        const is_answer = message && typeof message === "object" && !("method" in message);
        const asked = is_answer ? this.asked.get(`${entry.from === "server" ? "client" : "server"}|${key}`) : undefined;
        const name = this.revision(entry, asked);
        const revision = this.known.get(name);
        if (!revision) return this.fault(entry, `spoken in ${name}, which nobody published`, message);
        if (message?.method && "id" in message) {
            this.asked.set(`${entry.from}|${key}`, { method: message.method, revision: name });
            this.latest.set(entry.connection, name);
        }
        if (asked?.method === "initialize" && message.result) this.settled.set(entry.connection, name);
        const column = `${name} ${entry.via}`;
        this.counts[column] ??= { client: 0, server: 0 };
        this.counts[column][entry.from] += 1;
        for (const words of revision.judge(message, asked?.method)) this.fault(entry, `${name}: ${words}`, message);
        return undefined;
    }

    fault(entry, words, message) {
        this.faults.push(`${entry.connection}, from the ${entry.from}: ${words}: ${JSON.stringify(message).slice(0, 400)}`);
    }

    spoken(name) {
        return Object.entries(this.counts).filter(([column]) => column.startsWith(name)).reduce((sum, [, count]) => sum + count.server, 0);
    }
}

function main(words) {
    const judge = new Judge();
    const least = [];
    while (words[0] === "--least") {
        words.shift();
        least.push(words.shift().split("="));
    }
    for (const file of words) {
        for (const line of fs.readFileSync(file, "utf8").split("\n").filter(Boolean)) judge.take(JSON.parse(line));
    }
    for (const [name, count] of least) {
        if (judge.spoken(name) < Number(count)) judge.faults.push(`only ${judge.spoken(name)} messages of the server in ${name}, ${count} were to be judged`);
    }
    console.log(JSON.stringify(judge.counts, null, 2));
    for (const fault of judge.faults.slice(0, 40)) console.log(fault);
    console.log(`${judge.faults.length} refused`);
    process.exit(judge.faults.length ? 1 : 0);
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) main(process.argv.slice(2));
