// Drives every operation of a running daemon by the document it serves, with a client that knows nothing but it.
//
// usage: node drive.mjs SOCKET SCENARIO.json
//
// 1. The document is valid OpenAPI 3.1.
// 2. Each step of the scenario succeeds, or is refused as it says, and every answer has a status, a content type, headers and
//    a body as documented; no member is answered that the document does not name.
// 3. Operations that the scenario leaves out (the daemon's own, and those that would end it) are called on their own.
// 4. Arguments drawn from the documented schemas, good and bad, never get an answer that is not documented.
import fs from "node:fs";
import http from "node:http";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import axios from "axios";
import { JSONSchemaFaker } from "json-schema-faker";
import { OpenAPIClientAxios } from "openapi-client-axios";

const [socketPath, scenarioPath] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const wire = axios.create({ socketPath, httpAgent: agent, baseURL: "http://fleet", validateStatus: () => true, timeout: 60_000,
                            transitional: { silentJSONParsing: true } });
const problems = [];
const called = new Set();
const say = (where, what) => problems.push(`${where}: ${what}`);

const fetched = await wire.get("/openapi.json");
const document = fetched.data;
const judged = await new Validator().validate(structuredClone(document));
if (!judged.valid) say("openapi.json", JSON.stringify(judged.errors).slice(0, 2000));

// Answers may gain members in a later version, so the document leaves schemas open; this test closes them, to find members
// that nobody described.
function closed(schema) {
    if (Array.isArray(schema)) return schema.map(closed);
    if (schema === null || typeof schema !== "object") return schema;
    const copy = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
    if (copy.type === "object" && copy.properties && !("additionalProperties" in copy)) copy.additionalProperties = false;
    return copy;
}
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: "doc", components: closed(document.components) });
const within = (schema) => JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/components/', '"doc#/components/'));
const checks = new Map();
function check(key, schema) {
    if (!checks.has(key)) checks.set(key, ajv.compile(within(schema)));
    return checks.get(key);
}

const operations = new Map();
for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(methods)) operations.set(operation.operationId, { path, method, ...operation });
}

const definition = structuredClone(document);
definition.servers = [{ url: "http://fleet" }];
const api = new OpenAPIClientAxios({ definition, axiosConfigDefaults: { socketPath, httpAgent: agent, validateStatus: () => true,
                                                                        timeout: 60_000, paramsSerializer: { indexes: null } } });
await api.init();
const client = await api.getClient();

// Path and query parameters, and the rest as the body: from one object of arguments, as every other face takes them.
function request(operation, args) {
    const parameters = {};
    const body = { ...args };
    for (const parameter of operation.parameters ?? []) {
        if (!("in" in parameter) || !["path", "query"].includes(parameter.in) || !(parameter.name in body)) continue;
        parameters[parameter.name] = body[parameter.name];
        delete body[parameter.name];
    }
    const has_body = operation.method !== "get" && operation.requestBody;
    return { parameters, body: has_body ? body : undefined };
}

async function call(name, args, headers) {
    const operation = operations.get(name);
    const { parameters, body } = request(operation, args);
    called.add(name);
    return client[name](parameters, body, { headers });
}

// Whether an answer is one of those that the document promises.
function compare(name, answer, where) {
    const operation = operations.get(name);
    const documented = operation.responses[String(answer.status)];
    if (!documented) return say(where, `answers ${answer.status} ${JSON.stringify(answer.data).slice(0, 300)}, which is not documented`);
    const type = (answer.headers["content-type"] ?? "").split(";")[0];
    const content = documented.content?.[type];
    if (documented.content && !content) return say(where, `answers ${type}, documented is ${Object.keys(documented.content)}`);
    for (const header of Object.keys(documented.headers ?? {})) {
        if (header === "Idempotency-Replayed" || answer.headers[header.toLowerCase()] !== undefined) continue;
        // What was made by nobody (a dry run, a wait) has no place and no version.
        if (!["Location", "ETag", "Fleet-Seq"].includes(header)) say(where, `lacks the header ${header}`);
        else if (answer.status === 201 || header === "ETag") say(where, `lacks the header ${header}`);
    }
    if (!content || type === "text/plain" || type === "text/event-stream") return undefined;
    if (type === "application/x-ndjson") {
        const line = check(`${name} line`, content.schema["x-line"]);
        // A single line was read as JSON already.
        const text_of_all = typeof answer.data === "string" ? answer.data : JSON.stringify(answer.data);
        for (const text of text_of_all.split("\n").filter(Boolean)) {
            const parsed = JSON.parse(text);
            if (!("error" in parsed) && !line(parsed)) say(where, `a line is not as documented: ${ajv.errorsText(line.errors)}`);
        }
        return undefined;
    }
    const valid = check(`${name} ${answer.status}`, content.schema);
    if (!valid(answer.data)) {
        const words = valid.errors.map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
        say(where, `answer is not as documented: ${[...new Set(words)].slice(0, 6).join("; ")}`);
    }
    return undefined;
}

const at = (value, pointer) => pointer.split("/").slice(1).reduce((inner, key) => inner?.[key], value);
function filled(value, known) {
    if (typeof value === "string" && value.startsWith("$")) return known[value.slice(1)];
    if (Array.isArray(value)) return value.map((one) => filled(one, known));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner, known)]));
}

async function play(steps, known) {
    const left_waiting = [];
    for (const [number, step] of steps.entries()) {
        const where = `step ${number + 1} ${step.op}`;
        const headers = {};
        // The project itself is named by its key, before there is one to work in.
        if (!step.op.startsWith("projects.")) headers["Fleet-Project"] = known.project;
        if (step.as) headers["Fleet-As"] = step.as;
        if (step.fence) headers["Fleet-Fence"] = `${step.fence[0]}/${known[step.fence[1]]}/${known[step.fence[2]]}`;
        if (operations.get(step.op).method !== "get") headers["Idempotency-Key"] = `${known.project}-${number}`;
        const args = filled(step.args, known);
        if (step.background) {
            left_waiting.push(call(step.op, args, headers).then((answer) => compare(step.op, answer, where)));
            continue;
        }
        let answer = await call(step.op, args, headers);
        for (let tries = 0; step.until && at(answer.data, step.until) === undefined && tries < 200; tries += 1) {
            await new Promise((done) => setTimeout(done, 25));
            answer = await call(step.op, args, headers);
        }
        compare(step.op, answer, where);
        if (step.refused && answer.data?.code !== step.refused) say(where, `is not refused with ${step.refused}: ${answer.status} ${JSON.stringify(answer.data)}`);
        if (!step.refused && answer.status >= 300) say(where, `is refused: ${answer.status} ${JSON.stringify(answer.data)}`);
        if (!step.refused && answer.status < 300 && headers["Idempotency-Key"] && answer.headers["fleet-seq"]) await repeat(step, args, headers, answer, where);
        for (const [name, pointer] of Object.entries(step.save ?? {})) known[name] = at(answer.data, pointer);
    }
    await Promise.all(left_waiting);
}

// The same key gives the first answer back; the same key with another body is refused.
async function repeat(step, args, headers, answer, where) {
    if (["pilots.register", "sessions.open"].includes(step.op)) return;       // its token is told once
    const again = await call(step.op, args, headers);
    if (again.headers["idempotency-replayed"] !== "true") return;   // it wrote nothing: nothing was kept
    if (again.status !== answer.status || JSON.stringify(again.data) !== JSON.stringify(answer.data)) {
        say(where, `its repeat with the same key answers something else: ${again.status} ${JSON.stringify(again.data).slice(0, 200)}`);
    }
    const operation = operations.get(step.op);
    if (!operation.requestBody) return;
    const other = await client[step.op](request(operation, args).parameters, { ...request(operation, args).body, reason: "another" }, { headers });
    if (![422].includes(other.status)) say(where, `the same key with another body answers ${other.status}`);
}

const scenario = JSON.parse(fs.readFileSync(scenarioPath, "utf8"));
await play(scenario.steps, { project: "openapi-1", rule: "openapi-rule" });

// If-Match, and what a wrong method is answered.
{
    const project = "openapi-2";
    const headers = { "Fleet-Project": project };
    await call("projects.register", { key: project }, {});
    await call("pilots.register", { callsign: "viper-1", program: "t", model: "m" }, headers);
    const made = await call("missions.create", { title: "one" }, headers);
    const etag = made.headers.etag;
    const id = made.data.mission_id;
    const stale = await call("missions.update", { mission_id: id, title: "two" }, { ...headers, "If-Match": '"99"' });
    compare("missions.update", stale, "missions.update with an old version");
    if (stale.status !== 412) say("missions.update", `with an old version answers ${stale.status}`);
    const good = await call("missions.update", { mission_id: id, title: "two" }, { ...headers, "If-Match": etag });
    if (good.status !== 200 || good.headers.etag === etag) say("missions.update", `with its version answers ${good.status} ${good.headers.etag}`);
    const shown = await call("missions.show", { mission_id: id }, headers);
    if (shown.headers.etag !== good.headers.etag) say("missions.show", `has ETag ${shown.headers.etag}, its update had ${good.headers.etag}`);
    if (made.headers.location !== `/api/v1/missions/${id}`) say("missions.create", `says it is at ${made.headers.location}`);
    for (const [path, methods] of Object.entries(document.paths)) {
        const url = path.replace(/\{[^}]*\}/g, "x");
        const wrong = await wire.put(url, {});
        const allowed = Object.keys(methods).map((method) => method.toUpperCase()).sort().join(", ");
        if (wrong.status !== 405) say(`PUT ${path}`, `is answered ${wrong.status}`);
        else if (!allowed.split(", ").every((method) => wrong.headers.allow?.includes(method))) say(`PUT ${path}`, `Allow says ${wrong.headers.allow}`);
        if (wrong.headers["content-type"] !== "application/problem+json") say(`PUT ${path}`, `is answered in ${wrong.headers["content-type"]}`);
    }
}

// Every list is given in pages that follow each other.
for (const [name, operation] of operations) {
    const query = (operation.parameters ?? []).filter((parameter) => parameter.in === "query").map((parameter) => parameter.name);
    const is_page = JSON.stringify(operation.responses["200"] ?? {}).includes("what `after` takes");
    if (!is_page || name === "files.who") continue;
    for (const needed of ["limit", "after"]) if (!query.includes(needed)) say(name, `has no parameter ${needed}`);
    const args = name === "messages.search" ? { q: "grammar" } : {};
    for (const parameter of operation.parameters ?? []) if (parameter.in === "path") args[parameter.name] = "viper-1";
    const headers = { "Fleet-Project": "openapi-1" };
    const whole = await call(name, { ...args, limit: 1000 }, headers);
    const first = await call(name, { ...args, limit: 1 }, headers);
    compare(name, first, `${name}?limit=1`);
    if (first.data.items?.length > 1) say(name, "limit=1 gives more than one");
    if (whole.data.items?.length > 1 && !first.data.next) say(name, "has more, and says no next");
    if (!first.data.next) continue;
    const second = await call(name, { ...args, limit: 1, after: first.data.next }, headers);
    compare(name, second, `${name}?limit=1&after`);
    if (JSON.stringify(second.data.items) === JSON.stringify(first.data.items)) say(name, "the second page is the first");
}

// What the daemon says of itself; and what would end it, with arguments that it refuses.
for (const [name, args] of [["healthz", {}], ["readyz", {}], ["metrics", {}], ["openapi", {}], ["status", {}], ["doctor", {}], ["db.status", {}],
                            ["services.status", {}], ["db.migrate", { dry_run: true }], ["replay", {}], ["services.logs", { tail: 3 }],
                            ["services.up", { dry_run: true }], ["websocket", {}], ["db.rollback", { to: -1 }], ["services.destroy", { confirm: "" }],
                            ["services.down", { keep_daemon: "perhaps" }]]) {
    compare(name, await call(name, args, {}), name);
}
{
    // An operation without a body that would end the daemon: it is refused for a body that is no object.
    called.add("services.restart");
    compare("services.restart", await wire.post("/api/v1/services/restart", "[1]", { headers: { "Content-Type": "application/json" } }), "services.restart");
    called.add("events.stream");
    const stream = await wire.get("/api/v1/events/stream?after=0", { responseType: "stream" });
    compare("events.stream", stream, "events.stream");
    stream.data.destroy();
}

// Arguments at random: every answer is documented, and none is a fault of the daemon.
{
    let seed = Number(process.env.FLEET_TEST_SEED ?? 20_260_101) >>> 0;
    const random = () => {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        return seed / 2 ** 32;
    };
    JSONSchemaFaker.option({ random, alwaysFakeOptionals: false, optionalsProbability: 0.4, fillProperties: false, failOnInvalidTypes: false, maxLength: 300 });
    const not_at_random = new Set(["services.up", "services.down", "services.destroy", "services.restart", "services.logs", "db.migrate", "db.rollback", "replay",
                                   "events.stream", "websocket", "metrics", "halts.set"]);
    const bad = [null, -1, 1e300, "", "\u0000", "x".repeat(5_000), [], {}, [[[]]], true, "ü€😀", "%2F..", { a: { b: [null] } }];
    const rounds = Number(process.env.FLEET_TEST_ROUNDS ?? 4);
    for (const [name, operation] of operations) {
        if (not_at_random.has(name)) continue;
        for (let round = 0; round < rounds; round += 1) {
            const args = {};
            for (const parameter of operation.parameters ?? []) {
                if (!["path", "query"].includes(parameter.in) || (!parameter.required && random() < 0.6)) continue;
                args[parameter.name] = JSONSchemaFaker.generate(structuredClone(parameter.schema)) || "x";
            }
            const schema = operation.requestBody?.content["application/json"].schema;
            if (schema) Object.assign(args, JSONSchemaFaker.generate(structuredClone(schema)));
            if ("wait_seconds" in args) args.wait_seconds = 0;
            if (round % 3 === 2 && schema) {
                const names = Object.keys(schema.properties);
                args[names[Math.floor(random() * names.length)]] = bad[Math.floor(random() * bad.length)];
            }
            const headers = { "Fleet-Project": "openapi-2", "Fleet-As": "viper-1" };
            const answer = await call(name, args, headers).catch((error) => ({ status: 0, data: String(error), headers: {} }));
            if (answer.status === 0) continue;       // the client itself refused to send it
            const where = `${name} at random with ${JSON.stringify(args).slice(0, 300)}`;
            if (answer.status === 500) say(where, `is a fault: ${JSON.stringify(answer.data)}`);
            compare(name, answer, where);
        }
    }
}

for (const name of operations.keys()) if (!called.has(name)) say(name, "was not called");
agent.destroy();
for (const problem of problems) console.log(problem);
console.log(`${operations.size} operations, ${called.size} called, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
