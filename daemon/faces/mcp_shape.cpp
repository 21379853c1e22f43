#include "faces/mcp_shape.hpp"

#include <fleet/briefing.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace fleet::faces {

namespace {

constexpr std::size_t line_text_max = 240;       // characters of one text within a line
constexpr std::size_t block_text_max = 100'000;  // of a text of several lines; the budget cuts further
constexpr std::size_t texts_min = 40;            // shorter texts are not worth shortening

// The names below `name` in paths such as "missions.sorties.title".
std::vector<std::string_view> below(std::span<std::string_view const> paths, std::string_view name) {
    std::vector<std::string_view> rest;
    for (auto const path : paths)
        if (path.size() > name.size() + 1 && path.starts_with(name) && path[name.size()] == '.')
            rest.push_back(path.substr(name.size() + 1));
    return rest;
}

Json without_nulls(Json const& value) {
    if (value.is_array()) {
        Json out = Json::array();
        for (Json const& one : value) out.push_back(without_nulls(one));
        return out;
    }
    if (!value.is_object()) return value;
    Json out = Json::object();
    for (auto const& [name, member] : value.items())
        if (!member.is_null()) out[name] = without_nulls(member);
    return out;
}

Json kept_of(Json const& value, std::vector<std::string_view> const& paths) {
    if (paths.empty()) return without_nulls(value);
    if (value.is_array()) {
        Json out = Json::array();
        for (Json const& one : value) out.push_back(kept_of(one, paths));
        return out;
    }
    return value.is_object() ? kept_members(value, paths) : value;
}

struct Longest {
    Json* value = nullptr;
    std::size_t size = 0;
};

void find_longest(Json& value, Longest& list, Longest& text) {
    if (value.is_string()) {
        auto const size = value.get_ref<std::string const&>().size();
        if (size > text.size) text = {&value, size};
        return;
    }
    if (!value.is_structured()) return;
    if (value.is_array()) {
        auto const size = json_text(value).size();
        if (value.size() > 1 && size > list.size) list = {&value, size};
    }
    for (Json& member : value) find_longest(member, list, text);
}

// Cuts at the end of a character of UTF-8.
std::string cut_text(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string(text);
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0U) == 0x80U) --bytes;
    return std::string(text.substr(0, bytes)) + "…";
}

std::string cut_to(std::string text, std::int64_t budget) {
    auto tokens = estimated_tokens(text);
    while (tokens > budget && text.size() > texts_min) {
        auto const share = static_cast<double>(budget) / static_cast<double>(tokens);
        text = cut_text(text, static_cast<std::size_t>(static_cast<double>(text.size()) * share * 0.95));
        tokens = estimated_tokens(text);
    }
    return text;
}

// Of several lines, or longer than a line has room for.
bool is_block(Json const& value) {
    if (!value.is_string()) return false;
    auto const& text = value.get_ref<std::string const&>();
    return text.size() > line_text_max || text.find('\n') != std::string::npos;
}

std::string in_line(Json const& value) {
    if (value.is_string()) return inline_text(value.get_ref<std::string const&>(), line_text_max);
    if (value.is_array()) {
        std::string out;
        for (Json const& one : value) out += (out.empty() ? "" : ", ") + in_line(one);
        return out;
    }
    if (!value.is_object()) return json_text(value);
    std::string out;
    for (auto const& [name, member] : value.items()) {
        auto text = in_line(member);
        if (text.empty()) continue;
        fmt::format_to(std::back_inserter(out), "{}{}: {}", out.empty() ? "" : " · ", name, text);
    }
    return out;
}

bool is_list_of_objects(Json const& value) {
    return value.is_array() && !value.empty() && value.front().is_object();
}

void tell_items(std::string& out, Json const& list, std::string_view indent) {
    for (Json const& item : list) {
        Json plain = item;
        std::string deeper;
        for (auto it = plain.begin(); it != plain.end();) {
            if (!is_list_of_objects(*it)) {
                ++it;
                continue;
            }
            tell_items(deeper, *it, std::string(indent) + "  ");
            it = plain.erase(it);
        }
        fmt::format_to(std::back_inserter(out), "{}- {}\n{}", indent, in_line(plain), deeper);
    }
}

}  // namespace

Json kept_members(Json const& answer, std::span<std::string_view const> keep) {
    Json out = Json::object();
    for (auto const path : keep) {
        std::string const name(path.substr(0, path.find('.')));
        auto const found = answer.find(name);
        if (out.contains(name) || found == answer.end() || found->is_null()) continue;
        out[name] = kept_of(*found, below(keep, name));
    }
    return out;
}

Json fitted(Json content, std::int64_t budget) {
    std::int64_t left_out = 0;
    auto tokens = estimated_tokens(json_text(content));
    while (tokens > budget) {
        Longest list;
        Longest text;
        find_longest(content, list, text);
        if (list.value && list.size >= text.size) {
            // As many as are too much by their share, and one at least.
            auto const over = static_cast<double>(tokens - budget) / static_cast<double>(tokens);
            auto const goes = std::clamp<std::size_t>(
                static_cast<std::size_t>(static_cast<double>(list.value->size()) * over), 1,
                list.value->size() - 1);
            for (std::size_t i = 0; i < goes; ++i) list.value->erase(list.value->size() - 1);
            left_out += static_cast<std::int64_t>(goes);
            content["left_out"] = left_out;
        } else if (text.value && text.size > texts_min) {
            *text.value = cut_text(text.value->get_ref<std::string const&>(), text.size * 3 / 4);
        } else {
            break;
        }
        tokens = estimated_tokens(json_text(content));
    }
    return content;
}

std::string told(Json const& content, std::int64_t budget) {
    std::string lines;
    std::string lists;
    std::string blocks;
    for (auto const& [name, value] : content.items()) {
        if (is_list_of_objects(value)) {
            fmt::format_to(std::back_inserter(lists), "{} ({}):\n", name, value.size());
            tell_items(lists, value, "");
        } else if (value.is_array() && value.empty()) {
            fmt::format_to(std::back_inserter(lists), "{}: none\n", name);
        } else if (is_block(value)) {
            auto const& text = value.get_ref<std::string const&>();
            // A briefing is our own text, whose quotes are marked already; everything else is of others.
            bool const is_ours = name == "briefing" || name == "text";
            fmt::format_to(std::back_inserter(blocks), "{}:\n{}\n", name,
                           is_ours ? text : quoted_text(text, block_text_max));
        } else {
            fmt::format_to(std::back_inserter(lines), "{}: {}\n", name, in_line(value));
        }
    }
    auto text = lines + lists + blocks;
    while (text.ends_with('\n')) text.pop_back();
    return cut_to(std::move(text), budget);
}

std::string told_error(Error const& error, std::int64_t budget) {
    // What an operator or a holder wrote may stand in it.
    bool const has_lines = error.message.find_first_of("\r\n") != std::string::npos;
    auto text = fmt::format("{}: {}", text_code(error),
                            has_lines ? inline_text(error.message, block_text_max) : error.message);
    if (!error.field.empty()) text += fmt::format(" (argument {})", error.field);
    if (!error.hint.empty()) text += fmt::format("\nNext: {}", error.hint);
    if (error.retry_after_seconds) text += fmt::format("\nTry again in {} s.", *error.retry_after_seconds);
    if (error.detail.is_object() && !error.detail.empty())
        text += "\nFacts: " + json_text(fitted(without_nulls(error.detail), budget * 3 / 4));
    return cut_to(std::move(text), budget);
}

}  // namespace fleet::faces
