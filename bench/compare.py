#!/usr/bin/env python3
"""Two result files of run.py side by side: compare.py BEFORE.json AFTER.json"""
import json
import sys


def flat(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    else:
        yield name, value


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    before, after = (dict(flat(json.load(open(path)))) for path in sys.argv[1:])
    print(f"{'figure':52} {'before':>12} {'after':>12} {'after/before':>13}")
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        ratio = f"{new / old:.2f}" if isinstance(old, (int, float)) and isinstance(new, (int, float)) and old else "-"
        print(f"{name:52} {old if old is not None else '-':>12} {new if new is not None else '-':>12} {ratio:>13}")


if __name__ == "__main__":
    main()
