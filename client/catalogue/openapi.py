"""OpenAPI 3.1 of the operations."""
import json
import re

import json_schema
from cpp_text import source

VERSION = "0.1.0"


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
    if row.get("project"):
        found.append({"$ref": "#/components/parameters/Project"})
    if row["kind"] == "write":
        found += [{"$ref": "#/components/parameters/As"}, {"$ref": "#/components/parameters/IdempotencyKey"}]
    if row.get("fence"):
        found.append({"$ref": "#/components/parameters/Fence"})
    return found


def operation(row, status_of):
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
    answers = {str(row.get("status", 200)): {"description": row.get("output") or "done"}}
    by_status = {}
    for code in row.get("errors", []):
        by_status.setdefault(str(status_of[code]), []).append(code)
    for status, codes in sorted(by_status.items()):
        answers[status] = problem_response(codes)
    answers["default"] = problem_response(["any other problem"])
    found["responses"] = answers
    return found


def header(name, words):
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": words}


def document(rows, errors):
    status_of = {row["code"]: row["http"] for row in errors}
    paths = {}
    for row in rows:
        if row.get("path"):
            paths.setdefault("/api/v1" + row["path"], {})[row["method"].lower()] = operation(row, status_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "FleetTools", "version": VERSION,
                 "description": "Coordination for fleets of AI coding agents, on one Postgres database."},
        "paths": paths,
        "components": {
            "parameters": {
                "Project": header("Fleet-Project", "Key of the project, where the field `project` is absent."),
                "As": header("Fleet-As", "Callsign to act as."),
                "IdempotencyKey": header("Idempotency-Key", "The same key gives the first answer back for 24 hours."),
                "Fence": header("Fleet-Fence", "reservation/rsv_…/TOKEN: proof that the lease is still yours."),
            },
            "schemas": {"Problem": {
                "type": "object", "required": ["type", "title", "status", "code"],
                "properties": {
                    "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                    "code": {"type": "string", "enum": [row["code"] for row in errors]},
                    "detail": {"type": "string"}, "field": {"type": "string", "description": "JSON pointer"},
                    "hint": {"type": "string"}, "retry_after_seconds": {"type": "integer"},
                    "facts": {"type": "object"}}}}},
    }


def body(rows, errors):
    text = json.dumps(document(rows, errors), ensure_ascii=False, separators=(",", ":"))
    # A string literal may be 65,536 characters long by the standard's minimum: pieces are safe everywhere.
    pieces = [text[start:start + 8000] for start in range(0, len(text), 8000)]
    literals = "\n".join(f'    R"openapi({piece})openapi"' for piece in pieces)
    return source(f"""#include <fleet/operations.hpp>

namespace fleet {{

std::string_view openapi_json() {{
    static constexpr std::string_view text =
{literals};
    return text;
}}

}}  // namespace fleet
""")
