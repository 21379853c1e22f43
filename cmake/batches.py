#!/usr/bin/env python3
"""Which source files may be compiled as one.

usage: batches.py SIZE FILE…    prints a line "FILE;FILE;…" for each batch of more than one file
       batches.py --hold PLAN   exit status 1 when a batch of the plan (such lines) is not one any more

Two files come into one batch only when neither says, anywhere, a name that the other keeps for itself (in an unnamed
namespace, as a static, a macro, or a type of a source file): then what is written in them means there what it means
alone.
"""
import pathlib
import re
import sys

# Comments, strings and characters. A digit before the quote: the separator of 10'000.
SILENT = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9])\'(?:\\.|[^\'\\\n])\'', re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
MACRO = re.compile(r"#[ \t]*define[ \t]+(\w+)")
TOKEN = re.compile(r"[A-Za-z_]\w*|::|->|[^\s\w]")
NAMESPACE = re.compile(r"(?:inline )?namespace( [\w: ]+)?$")
TYPE = re.compile(r"(?:template <> )?(?:struct|union|enum|class)\b(?: class| struct)?(?: \[\[.*?\]\])? (\w+)")


def spoken(code):
    """Every name that is not said as somebody's: behind a dot, an arrow or a scope."""
    names, before = set(), ""
    for token in TOKEN.findall(code):
        if (token[0].isalpha() or token[0] == "_") and before not in (".", "->", "::"):
            names.add(token)
        before = token
    return names


def without_angles(text):
    while True:
        less = re.sub(r"<[^<>]*>", "", text)
        if less == text:
            return text
        text = less


def declared(head, unnamed):
    """The name that a declaration at the level of a namespace keeps for its file, or None."""
    whole = re.sub(r"\s+", " ", head).strip()
    head = re.sub(r"^template *", "", without_angles(whole))
    if not head or head.startswith(("using namespace", "static_assert", "extern", "namespace")):
        return None
    kind = TYPE.match(head)
    if kind:
        return kind.group(1)
    if head.startswith("using "):
        # `using Name = other;` and `using other::name;`: "name=meaning", which others may share who mean the same.
        return whole[6:].replace(" =", "=", 1) if "=" in head else f"{head.split(':')[-1]}={whole[6:]}"
    is_function = "(" in head
    if is_function and not unnamed and not head.startswith("static "):
        return None
    name = re.search(r"(::)?\s*(\w+)\s*(?:\[[^\]]*\]\s*)?$", head.split("(")[0].split("=")[0])
    if not name or name.group(1):
        return None
    # TEST_CASE("…") and its like: a macro, which makes a name of its own.
    return None if is_function and name.group(2).isupper() else name.group(2)


def kept(code):
    """The names that a file keeps for itself."""
    names = set(MACRO.findall(code))
    code = DIRECTIVE.sub("", code)
    scopes, head, skip, braces_of_enum = [], "", 0, None
    # `scopes` are the open namespaces; `skip` is how deep we are in the braces of something else.
    for piece in re.findall(r"[{};]|[^{};]+", code):
        unnamed = any(scopes)
        if skip:
            if braces_of_enum is not None and piece not in "{};":
                names.update(re.findall(r"[A-Za-z_]\w*", piece))
            skip += {"{": 1, "}": -1}.get(piece, 0)
            if not skip:
                head, braces_of_enum = "", None
        elif piece == "{":
            space = NAMESPACE.search(re.sub(r"\s+", " ", head).strip())
            if space:
                scopes.append(not space.group(1))
                head = ""
            else:
                names.add(declared(head, unnamed))
                skip = 1
                braces_of_enum = head if re.match(r"\s*enum (?!class|struct)", head) else None
        elif piece == "}":
            if scopes:
                scopes.pop()
            head = ""
        elif piece == ";":
            names.add(declared(head, unnamed))
            head = ""
        else:
            head += piece
    return names - {None}


def names_of(path):
    """(the names it keeps for itself, the names it says). An alias is kept, and said, with what it means."""
    text = SILENT.sub(" ", pathlib.Path(path).read_text())
    own, said = kept(text), spoken(DIRECTIVE.sub("", text))
    aliases = {name for name in own if "=" in name}
    return own - aliases | {name.split("=")[0] for name in aliases}, said, aliases


def may_share(first, second):
    same = {name.split("=")[0] for name in first[2] & second[2]}
    return first[0] & second[1] <= same and second[0] & first[1] <= same


def batches(files, size):
    """[[file, …], …]: each file goes into the first batch with room that it may share."""
    result = []
    for path in files:
        names = names_of(path)
        for batch in result:
            if len(batch) < size and all(may_share(names, of_other) for _, of_other in batch):
                break
        else:
            batch = []
            result.append(batch)
        batch.append((path, names))
    return [[path for path, _ in batch] for batch in result]


def holds(plan):
    """Whether each batch of a plan is still one. No plan, or one with a file that is gone, is of yesterday."""
    if not pathlib.Path(plan).exists():
        return False
    for line in pathlib.Path(plan).read_text().splitlines():
        files = line.split(";")
        if not all(pathlib.Path(path).exists() for path in files) or len(batches(files, len(files))) != 1:
            return False
    return True


def main():
    if sys.argv[1] == "--hold":
        return 0 if holds(sys.argv[2]) else 1
    for files in batches(sys.argv[2:], int(sys.argv[1])):
        if len(files) > 1:
            print(";".join(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
