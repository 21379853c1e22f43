"""C++ of the operations: one table, read by the routes, the WebSocket, the client and the command line."""
import catalogue
from cpp_text import field_tables, quoted, source


def header(rows):
    return source(f"""#pragma once

#include <fleet/field.hpp>
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace fleet {{

enum class OperationKind {{
    read,      // one statement on the read pool
    write,     // one command of fleet.act
    stream,    // an answer without end
    custom     // code of its own
}};

enum class Role {{ anyone, user, operator_ }};

// An argument of a command that is a fresh id: not the caller's to give.
struct DrawnId {{
    std::string_view name;
    std::string_view prefix;
}};

// What HTTP, WebSocket, the client library and the command line offer, once. Views point to static storage.
struct Operation {{
    std::string_view name;              // "reservations.reserve"; also the op of a WebSocket frame
    OperationKind kind;
    Role role;
    std::string_view method;            // "" when there is no HTTP face
    std::string_view path;              // below /api/v1, with {{parameter}}s that are fields of the input
    std::string_view act;               // the command of fleet.act, or ""
    std::string_view statement;         // the read in sql/statements, or ""
    int success_status;
    bool needs_project;                 // field `project` or header Fleet-Project
    bool needs_fence;                   // field `fence` or header Fleet-Fence
    bool honours_if_match;              // its command takes the version as `expected_version`
    bool on_websocket;
    bool is_single;                     // a read that answers one object, not a page
    bool can_wait;                      // takes `wait_seconds`; its answer may take that long
    std::string_view cli;               // "pilots register", or "" when the command line has no word for it
    std::string_view location;          // path of what was made; {{parameter}}s are members of the answer
    std::span<DrawnId const> drawn;
    std::span<Field const> input;
    std::span<std::string_view const> errors;   // those that are particular to it
    std::string_view output;
    std::string_view words;
}};

inline constexpr std::size_t operation_count = {len(rows)};

std::span<Operation const> operations();
Operation const* find_operation(std::string_view name);

// The first thing that is wrong with `input`, with a JSON pointer; empty when nothing is. Path and query
// parameters are members like all others.
std::optional<Error> check_input(Operation const& operation, Json const& input);

// Query and path parameters arrive as text: turns each member that the operation declares as a number or a flag
// into one where that is possible, and leaves the rest for `check_input` to refuse.
Json typed_input(Operation const& operation, Json input);

// This interface as OpenAPI 3.1, JSON text.
std::string_view openapi_json();

}}  // namespace fleet
""")


def flag(value):
    return "true" if value else "false"


def row_text(row, fields, errors, drawn):
    role = "operator_" if row["role"] == "operator" else row["role"]
    return ("    Operation{" + f".name = {quoted(row['name'])}, .kind = OperationKind::{row['kind']}, "
            f".role = Role::{role},\n"
            f"              .method = {quoted(row.get('method', ''))}, .path = {quoted(row.get('path', ''))},\n"
            f"              .act = {quoted(row.get('act', ''))}, .statement = {quoted(row.get('statement', ''))}, "
            f".success_status = {row.get('status', 200)},\n"
            f"              .needs_project = {flag(row.get('project'))}, "
            f".needs_fence = {flag(row.get('fence') == 'required')}, "
            f".honours_if_match = {flag(row.get('if_match'))},\n"
            f"              .on_websocket = {flag(row.get('websocket', True))}, .is_single = {flag(row['single'])}, "
            f".can_wait = {flag(any(field['name'] == 'wait_seconds' for field in row['input']))},\n"
            f"              .cli = {quoted(row.get('cli', ''))}, "
            f".location = {quoted(row.get('location', ''))},\n"
            f"              .drawn = {drawn or '{}'}, .input = {fields or '{}'}, .errors = {errors or '{}'},\n"
            f"              .output = {quoted(row.get('output', ''))},\n"
            f"              .words = {quoted(row['words'])}" + "},")


def body(rows):
    lines, table = [], []
    for row in rows:
        prefix = row["name"].replace(".", "_")
        # An optional input that is null counts as absent, so that a client may send all of its members.
        fields = [dict(field, nullable=True) if field.get("optional") else field for field in row["input"]]
        fields = field_tables(f"{prefix}_in", fields, lines)
        errors = None
        if row.get("errors"):
            errors = f"{prefix}_errors"
            lines.append(f"constexpr std::string_view {errors}[] = {{{', '.join(quoted(e) for e in row['errors'])}}};")
        drawn = None
        if catalogue.drawn_ids(row):
            drawn = f"{prefix}_drawn"
            ids = ", ".join(f"{{{quoted(field['name'])}, {quoted(field['check'].removeprefix('id:'))}}}"
                            for field in catalogue.drawn_ids(row))
            lines.append(f"constexpr DrawnId {drawn}[] = {{{ids}}};")
        table.append(row_text(row, fields, errors, drawn))
    return source("""#include <fleet/operations.hpp>

namespace fleet {
namespace {

""" + "\n".join(lines) + "\n\nconstexpr Operation table[] = {\n" + "\n".join(table) + """
};
static_assert(std::size(table) == operation_count);

}  // namespace

std::span<Operation const> operations() { return table; }

}  // namespace fleet
""")
