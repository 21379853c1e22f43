"""C++ of the error catalogue."""
from cpp_text import quoted, source


def header(rows):
    names = "\n".join(f"    {row['code']}," for row in rows)
    return source(f"""#pragma once

#include <cstddef>

namespace fleet {{

// What can go wrong, once for all faces. docs/reference/errors.md explains each.
enum class ErrorCode {{
{names}
}};

inline constexpr std::size_t error_code_count = {len(rows)};

}}  // namespace fleet
""")


def body(rows):
    table = "\n".join(
        "    ErrorInfo{" + f".code = ErrorCode::{row['code']}, .text = {quoted(row['code'])}, "
        f".http_status = {row['http']}, .exit_code = {row['exit']}, .sqlstate = {quoted(row['sqlstate'])},\n"
        f"              .message = {quoted(row['message'])},\n              .hint = {quoted(row['hint'])}" + "},"
        for row in rows)
    return source(f"""#include <fleet/error.hpp>

#include <algorithm>
#include <array>

namespace fleet {{
namespace {{

constexpr std::array<ErrorInfo, error_code_count> table{{{{
{table}
}}}};

}}  // namespace

ErrorInfo const& error_info(ErrorCode code) {{ return table[static_cast<std::size_t>(code)]; }}

std::optional<ErrorCode> error_code_from(std::string_view text) {{
    auto const* row = std::find_if(table.begin(), table.end(), [&](ErrorInfo const& info) {{ return info.text == text; }});
    if (row == table.end()) return std::nullopt;
    return row->code;
}}

std::optional<ErrorCode> error_code_from_sqlstate(std::string_view sqlstate) {{
    if (sqlstate.empty()) return std::nullopt;
    auto const* row =
        std::find_if(table.begin(), table.end(), [&](ErrorInfo const& info) {{ return info.sqlstate == sqlstate; }});
    if (row == table.end()) return std::nullopt;
    return row->code;
}}

}}  // namespace fleet
""")
