#!/usr/bin/env python3
"""What is generated from the catalogue and kept in the repository is what the catalogue says now.

usage: catalogue_up_to_date.py ROOT
"""
import pathlib
import sys

sys.dont_write_bytecode = True


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    sys.path.insert(0, str(root / "client/catalogue"))
    import generate  # it stands in the tree that is checked

    problems = []
    outputs = generate.checked_in_outputs()
    for name, text in outputs.items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            problems.append(f"{name} is out of date: run client/catalogue/generate.py --checked-in .")
    for path in sorted((root / "docs/reference").glob("*.schema.json")):
        if path.relative_to(root).as_posix() not in outputs:
            problems.append(f"{path.relative_to(root)} is made from nothing any more: remove it")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
