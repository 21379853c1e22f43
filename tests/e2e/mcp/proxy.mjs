// A recorder before the daemon's MCP address: node proxy.mjs RECORD PORT TOKEN
//
// Passes requests on as they are (Host and Origin too), with the daemon's token where the client has none, and writes every
// JSON-RPC message of both directions to RECORD. Prints its own port.
import fs from "node:fs";
import http from "node:http";

const [record, port, token] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
let exchanges = 0;

function note(entry, text) {
    if (!text) return;
    try {
        entry.message = JSON.parse(text);
    } catch {
        entry.unreadable = text.slice(0, 500);
    }
    fs.appendFileSync(record, `${JSON.stringify(entry)}\n`);
}

// Each event of a stream carries one message.
function events(take) {
    const decoder = new TextDecoder();
    let rest = "";
    return (chunk) => {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/);
        rest = parts.pop();
        for (const part of parts) {
            take(part.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n"));
        }
    };
}

const server = http.createServer((asked, answer) => {
    const entry = { via: "http", connection: `http ${(exchanges += 1)}`, revision: asked.headers["mcp-protocol-version"] };
    const chunks = [];
    asked.on("data", (chunk) => chunks.push(chunk));
    asked.on("end", () => {
        const body = Buffer.concat(chunks);
        note({ ...entry, from: "client", method: asked.method }, body.toString("utf8"));
        const headers = { ...asked.headers };
        headers.authorization ??= `Bearer ${token}`;
        const onward = http.request({ host: "127.0.0.1", port, agent, method: asked.method, path: asked.url, headers }, (answered) => {
            answer.writeHead(answered.statusCode, answered.headers);
            const type = answered.headers["content-type"] ?? "";
            const back = { ...entry, from: "server", status: answered.statusCode };
            const parts = [];
            const streamed = events((text) => note({ ...back }, text));
            answered.on("data", (chunk) => {
                answer.write(chunk);
                if (type.startsWith("text/event-stream")) streamed(chunk);
                else parts.push(chunk);
            });
            answered.on("end", () => {
                answer.end();
                if (type.startsWith("application/json")) note(back, Buffer.concat(parts).toString("utf8"));
            });
            answered.on("error", () => answer.destroy());
        });
        onward.on("error", () => answer.destroy());
        // A client that goes away must be seen by the daemon, too.
        answer.on("close", () => answer.writableEnded || onward.destroy());
        onward.end(body);
    });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
