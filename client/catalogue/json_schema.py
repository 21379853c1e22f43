"""JSON Schema 2020-12 of fields, shared by the schema files and OpenAPI."""

PATTERNS = {
    "callsign": r"^[a-z][a-z0-9-]{0,62}$",
    "name": r"^[a-z][a-z0-9_]{0,62}$",
    **{f"id:{prefix}": rf"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$"
       for prefix in ("evt", "rsv", "prj", "plt", "msg", "thr", "msn", "srt", "wo", "chk", "rul")},
}


def value(field):
    kind = field["type"]
    schema = {}
    if kind in ("string", "text"):
        schema = {"type": "string"}
        if field.get("check") == "list":
            one = f" *(?:{'|'.join(field['enum'])}) *"
            schema |= {"minLength": field.get("min", 0), "maxLength": field["max"], "pattern": f"^{one}(?:,{one})*$"}
        elif field.get("enum"):
            schema["enum"] = field["enum"]
        else:
            schema |= {"minLength": field.get("min", 0), "maxLength": field["max"]}
            if field.get("check") in PATTERNS:
                schema["pattern"] = PATTERNS[field["check"]]
    elif kind == "integer":
        schema = {"type": "integer", "minimum": field["min"], "maximum": field["max"]}
    elif kind == "number":
        schema = {"type": "number"}
    elif kind == "boolean":
        schema = {"type": "boolean"}
    elif kind == "timestamp":
        schema = {"type": "string", "format": "date-time"}
    elif kind == "duration":
        schema = {"oneOf": [{"type": "number", "minimum": field["min"], "maximum": field["max"]},
                            {"type": "string", "examples": ["90s", "15m", "2h"]}]}
    elif kind == "strings":
        schema = {"type": "array", "minItems": field.get("min", 0), "maxItems": field["max"],
                  "items": {"type": "string", "minLength": 1, "maxLength": field["item_max"]}}
    elif kind == "object":
        schema = members(field["fields"]) if field.get("fields") else {"type": "object"}
    elif kind == "objects":
        schema = {"type": "array", "minItems": field.get("min", 0), "maxItems": field["max"],
                  "items": members(field["fields"])}
    if field.get("words"):
        schema["description"] = field["words"]
    return schema


def members(fields):
    schema = {"type": "object", "properties": {field["name"]: value(field) for field in fields}}
    required = [field["name"] for field in fields if not field.get("optional")]
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    return schema
