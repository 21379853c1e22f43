"""What the pilots fight over: wide patterns and narrow ones, so that many pairs overlap and some do not.

The checker compares patterns by trying these paths, not by the algebra under test: each pair of patterns that has any
path in common has one of these in common (a test tries it).
"""
import functools
import re

PATTERNS = (
    "src/**", "src/a/**", "src/b/**", "src/*.cpp", "src/a/*.cpp", "src/a/one.cpp", "src/b/two.hpp", "docs/**",
    "docs/*.md", "docs/a/?.md", "**/one.cpp", "**/*.md", "tests/**/x.py", "tests/a/x.py", "README.md", "src/a/*.hpp",
)
PATHS = (
    "src/main.cpp", "src/one.cpp", "src/a/one.cpp", "src/a/two.cpp", "src/a/one.hpp", "src/b/two.hpp", "src/b/one.cpp",
    "src/readme.md", "src/a/x.md", "src/b/x.md", "docs/x.md", "docs/one.cpp", "docs/a/x.md", "tests/a/x.py",
    "tests/x.py", "README.md",
)


@functools.cache
def _expression(pattern):
    words = []
    segments = pattern.split("/")
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        if segment == "**":
            words.append(".*" if last else "(?:[^/]+/)*")
            continue
        words.append("".join("[^/]*" if c == "*" else "[^/]" if c == "?" else re.escape(c) for c in segment))
        if not last:
            words.append("/")
    return re.compile("".join(words))


def matches(pattern, path):
    return _expression(pattern).fullmatch(path) is not None


@functools.cache
def coverage(patterns):
    """Which paths a tuple of patterns covers; two tuples overlap if these sets meet."""
    return frozenset(path for path in PATHS if any(matches(pattern, path) for pattern in patterns))


def meet(one, two):
    return not coverage(tuple(one)).isdisjoint(coverage(tuple(two)))


def path_in(pattern):
    return next(path for path in PATHS if matches(pattern, path))
