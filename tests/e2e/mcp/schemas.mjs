// The JSON Schema of each protocol revision, as the conformance suite ships them: its authors compile the published files into the
// program, so they are read out of it. No npm package ships schema.json itself, and none has that of 2024-11-05.
import fs from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

// What only that revision's schema has, newest first.
const marks = [
    ["2026-07-28", (definitions) => "DiscoverRequest" in definitions],
    ["2025-11-25", (definitions) => "CreateTaskResult" in definitions],
    ["2025-06-18", (definitions) => "ElicitRequest" in definitions],
    ["2025-03-26", (definitions) => "JSONRPCBatchRequest" in definitions],
];

// The end of the object literal that starts at `start`: braces inside strings and templates do not count.
function literal(text, start) {
    let depth = 0;
    let quote = "";
    for (let at = start; at < text.length; at += 1) {
        const c = text[at];
        if (quote) {
            if (c === "\\") at += 1;
            else if (c === quote) quote = "";
        } else if (c === '"' || c === "'" || c === "`") quote = c;
        else if (c === "{") depth += 1;
        else if (c === "}" && (depth -= 1) === 0) return text.slice(start, at + 1);
    }
    throw new Error("the schema of the conformance suite does not end");
}

export function readSchemas() {
    const program = createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/dist/index.js");
    const text = fs.readFileSync(program, "utf8");
    const found = new Map();
    for (const match of text.matchAll(/\{\$schema:`[^`]*json-schema[^`]*`,(\$defs|definitions):\{/g)) {
        const schema = vm.runInNewContext(`(${literal(text, match.index)})`);
        const revision = marks.find(([, holds]) => holds(schema[match[1]]))?.[0];
        if (revision) found.set(revision, JSON.parse(JSON.stringify(schema)));
    }
    for (const [revision] of marks) if (!found.has(revision)) throw new Error(`the conformance suite has no schema of ${revision}`);
    return found;
}

class Revision {
    constructor(name, schema) {
        this.name = name;
        this.key = "$defs" in schema ? "$defs" : "definitions";
        this.definitions = schema[this.key];
        this.ajv = this.key === "$defs" ? new Ajv2020({ strict: false, allErrors: true }) : new Ajv({ strict: false, allErrors: true });
        addFormats(this.ajv);
        this.ajv.addFormat("byte", true);
        this.ajv.addSchema({ ...schema, $id: `mcp:${name}` });
        this.checks = new Map();
        this.methods = new Map();
        this.errors = new Map();
        for (const [type, definition] of Object.entries(this.definitions)) {
            const method = definition.properties?.method?.const;
            if (method) this.methods.set(method, type);
            for (const part of definition.properties?.error?.allOf ?? []) {
                if (part.properties?.code?.const !== undefined) this.errors.set(part.properties.code.const, type);
            }
        }
    }

    first(...types) {
        return types.find((type) => type in this.definitions);
    }

    // What the schema of `type` says against a value; nothing when it accepts it.
    against(type, value) {
        if (!this.checks.has(type)) this.checks.set(type, this.ajv.compile({ $ref: `mcp:${this.name}#/${this.key}/${type}` }));
        const check = this.checks.get(type);
        return check(value) ? [] : check.errors.slice(0, 4).map((error) => `${type}${error.instancePath} ${error.message}`);
    }

    // One JSON-RPC message; of an answer `asked` is the method of its request.
    judge(message, asked) {
        if (message === null || typeof message !== "object" || Array.isArray(message)) return ["not one JSON-RPC message"];
        if ("method" in message) {
            const type = this.methods.get(message.method);
            if (type) return this.against(type, message);
            return [`${this.name} knows no method ${message.method}`];
        }
        if ("error" in message) return this.against(this.errors.get(message.error?.code) ?? this.first("JSONRPCErrorResponse", "JSONRPCError"), message);
        const whole = this.against(this.first("JSONRPCResultResponse", "JSONRPCResponse"), message);
        const request = this.methods.get(asked);
        const result = request && this.first(`${request.replace(/Request$/, "")}Result`, "EmptyResult");
        const wanted = message.result?.resultType === "input_required" ? "InputRequiredResult" : result;
        return wanted ? [...whole, ...this.against(wanted, message.result)] : [...whole, `an answer to ${asked ?? "nothing that was asked"}`];
    }
}

// 2024-11-05 is judged by the schema of its successor, which takes everything that it took.
export function revisions() {
    const all = new Map([...readSchemas()].map(([name, schema]) => [name, new Revision(name, schema)]));
    all.set("2024-11-05", all.get("2025-03-26"));
    return all;
}
