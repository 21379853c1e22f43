#include "cli/setup/toml_edit.hpp"

#include "cli/setup/json_tree.hpp"
#include "cli/setup/ours.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace fleet::cli {
namespace {

constexpr std::string_view servers = "mcp_servers";

Error left_alone(std::string message) {
    auto error = make_error(ErrorCode::not_configured, std::move(message));
    error.hint = "Correct the file, then run this again; it was left as it is.";
    return error;
}

Result<toml::table> parse(std::string const& text, std::string const& name) {
    try {
        return toml::parse(text);
    } catch (toml::parse_error const& bad) {
        auto const at = bad.source().begin;
        return left_alone(fmt::format("{}:{}:{}: {}", name, at.line, at.column, bad.description()));
    }
}

std::string quoted(std::string const& word) {
    std::string text = "\"";
    for (char const c : word) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text + '"';
}

std::string list(std::vector<std::string> const& words) {
    std::string text = "[";
    for (auto const& word : words) text += (text.size() > 1 ? ", " : "") + quoted(word);
    return text + "]";
}

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries entries_of(TomlServer const& server) {
    return {{"command", quoted(server.command)},
            {"args", list(server.args)},
            {"env_vars", list(server.variables)}};
}

toml::table table_of(TomlServer const& server) {
    auto const strings = [](std::vector<std::string> const& words) {
        toml::array array;
        for (auto const& word : words) array.push_back(word);
        return array;
    };
    return toml::table{
        {"command", server.command}, {"args", strings(server.args)}, {"env_vars", strings(server.variables)}};
}

toml::table const* server_in(toml::table const& root, std::string const& server) {
    return root[servers][server].as_table();
}

bool holds(toml::table const& actual, toml::table const& wanted) {
    toml::table part;
    for (auto const& [key, node] : wanted)
        if (auto const* there = actual.get(key.str())) part.insert(key.str(), *there);
    return part == wanted;
}

// Everything but the server: what may not change.
toml::table others(toml::table root, std::string const& server) {
    if (auto* table = root[servers].as_table()) {
        table->erase(server);
        if (table->empty()) root.erase(servers);
    }
    return root;
}

Result<std::string> proven(std::string before, std::string after, std::string const& name,
                           std::string const& server, TomlServer const* wanted) {
    auto const first = parse(before, name);
    auto const second = parse(after, name);
    if (first && second && others(*first, server) == others(*second, server)) {
        auto const* there = server_in(*second, server);
        if (wanted == nullptr && there == nullptr) return after;
        if (wanted != nullptr && there != nullptr && holds(*there, table_of(*wanted))) return after;
    }
    return left_alone(
        fmt::format("{}: the server {} stands there in a form that cannot be changed safely; "
                    "write it as a table [{}.{}]",
                    name, server, servers, server));
}

// Where a place of toml++ is in the text; both count from 1, columns in code points.
std::size_t offset_of(std::string const& text, toml::source_position at) {
    std::size_t offset = 0;
    for (toml::source_index line = 1; line < at.line; ++line) {
        offset = text.find('\n', offset);
        if (offset == std::string::npos) return text.size();
        ++offset;
    }
    for (toml::source_index column = 1; column < at.column && offset < text.size(); ++column) {
        ++offset;
        while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) ++offset;
    }
    return offset;
}

// The first lines of all tables that have a header of their own.
void header_lines(toml::table const& table, std::vector<toml::source_index>& lines) {
    for (auto const& [key, node] : table) {
        if (auto const* below = node.as_table(); below != nullptr && !below->is_inline()) {
            lines.push_back(below->source().begin.line);
            header_lines(*below, lines);
        }
        auto const* array = node.as_array();
        if (array == nullptr || array->source().begin == array->source().end) continue;
        for (auto const& one : *array)
            if (auto const* below = one.as_table(); below != nullptr && !below->is_inline()) {
                lines.push_back(below->source().begin.line);
                header_lines(*below, lines);
            }
    }
}

// From the header of a table to the next header, without the comments and blank lines above that one.
std::pair<std::size_t, std::size_t> region_of(std::string const& text, toml::table const& root,
                                              toml::table const& table) {
    std::vector<toml::source_index> lines;
    header_lines(root, lines);
    auto const begin_line = table.source().begin.line;
    auto end_line = std::numeric_limits<toml::source_index>::max();
    for (auto const line : lines)
        if (line > begin_line) end_line = std::min(end_line, line);
    auto const begin = offset_of(text, {begin_line, 1});
    auto end = offset_of(text, {end_line, 1});
    while (end > begin) {
        auto const line = text.rfind('\n', end - 2);
        auto const start = line == std::string::npos || end < 2 ? begin : line + 1;
        auto const first = text.find_first_not_of(" \t\r\n", start);
        if (start <= begin || (first < end && text[first] != '#')) break;
        end = start;
    }
    return {begin, end};
}

std::string appended(std::string text, std::string const& server, TomlServer const& wanted) {
    auto const newline = newline_of(text);
    if (!text.empty() && text.back() != '\n') text += newline;
    if (!text.empty()) text += newline;
    text += fmt::format("[{}.{}]{}", servers, server, newline);
    for (auto const& [key, value] : entries_of(wanted)) text += fmt::format("{} = {}{}", key, value, newline);
    return text;
}

// `mcp_servers = { … }` on one line.
std::string put_inline(std::string text, toml::table const& all, std::string const& server,
                       TomlServer const& wanted) {
    std::string entry = fmt::format("{}{} = {{ ", all.empty() ? " " : ", ", server);
    for (auto const& [key, value] : entries_of(wanted))
        entry += fmt::format("{}{} = {}", key == "command" ? "" : ", ", key, value);
    auto const close = text.rfind('}', offset_of(text, all.source().end) - 1);
    auto const end = text.find_last_not_of(" \t", close - 1) + 1;
    return text.replace(end, close - end, entry + " } ");
}

std::string corrected(std::string text, toml::table const& table, TomlServer const& wanted) {
    auto const newline = newline_of(text);
    auto const ours = table_of(wanted);
    // From the end of the text, so that places in front of it stay where they are.
    std::vector<std::pair<std::size_t, std::pair<std::size_t, std::string>>> changes;
    std::string added;
    for (auto const& [key, value] : entries_of(wanted)) {
        auto const* there = table.get(key);
        if (there == nullptr) {
            added += fmt::format("{} = {}{}", key, value, newline);
            continue;
        }
        auto const begin = offset_of(text, there->source().begin);
        changes.push_back({begin, {offset_of(text, there->source().end) - begin, value}});
    }
    std::sort(changes.rbegin(), changes.rend());
    for (auto const& [begin, change] : changes) text.replace(begin, change.first, change.second);
    if (added.empty()) return text;
    auto const header_end = text.find('\n', offset_of(text, {table.source().begin.line, 1}));
    return header_end == std::string::npos ? text + newline + added : text.insert(header_end + 1, added);
}

}  // namespace

Result<TomlState> toml_server_state(std::string const& text, std::string const& name,
                                    std::string const& server, TomlServer const& wanted) {
    auto const root = parse(text, name);
    if (!root) return root.error();
    auto const* there = server_in(*root, server);
    if (there == nullptr) return TomlState::missing;
    if (holds(*there, table_of(wanted))) return TomlState::same;
    auto const command = (*there)["command"].value_or(std::string());
    return is_our_program(command) ? TomlState::differs : TomlState::foreign;
}

Result<std::string> with_toml_server(std::string const& text, std::string const& name,
                                     std::string const& server, TomlServer const& wanted) {
    auto const state = toml_server_state(text, name, server, wanted);
    if (!state) return state.error();
    if (*state == TomlState::same) return text;
    if (*state == TomlState::foreign) return taken(name, server);
    auto const root = parse(text, name);
    if (*state == TomlState::differs)
        return proven(text, corrected(text, *server_in(*root, server), wanted), name, server, &wanted);
    auto const* all = (*root)[servers].as_table();
    if (all == nullptr && root->contains(servers))
        return left_alone(fmt::format("{}: {} is not a table", name, servers));
    auto const is_inline = all != nullptr && all->is_inline();
    auto after = is_inline ? put_inline(text, *all, server, wanted) : appended(text, server, wanted);
    return proven(text, std::move(after), name, server, &wanted);
}

Result<std::string> without_toml_server(std::string const& text, std::string const& name,
                                        std::string const& server) {
    auto after = text;
    for (int turn = 0; turn < 32; ++turn) {
        auto const root = parse(after, name);
        if (!root) return root.error();
        auto const* there = server_in(*root, server);
        if (there == nullptr) return proven(text, std::move(after), name, server, nullptr);
        if (there->is_inline()) break;
        // The tables below it first: each is a region of its own.
        toml::table const* lowest = there;
        for (auto const& [key, node] : *there)
            if (auto const* below = node.as_table(); below != nullptr && !below->is_inline()) lowest = below;
        auto [begin, end] = region_of(after, *root, *lowest);
        // The blank line that parts it from what stands above.
        if (lowest == there && end == after.size() && begin >= 2 && after[begin - 1] == '\n') {
            auto const above = after.find_last_not_of("\r\n", begin - 1);
            auto const line = after.find('\n', above == std::string::npos ? 0 : above);
            if (line + 1 < begin) begin = line + 1;
        }
        after.erase(begin, end - begin);
    }
    return proven(text, std::move(after), name, server, nullptr);
}

}  // namespace fleet::cli
