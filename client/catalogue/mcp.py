"""Reads mcp.json: what models are offered, derived from the operations. Everything else trusts what it returns."""
import copy
import json
import re

import catalogue
from catalogue import need

TOOLS_MAX = 20
# The list of tools stands in every context window of every agent.
LIST_BYTES_MAX = 11_400
# Types of the catalogue as a model sees them: a duration is a number of seconds.
KINDS = {"string": "string", "text": "string", "integer": "integer", "number": "number", "boolean": "boolean",
         "timestamp": "string", "duration": "integer"}


def field_of(reference, tool, definition, operations):
    """A field by what a tool says of it: its own definition, `$shared`, or that of an operation."""
    if isinstance(reference, dict):
        return copy.deepcopy(reference)
    name = reference.rstrip("?")
    if name.startswith("$"):
        field = definition["shared"][name[1:]]
    else:
        home, _, name = name.rpartition(":")
        home = home or tool.get("operation", "")
        need(home in operations, f"mcp.json: {tool['name']}: no operation {home}")
        found = [field for field in operations[home]["input"] if field["name"] == name]
        need(found, f"mcp.json: {tool['name']}: {home} takes no {name}")
        field = found[0]
    return copy.deepcopy(field) | ({"optional": True} if reference.endswith("?") else {})


def value_schema(field, told, path):
    kind = field["type"]
    if kind == "strings":
        schema = {"type": "array", "items": {"type": "string"}}
        if field.get("enum"):
            schema["items"]["enum"] = field["enum"]
    elif kind == "objects":
        schema = {"type": "array", "items": members_schema(field["fields"], told, path + ".")}
    elif kind == "object":
        schema = {"type": "object"}
    else:
        schema = {"enum": field["enum"]} if field.get("enum") else {"type": KINDS[kind]}
    if path in told:
        schema["description"] = told[path]
    return schema


def members_schema(fields, told, prefix=""):
    schema = {"type": "object",
              "properties": {field["name"]: value_schema(field, told, prefix + field["name"]) for field in fields}}
    required = [field["name"] for field in fields if not field.get("optional")]
    return schema | ({"required": required} if required else {})


def output_schema(tool):
    members = {name.rstrip("?"): {"type": kind} for name, kind in tool["output"].items()}
    required = [name for name in tool["output"] if not name.endswith("?")]
    return {"type": "object", "properties": members} | ({"required": required} if required else {})


def tool_json(tool):
    return {"name": tool["name"], "description": tool["words"], "inputSchema": members_schema(tool["input"], tool["describe"]),
            "outputSchema": output_schema(tool), "annotations": tool["hints"]}


def check_tool(tool, operations):
    name = tool["name"]
    need(re.match(r"^[a-z][a-z_]*$", name), f"mcp.json: {name}: a tool's name is snake_case")
    need(("operation" in tool) != ("macro" in tool), f"mcp.json: {name} is an operation or a macro of some")
    for used in tool.get("macro", [tool.get("operation")]):
        need(used in operations, f"mcp.json: {name}: no operation {used}")
    need(tool["hints"].get("readOnlyHint") or "operation" not in tool or operations[tool["operation"]]["kind"] != "read",
         f"mcp.json: {name} only reads and does not say so")
    for field in tool["input"]:
        catalogue.check_field(field, f"mcp.json: {name}")
    known = {field["name"] for field in tool["input"]}
    need({told.split(".")[0] for told in tool["describe"]} <= known, f"mcp.json: {name} describes what it does not take")


def definition():
    """The file with `input` of each tool, `keep` with all members of its answer, and the rows of their operations."""
    found = catalogue.load("mcp")
    operations = {row["name"]: row for row in catalogue.operations()}
    need(len(found["tools"]) <= TOOLS_MAX, f"mcp.json: {len(found['tools'])} tools, {TOOLS_MAX} are the limit")
    names = [tool["name"] for tool in found["tools"]]
    need(len(names) == len(set(names)), "mcp.json: a tool twice")
    for tool in found["tools"]:
        tool.setdefault("describe", {})
        own = [field_of(reference, tool, found, operations) for reference in tool["fields"]]
        tool["input"] = own + [copy.deepcopy(field) for field in found["common"]]
        kept = tool.get("keep", [])
        heads = {path.split(".")[0] for path in kept}
        tool["keep"] = [name.rstrip("?") for name in tool["output"] if name.rstrip("?") not in heads] + kept
        check_tool(tool, operations)
    for row in found["resources"] + found["templates"]:
        need(row["operation"] in operations, f"mcp.json: {row['name']}: no operation {row['operation']}")
    size = len(tools_text(found).encode())
    need(size <= LIST_BYTES_MAX, f"mcp.json: the list of tools has {size} bytes, {LIST_BYTES_MAX} are the limit")
    return found


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def tools_text(found):
    return compact([tool_json(tool) for tool in found["tools"]])


def resources_text(found):
    return compact([{"uri": row["uri"], "name": row["name"], "description": row["words"], "mimeType": row["mime"]}
                    for row in found["resources"]])


def templates_text(found):
    return compact([{"uriTemplate": row["uri"], "name": row["name"], "description": row["words"], "mimeType": row["mime"]}
                    for row in found["templates"]])


def prompts_text(found):
    return compact([{"name": row["name"], "description": row["words"],
                     "arguments": [{"name": argument["name"], "description": argument["words"]}
                                   | ({"required": True} if argument.get("required") else {}) for argument in row["arguments"]]}
                    for row in found["prompts"]])
