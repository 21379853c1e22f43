#pragma once
// What the daemon sends, by name. The texts stand in sql/statements/*.sql; a name that is not there does not
// compile: `stmt<"act">`.
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fleet::pg {

struct Statement {
    std::string_view name;
    std::string_view text;
};

inline constexpr Statement statements[] = {
#include "pg/statements.inc"
};

template <std::size_t N>
struct StatementName {
    consteval StatementName(char const (&name)[N]) { std::copy_n(name, N, text); }
    constexpr std::string_view view() const { return {text, N - 1}; }

    char text[N]{};
};

template <StatementName name>
consteval Statement const& named_statement() {
    for (auto const& statement : statements)
        if (statement.name == name.view()) return statement;
    throw "sql/statements has no statement of this name";
}

template <StatementName name>
inline constexpr Statement const& stmt = named_statement<name>();

// For names that come from a table (the operations of the catalogue). Null when there is none.
constexpr Statement const* find_statement(std::string_view name) {
    for (auto const& statement : statements)
        if (statement.name == name) return &statement;
    return nullptr;
}

}  // namespace fleet::pg
