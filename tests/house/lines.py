#!/usr/bin/env python3
"""Every event reads as a line: sql/says.sql has a template for each type, made of fields that the type has.

usage: lines.py ROOT
"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True


def paths(fields, prefix=""):
    """Names that a template may use; what an object of free members holds is its writer's affair."""
    for field in fields:
        name = prefix + field["name"]
        yield name
        yield from paths(field.get("fields", []), name + ".")
        if field["type"] in ("object", "any") and not field.get("fields"):
            yield name + ".*"


def known(name, fields):
    allowed = set(paths(fields)) | {"subject"}
    return name in allowed or any(name.rpartition(".")[0] + ".*" == entry for entry in allowed)


def problems(types, templates):
    for row in types:
        template = templates.get(row["type"])
        if template is None:
            yield f"sql/says.sql has no line for {row['type']}"
            continue
        optional = {name for part in re.findall(r"\[[^]]*\]", template)
                    for name in re.findall(r"\{([a-z_.]+)", part)}
        for name in re.findall(r"\{([a-z_.]+)", template):
            if not known(name, row["fields"]):
                yield f"sql/says.sql: {row['type']} has no field {name}"
            elif name not in optional and any(f["name"] == name and f.get("optional") for f in row["fields"]):
                yield f"sql/says.sql: {name} of {row['type']} may be absent: put it in brackets"


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    sys.path.insert(0, str(root / "client/catalogue"))
    import catalogue  # it stands in the tree that is checked

    document = catalogue.events()
    text = (root / "sql/says.sql").read_text(encoding="utf-8")
    templates = dict(re.findall(r"when '(\w+)' then '([^']*)'", text))
    found = list(problems(document["types"], templates))
    everything = {row["type"] for row in document["types"]} | set(catalogue.later(document))
    found += [f"sql/says.sql: there is no event {name}" for name in sorted(set(templates) - everything)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
