#pragma once
// What the reservation workers fight over.
#include <array>
#include <string_view>

namespace fleet::fault {

// Wide ones and narrow ones, so that many pairs overlap and some do not.
inline constexpr std::array<std::string_view, 16> workload_patterns{
    "src/**",        "src/a/**",     "src/b/**",  "src/*.cpp",   "src/a/*.cpp", "src/a/one.cpp",
    "src/b/two.hpp", "docs/**",      "docs/*.md", "docs/a/?.md", "**/one.cpp",  "**/*.md",
    "tests/**/x.py", "tests/a/x.py", "README.md", "src/a/*.hpp",
};

// Each pair of patterns above that has any path in common has one of these in common (a test tries it).
inline constexpr std::array<std::string_view, 16> workload_paths{
    "src/main.cpp",  "src/one.cpp",   "src/a/one.cpp", "src/a/two.cpp", "src/a/one.hpp", "src/b/two.hpp",
    "src/b/one.cpp", "src/readme.md", "src/a/x.md",    "src/b/x.md",    "docs/x.md",     "docs/one.cpp",
    "docs/a/x.md",   "tests/a/x.py",  "tests/x.py",    "README.md",
};

}  // namespace fleet::fault
