"""What operations answer: the records of records/*.json as JSON Schema, and which operation answers which."""
from catalogue import HERE, load, need

PRIMITIVES = {"string": {"type": "string"}, "integer": {"type": "integer"}, "number": {"type": "number"},
              "boolean": {"type": "boolean"}, "time": {"type": "string", "format": "date-time"}, "object": {"type": "object"},
              "any": {}}
# Answers that are no JSON document of their own record.
PLAIN = {"text/plain": "text/plain", "text/event-stream": "text/event-stream", "document": "application/json", "upgrade": None}


def pages():
    return [load(f"records/{path.stem}") for path in sorted((HERE / "records").glob("*.json"))]


def load_records():
    """All records by name, and the answer of each operation."""
    found, answers = {}, {}
    for page in pages():
        need(not set(found) & set(page["records"]), f"records: {set(found) & set(page['records'])} twice")
        found |= page["records"]
        answers |= page["answers"]
    for name, record in found.items():
        need(record.get("words"), f"records: {name} lacks words")
        need(record.get("extends", name) in found, f"records: {name} extends nothing that is there")
    return found, answers


def nullable(schema):
    if "enum" in schema:
        return schema | {"type": ["string", "null"], "enum": schema["enum"] + [None]}
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"oneOf": [schema, {"type": "null"}]}


def member_schema(kind, known, where):
    if isinstance(kind, dict):
        schema = object_schema(kind, known, where)
        if kind.get("list"):
            return {"type": "array", "items": schema}
        return {"type": "object", "additionalProperties": schema} if kind.get("map") else schema
    if kind.startswith("null|"):
        return nullable(member_schema(kind.removeprefix("null|"), known, where))
    if kind.startswith("map:"):
        return {"type": "object", "additionalProperties": member_schema(kind.removeprefix("map:"), known, where)}
    if kind.endswith("[]"):
        return {"type": "array", "items": member_schema(kind.removesuffix("[]"), known, where)}
    if kind in PRIMITIVES:
        return dict(PRIMITIVES[kind])
    if kind in known:
        return {"$ref": f"#/components/schemas/{kind}"}
    need("/" in kind, f"records: {where}: no type {kind}")
    return {"type": "string", "enum": kind.split("/")}


def object_schema(record, known, where):
    properties, required = {}, []
    members = dict(record.get("members", {}))
    base = record.get("extends")
    while base:
        members = {name: kind for name, kind in known[base].get("members", {}).items()
                   if name.rstrip("?") not in {own.rstrip("?") for own in members}} | members
        base = known[base].get("extends")
    for name, kind in members.items():
        plain = name.removesuffix("?")
        properties[plain] = member_schema(kind, known, f"{where}.{plain}")
        if plain == name:
            required.append(plain)
    schema = {"type": "object"}
    if record.get("words"):
        schema["description"] = record["words"]
    if properties:
        schema["properties"] = properties
    if required:
        schema["required"] = required
    if record.get("open"):
        schema["additionalProperties"] = True
    return schema


def schemas():
    known, _ = load_records()
    return {name: object_schema(record, known, name) for name, record in known.items()}


def page_schema(record, goes_back=False):
    properties = {"items": {"type": "array", "items": {"$ref": f"#/components/schemas/{record}"}},
                  "next": {"type": "string", "description": "what `after` takes for the page that follows; absent at the end"},
                  "seq": {"type": "integer", "description": "the answer has seen the log up to here"}}
    if goes_back:
        properties["previous"] = {"type": "string", "description": "what `before` takes for the page in front"}
        properties["head"] = {"type": "string", "description": "position of the newest event"}
    return {"type": "object", "required": ["items", "seq"], "properties": properties}


def answer_of(row, answers, known):
    """Media type and schema of what a row answers; (None, None) when there is no body."""
    name = row["name"]
    need(name in answers, f"records: nothing says what {name} answers")
    answer = answers[name]
    if answer in PLAIN:
        return PLAIN[answer], ({"type": "object"} if answer == "document" else {"type": "string"})
    kind, _, record = answer.rpartition(":")
    need(record in known, f"records: {name} answers {record}, which is not there")
    if kind == "page":
        return "application/json", page_schema(record, any(field["name"] == "before" for field in row["input"]))
    reference = {"$ref": f"#/components/schemas/{record}"}
    if kind == "ndjson":
        # One document a line; the schema is that of a line.
        return "application/x-ndjson", {"type": "string", "description": f"one {record} a line", "x-line": reference}
    return "application/json", reference


def has_version(row, answers, known):
    """Whether the answer is an entity with a version, which is the ETag."""
    record = known.get(answers[row["name"]], {})
    while record:
        if "stream_version" in record.get("members", {}):
            return True
        record = known.get(record.get("extends"), {})
    return False

