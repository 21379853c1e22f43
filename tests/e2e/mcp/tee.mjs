// A stdio server behind a recorder: node tee.mjs RECORD COMMAND WORD…
//
// Passes every byte on as it is, and writes each line of both directions to RECORD (one JSON object a line).
import { spawn } from "node:child_process";
import fs from "node:fs";

const [record, command, ...words] = process.argv.slice(2);
const server = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
const connection = `stdio ${process.pid}`;

function note(from, line) {
    if (!line) return;
    const entry = { via: "stdio", connection, from };
    try {
        entry.message = JSON.parse(line);
    } catch {
        entry.unreadable = line.slice(0, 500);
    }
    fs.appendFileSync(record, `${JSON.stringify(entry)}\n`);
}

function lines(from) {
    const decoder = new TextDecoder();
    let rest = "";
    return (chunk) => {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = parts.pop();
        for (const part of parts) note(from, part);
    };
}

const heard = lines("client");
const said = lines("server");
process.stdin.on("data", (chunk) => {
    heard(chunk);
    server.stdin.write(chunk);
});
process.stdin.on("end", () => server.stdin.end());
server.stdout.on("data", (chunk) => {
    said(chunk);
    process.stdout.write(chunk);
});
server.stdin.on("error", () => {});
process.stdout.on("error", () => server.stdin.end());
for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => server.kill(name));
server.on("exit", (code, signal) => process.exit(signal ? 1 : code));
