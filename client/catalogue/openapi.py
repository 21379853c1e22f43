"""OpenAPI 3.1 of the operations."""
import json
import re

import catalogue
import json_schema
import records
from cpp_text import source

VERSION = "0.1.0"


# What any operation may be refused with, by what it takes.
ALWAYS = ("bad_request", "unauthenticated", "forbidden", "not_acceptable", "invalid_field", "unknown_field", "too_many", "internal",
          "away", "stopping")
WITH_BODY = ("bad_json", "too_large", "unsupported_media_type")
IN_PROJECT = ("not_found",)
COMMAND = ("transition_refused", "idempotency_mismatch", "host_epoch_moved")


def problem_response(codes):
    return {"description": ", ".join(codes), "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def parameters(row):
    in_path = set(re.findall(r"\{(\w+)\}", row["path"]))
    found = []
    for field in row["input"]:
        if field["name"] in in_path:
            found.append({"name": field["name"], "in": "path", "required": True, "schema": json_schema.value(field)})
        elif row["method"] == "GET":
            found.append({"name": field["name"], "in": "query", "required": not field.get("optional"),
                          "schema": json_schema.value(field)})
    if row.get("project") or any(field["name"] == "project" for field in row["input"]):
        found.append({"$ref": "#/components/parameters/Project"})
    if row["role"] != "anyone":
        found.append({"$ref": "#/components/parameters/As"})
    if row["kind"] == "write":
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if row.get("fence"):
        found.append({"$ref": "#/components/parameters/Fence"})
    if row.get("if_match"):
        found.append({"$ref": "#/components/parameters/IfMatch"})
    return found


def refusals(row, status_of):
    """Status → the codes it may come with."""
    codes = list(ALWAYS) + list(row.get("errors", []))
    if row["method"] != "GET":
        codes += WITH_BODY
    if row.get("project") or row.get("statement") or "{" in row["path"]:
        codes += IN_PROJECT
    if row.get("act"):
        codes += COMMAND
    if row.get("fence"):
        codes.append("stale_token")
    if row.get("if_match"):
        codes.append("if_match_failed")
    if row["name"] == "websocket":
        codes.append("upgrade_required")
    if row["name"] == "events.list":
        codes.append("log_rewound")
    found = {}
    for code in dict.fromkeys(codes):
        found.setdefault(str(status_of[code]), []).append(code)
    return found


def success(row, answers, known):
    media, schema = records.answer_of(row, answers, known)
    if media is None:
        return "101", {"description": "WebSocket from here on"}
    response = {"description": row.get("output") or "done", "content": {media: {"schema": schema}}}
    headers = {}
    if records.has_version(row, answers, known):
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if row.get("location") or row["name"] in ("events.append", "pilots.register", "reservations.reserve"):
        headers["Location"] = {"$ref": "#/components/headers/Location"}
    if row.get("act") or row.get("statement"):
        headers["Fleet-Seq"] = {"$ref": "#/components/headers/FleetSeq"}
    if row["kind"] == "write":
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/IdempotencyReplayed"}
    if headers:
        response["headers"] = headers
    return str(row.get("status", 200)), response


def speak_rpc(responses):
    """MCP has errors of its own: what is refused before its message is read is a problem, the rest is JSON-RPC."""
    message = {"application/json": {"schema": {"type": "object", "required": ["jsonrpc"]}}}
    responses["200"]["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    responses["202"] = {"description": "a notification was taken"}
    for status in ("400", "403", "404"):
        words = responses.get(status, problem_response(["an error of JSON-RPC"]))
        responses[status] = words | {"content": words["content"] | message}


def operation(row, status_of, answers, known):
    in_path = set(re.findall(r"\{(\w+)\}", row["path"]))
    found = {"operationId": row["name"], "summary": row["words"], "tags": [row["name"].split(".")[0]]}
    if row["role"] == "operator":
        found["description"] = "Needs the operator role."
    if parameters(row):
        found["parameters"] = parameters(row)
    body = [field for field in row["input"] if field["name"] not in in_path]
    if row["method"] != "GET" and body:
        found["requestBody"] = {"required": any(not field.get("optional") for field in body),
                                "content": {"application/json": {"schema": json_schema.members(body)}}}
    status, response = success(row, answers, known)
    responses = {status: response}
    if row["name"] == "reservations.reserve":
        responses["200"] = response | {"description": "held already, and extended; or what a dry run found"}
    for code, words in sorted(refusals(row, status_of).items()):
        responses[code] = problem_response(words)
    responses["default"] = problem_response(["any other problem"])
    if row["name"] == "mcp":
        speak_rpc(responses)
    found["responses"] = responses
    return found


def header(name, words):
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": words}


def answered(words):
    return {"description": words, "schema": {"type": "string"}}


def document(rows, errors):
    status_of = {row["code"]: row["http"] for row in errors}
    known, answers = records.load_records()
    names = {row["name"] for row in rows if row.get("path")}
    for name in sorted(set(answers) - names):
        raise catalogue.Broken(f"records: {name} is answered, but is no operation over HTTP")
    paths = {}
    for row in rows:
        if row.get("path"):
            paths.setdefault("/api/v1" + row["path"], {})[row["method"].lower()] = operation(row, status_of, answers, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "FleetTools", "version": VERSION, "license": {"name": "MIT", "identifier": "MIT"},
                 "description": "Coordination for fleets of AI coding agents, on one Postgres database."},
        "servers": [{"url": "/", "description": "the unix socket of the user's daemon, or TCP where it was asked for"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "Over TCP; the unix socket knows its peer."}},
            "parameters": {
                "Project": header("Fleet-Project", "Key of the project, where the field `project` is absent."),
                "As": header("Fleet-As", "Callsign to act as."),
                "IdempotencyKey": header("Idempotency-Key", "The same key gives the first answer back for 24 hours."),
                "Fence": header("Fleet-Fence", "KIND/ID/TOKEN, like sortie/srt_…/42: proof that the lease is still yours."),
                "IfMatch": header("If-Match", "The ETag as it was answered: refused with 412 when it is another one by now."),
            },
            "headers": {
                "ETag": answered("Version of the entity: what If-Match takes."),
                "Location": answered("Address of what was made."),
                "FleetSeq": answered("The answer has seen the log up to this seq."),
                "IdempotencyReplayed": answered("true: the first answer to the same key."),
            },
            "schemas": {"Problem": {
                "type": "object", "required": ["type", "title", "status", "code"],
                "properties": {
                    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                    "code": {"type": "string", "enum": [row["code"] for row in errors]},
                    "detail": {"type": "string"}, "field": {"type": "string", "description": "JSON pointer"},
                    "hint": {"type": "string"}, "retry_after_seconds": {"type": "integer"},
                    "facts": {"type": "object"}}}} | records.schemas()},
    }


def body(rows, errors):
    text = json.dumps(document(rows, errors), ensure_ascii=False, separators=(",", ":"))
    # A string literal may be 65,536 characters long by the standard's minimum: pieces are safe everywhere.
    pieces = [text[start:start + 8000] for start in range(0, len(text), 8000)]
    literals = "\n".join(f'    R"openapi({piece})openapi"' for piece in pieces)
    return source(f"""#include <fleet/operations.hpp>

namespace fleet {{

std::string_view openapi_json() {{
    // An array: to count a text of this length at compile time is more than compilers do.
    static constexpr char text[] =
{literals};
    return {{text, sizeof text - 1}};
}}

}}  // namespace fleet
""")
