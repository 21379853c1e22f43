#!/usr/bin/env python3
"""Refuses what GCC 12 miscompiles around co_await, before it becomes a double free at run time.

usage: lint_coro.py ROOT [FILE...]      without files: all C++ below ROOT

The law (docs/decisions, "Coroutines"): a statement that contains co_await has only named things, calls,
std::move(name) and closures that capture by reference. Everything else is named first, in a statement of its own.
A line with `// coro-ok: reason` is let through. The examples at the end are tried at every run.
"""
import pathlib
import re
import sys

COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'', re.S)
WORD_BEFORE = re.compile(r"([\w:]+(?:<[^;{}]*>)?)\s*$")
TYPE_HEAD = re.compile(r"\s*(?:template\s*<[^;{}]*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|enum|extern|export|concept)\b")
TRAILING_TYPE = re.compile(r"\)[\s\w]*->[^;{}()]*(?:\([^()]*\)[^;{}()]*)?$")
# Trivial to copy and destroy, so nothing is freed twice.
TRIVIAL = re.compile(r"^(?:std::)?(?:chrono::)?(?:Millis|Seconds|milliseconds|seconds|microseconds|minutes|hours|"
                     r"size_t|u?int(?:8|16|32|64)_t|string_view)$")
BY_REFERENCE = re.compile(r"^(?:&|this|&\s*\w+(?:\s*=[^,]*)?)$")

CLOSURE = "a closure that captures by value stands in a co_await statement: name it first"
BRACES = "a braced temporary stands in a co_await statement: name it first"
CONDITIONAL = "co_await stands in a ?: expression: write if and else"


DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*(?:\\\n[^\n]*)*", re.M)


def blanked(source):
    """The source with comments, literals and directives as spaces, every line at its place."""
    def spaces(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return DIRECTIVE.sub(spaces, COMMENT_OR_LITERAL.sub(spaces, source))


def closing(text, at):
    """Index of the bracket that closes the one at `at`; the end when it stays open."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    expected = []
    for index in range(at, len(text)):
        char = text[index]
        if char in pairs:
            expected.append(pairs[char])
        elif char in ")]}":
            if not expected or expected.pop() != char:
                return index
            if not expected:
                return index
    return len(text)


class Closure:
    """A lambda that begins at `at`: its captures, and where its body is."""

    def __init__(self, text, at):
        self.body = None
        before = text[:at].rstrip()
        if text.startswith("[[", at) or (before and (before[-1] in ")]" or before[-1].isalnum() or before[-1] == "_")
                                         and not re.search(r"\b(?:return|co_return|co_await|co_yield|case|else)$", before)):
            return
        end = closing(text, at)
        self.captures = text[at + 1:end]
        rest = end + 1
        match = re.compile(r"\s*<[^(){};]*>").match(text, rest)
        rest = match.end() if match else rest
        match = re.compile(r"\s*\(").match(text, rest)
        if match:
            rest = closing(text, match.end() - 1) + 1
        match = re.compile(r"[\s\w]*(?:noexcept\s*)?(?:->\s*[\w:<>,\s&*()]+?)?\s*\{").match(text, rest)
        if match:
            self.body = match.end() - 1

    def copies(self):
        """Whether something with a destructor may be captured."""
        depth, parts, part = 0, [], ""
        for char in self.captures:
            depth += (char in "([{<") - (char in ")]}>")
            if char == "," and depth == 0:
                parts.append(part)
                part = ""
            else:
                part += char
        parts.append(part)
        return any(part.strip() and not BY_REFERENCE.match(part.strip()) for part in parts)


def opens_block(segment):
    """Whether the brace after `segment` (a statement so far) begins a block and not a value."""
    text = segment.rstrip()
    if not text or text[-1] in ")}:" or TYPE_HEAD.match(text):
        return True
    if re.search(r"\b(?:else|do|try|const|noexcept|override|final|mutable)$", text):
        return True
    return bool(TRAILING_TYPE.search(text))


class Lint:
    def __init__(self, source):
        self.text = blanked(source)
        self.allowed = {number for number, line in enumerate(source.split("\n"), 1) if "coro-ok:" in line}
        self.found = set()

    def run(self):
        self.block(0, len(self.text))
        return sorted(self.found)

    def block(self, at, end):
        """Walks over statements from `at` to `end`."""
        start, depth = at, 0
        closures, braces = [], []
        while at < end:
            char = self.text[at]
            if char == "[":
                closure = Closure(self.text, at)
                if closure.body is not None:
                    stop = min(closing(self.text, closure.body), end)
                    self.block(closure.body + 1, stop)
                    closures.append((at, closure.body, stop, closure.copies()))
                    at = stop + 1
                    continue
                depth += 1
            elif char == "{":
                if depth <= 0 and opens_block(self.text[start:at]):
                    self.statement(start, at, closures, braces)
                    stop = min(closing(self.text, at), end)
                    self.block(at + 1, stop)
                    at = start = stop + 1
                    closures, braces = [], []
                    continue
                braces.append(at)
                depth += 1
            elif char in "(":
                depth += 1
            elif char in ")]}":
                depth -= 1
            elif char == ";" and depth <= 0:
                self.statement(start, at, closures, braces)
                start, closures, braces, depth = at + 1, [], [], 0
            at += 1
        self.statement(start, end, closures, braces)

    def statement(self, start, end, closures, braces):
        outer = list(self.text[start:end])
        for _, body, stop, _ in closures:
            for index in range(body, min(stop + 1, end)):
                outer[index - start] = " "
        text = "".join(outer)
        awaited = re.search(r"\bco_await\b", text)
        if not awaited:
            return
        for at, _, _, copies in closures:
            if copies:
                self.report(at, CLOSURE)
        for at in braces:
            if not self.is_harmless(at, start):
                self.report(at, BRACES)
        for match in re.finditer(r"\?", text):
            self.report(start + match.start(), CONDITIONAL)

    def is_harmless(self, at, start):
        """An empty or trivial value; the braces of a new variable are as bad as any other."""
        stop = closing(self.text, at)
        word = WORD_BEFORE.search(self.text[start:at])
        if word and TRIVIAL.match(word.group(1)):
            return True
        # `T name{co_await call()}` and `{}` for a default argument have no temporary aggregate.
        inside = self.text[at + 1:stop].strip()
        return inside == "" and not self.text[stop + 1:stop + 2] == "."

    def report(self, at, why):
        line = self.text.count("\n", 0, at) + 1
        statement_line = self.text.count("\n", 0, self.text.rfind(";", 0, at) + 1) + 1
        if not self.allowed & set(range(statement_line, line + 1)):
            self.found.add((line, why))


def sources(root):
    for folder in ("client", "daemon", "tests", "bench", "examples"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".inc"):
                yield path


# What the compiler gets wrong (measured with GCC 12.2, AddressSanitizer), and what it gets right.
BAD = {
    "closure argument": ("co_await f([x]{ use(x); });", CLOSURE),
    "closure by move": ("co_await f([x = std::move(x)]() mutable { use(x); });", CLOSURE),
    "default by value": ("co_await f([=]{ use(x); });", CLOSURE),
    "spawned and awaited": ("co_await co_spawn(ex, [p]() -> awaitable<int> { co_return 1; }, use_awaitable);", CLOSURE),
    "executor in the same statement": ("co_spawn(co_await this_coro::executor, [p]() -> awaitable<void> { co_return; }, h);", CLOSURE),
    "called at once": ("co_await [t]() -> awaitable<int> { co_return 1; }();", CLOSURE),
    "inside a condition": ("if (auto r = co_await f([x]{ return x; }); r) { g(); }", CLOSURE),
    "inside a closure body": ("run([&]() -> awaitable<void> { co_await f([x]{ use(x); }); });", CLOSURE),
    "designated aggregate": ("co_await f({.a = s, .b = t});", BRACES),
    "named aggregate": ("co_await f(Aggregate{s, t});", BRACES),
    "member of an aggregate": ("co_await Holder{}.run();", BRACES),
    "initializer list": ("co_await f({1, 2, 3});", BRACES),
    "aggregate of awaited": ("Opt o{.a = co_await a(), .b = co_await b()};", BRACES),
    "list of aggregates": ("co_await f(std::vector<A>{A{}, A{}});", BRACES),
    "conditional": ("T t = c ? co_await a() : co_await b();", CONDITIONAL),
    "conditional argument": ("co_await f(c ? a : b);", CONDITIONAL),
}
GOOD = [
    "auto job = [x]{ use(x); }; co_await f(std::move(job));",
    "co_await f([&]{ use(x); });",
    "co_await f([this, &x]{ use(x); });",
    "auto ex = co_await this_coro::executor; co_spawn(ex, [p]() -> awaitable<void> { co_return; }, h);",
    "if (auto o = co_await x(); o) { auto v = std::vector<int>{1, 2}; use(v); }",
    "auto [a, b] = co_await x();",
    "for (auto const& item : co_await list()) { use(Thing{.a = item}); }",
    "co_return Aggregate{.a = s};",
    "while (co_await more()) { use({1, 2}); }",
    "co_await f(make(), two(a, co_await x()));",
    "auto v = c ? a : b; co_await f(v);",
    "if (c) v = co_await a(); else v = co_await b();",
    "co_await sleep_for(std::chrono::milliseconds{5});",
    "co_await f({1, 2}); // coro-ok: an array of int",
    "asio::awaitable<void> g(int n) { struct S { int a; }; S s{.a = n}; co_await f(s); }",
    "awaitable<std::vector<int>> C::h() const { Aggregate a{.x = 1}; co_return co_await k(a); }",
    "auto h = [](int n) -> awaitable<int> { co_return co_await f(n); };",
    "values[0] = co_await f(values[1]);",
]


def self_test():
    wrong = []
    for name, (code, why) in BAD.items():
        if why not in {found for _, found in Lint("awaitable<void> t() {\n" + code + "\n}").run()}:
            wrong.append(f"lint_coro does not see: {name}: {code}")
    for code in GOOD:
        for _, why in Lint("awaitable<void> t() {\n" + code + "\n}").run():
            wrong.append(f"lint_coro sees in good code: {why}: {code}")
    return wrong


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".")
    problems = self_test()
    for path in [pathlib.Path(name) for name in arguments[1:]] or sources(root):
        for line, why in Lint(path.read_text(encoding="utf-8")).run():
            problems.append(f"{path}:{line}: {why}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
