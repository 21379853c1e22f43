#include "cli/setup/json_edit.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(std::string_view text) {
    return text.find_first_not_of(blanks) == std::string_view::npos;
}

std::string words_of(JsonPath const& path) {
    std::string words;
    for (auto const& step : path) {
        if (!words.empty()) words += '.';
        if (auto const* key = std::get_if<std::string>(&step)) words += *key;
        if (auto const* number = std::get_if<std::size_t>(&step)) words += std::to_string(*number);
    }
    return words;
}

Json* at_path(Json& root, JsonPath const& path) {
    Json* at = &root;
    for (auto const& step : path) {
        if (auto const* key = std::get_if<std::string>(&step))
            at = &(*at)[*key];
        else
            at = &(*at)[std::get<std::size_t>(step)];
    }
    return at;
}

}  // namespace

Result<JsonEdit> JsonEdit::open(std::string text, std::string name) {
    JsonEdit edit(std::move(text), std::move(name));
    if (auto read = edit.read(); !read) return read.error();
    return edit;
}

Result<void> JsonEdit::read() {
    auto tree = read_json_tree(text_, name_);
    if (!tree) return tree.error();
    if (!*tree) {
        text_ += "{}";
        tree = read_json_tree(text_, name_);
    }
    root_ = std::move(**tree);
    if (root_.kind == JsonPart::Kind::object) return {};
    auto error = make_error(ErrorCode::not_configured, fmt::format("{}: an object is expected", name_));
    error.hint = "This client reads an object there: correct the file, then run this again.";
    return error;
}

Json JsonEdit::value() const {
    return json_of(text_, root_);
}

JsonPart const* JsonEdit::find(JsonPath const& path) const {
    JsonPart const* at = &root_;
    for (auto const& step : path) {
        if (auto const* key = std::get_if<std::string>(&step)) {
            at = at->member(*key);
        } else {
            auto const number = std::get<std::size_t>(step);
            at =
                at->kind == JsonPart::Kind::array && number < at->parts.size() ? &at->parts[number] : nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

Result<void> JsonEdit::take(std::string text, Json const& expected) {
    auto const before = std::exchange(text_, std::move(text));
    auto const root = root_;
    auto const done = read();
    if (done && value() == expected) return {};
    text_ = before;
    root_ = root;
    return make_error(ErrorCode::internal,
                      fmt::format("{} cannot be changed safely; it was left as it is", name_));
}

Result<void> JsonEdit::set(JsonPath const& path, OrderedJson const& value) {
    Json expected = this->value();
    if (JsonPart const* there = find(path)) {
        auto text = text_;
        text.replace(there->begin, there->end - there->begin, rendered(value, indent_at(there->first())));
        *at_path(expected, path) = Json::parse(value.dump());
        return take(std::move(text), expected);
    }
    // The deepest object that exists gets one member, which holds all that is missing.
    std::size_t depth = path.size() - 1;
    JsonPath way(path.begin(), path.end() - 1);
    while (find(way) == nullptr) {
        way.pop_back();
        --depth;
    }
    JsonPart const& box = *find(way);
    if (box.kind != JsonPart::Kind::object) {
        auto error = make_error(
            ErrorCode::not_configured,
            fmt::format("{}: {} is not an object", place_in(name_, text_, box.begin), words_of(way)));
        error.hint = "Correct the file, then run this again; it was left as it is.";
        return error;
    }
    OrderedJson whole = value;
    for (std::size_t at = path.size() - 1; at > depth; --at) {
        OrderedJson outer = OrderedJson::object();
        outer[std::get<std::string>(path[at])] = std::move(whole);
        whole = std::move(outer);
    }
    auto const& key = std::get<std::string>(path[depth]);
    (*at_path(expected, way))[key] = Json::parse(whole.dump());
    return take(with_item(box, key, whole), expected);
}

Result<void> JsonEdit::append(JsonPath const& path, OrderedJson const& value) {
    JsonPart const* box = find(path);
    if (box == nullptr) return set(path, OrderedJson::array({value}));
    if (box->kind != JsonPart::Kind::array) {
        auto error = make_error(
            ErrorCode::not_configured,
            fmt::format("{}: {} is not a list", place_in(name_, text_, box->begin), words_of(path)));
        error.hint = "Correct the file, then run this again; it was left as it is.";
        return error;
    }
    Json expected = this->value();
    at_path(expected, path)->push_back(Json::parse(value.dump()));
    return take(with_item(*box, "", value), expected);
}

Result<void> JsonEdit::remove(JsonPath const& path) {
    JsonPart const* part = find(path);
    if (part == nullptr || path.empty()) return {};
    JsonPath const way(path.begin(), path.end() - 1);
    JsonPart const& box = *find(way);
    auto const number = static_cast<std::size_t>(part - box.parts.data());
    Json expected = value();
    Json& outer = *at_path(expected, way);
    if (auto const* key = std::get_if<std::string>(&path.back()))
        outer.erase(*key);
    else
        outer.erase(std::get<std::size_t>(path.back()));
    return take(without_item(box, number), expected);
}

bool JsonEdit::is_minified() const {
    auto const inside = std::string_view(text_).substr(root_.begin, root_.end - root_.begin);
    return inside.find('\n') == std::string_view::npos && !root_.parts.empty();
}

// The blanks at the start of the line of a place.
std::string JsonEdit::indent_at(std::size_t at) const {
    auto const line = text_.rfind('\n', at == 0 ? 0 : at - 1);
    auto const start = line == std::string::npos || at == 0 ? 0 : line + 1;
    auto const end = std::min(text_.find_first_not_of(" \t", start), at);
    return text_.substr(start, end - start);
}

std::string JsonEdit::unit() const {
    if (!root_.parts.empty()) {
        auto const first = root_.parts.front().first();
        auto const lead = std::string_view(text_).substr(root_.begin, first - root_.begin);
        if (auto indent = indent_at(first); lead.find('\n') != std::string_view::npos && !indent.empty())
            return indent;
    }
    return "  ";
}

std::string JsonEdit::rendered(OrderedJson const& value, std::string const& indent) const {
    if (is_minified()) return value.dump();
    auto const step = unit();
    auto const lines = value.dump(static_cast<int>(step.size()), step.front());
    std::string out;
    for (char const c : lines) {
        if (c == '\n')
            out += fmt::format("{}{}", newline_of(text_), indent);
        else
            out += c;
    }
    return out;
}

// Past a comment that stands on the same line.
std::size_t JsonEdit::after_remark(std::size_t at) const {
    auto const next = std::min(text_.find_first_not_of(" \t", at), text_.size());
    auto const rest = std::string_view(text_).substr(next);
    if (rest.starts_with("//")) {
        auto end = std::min(text_.find('\n', next), text_.size());
        return end > 0 && text_[end - 1] == '\r' ? end - 1 : end;
    }
    if (!rest.starts_with("/*")) return at;
    auto const end = text_.find("*/", next);
    auto const line = text_.find('\n', next);
    return end < line ? end + 2 : at;
}

std::string JsonEdit::with_item(JsonPart const& box, std::string const& key, OrderedJson const& value) const {
    auto const newline = newline_of(text_);
    auto const one_line = is_minified();
    auto const named = [&](std::string const& indent) {
        auto words = rendered(value, indent);
        if (box.kind == JsonPart::Kind::array) return words;
        return fmt::format("{}:{}{}", OrderedJson(key).dump(), one_line ? "" : " ", words);
    };
    auto text = text_;
    auto const outer = indent_at(box.begin);
    if (box.parts.empty()) {
        auto const inner = outer + unit();
        auto const inside = std::string_view(text_).substr(box.begin + 1, box.end - box.begin - 2);
        if (one_line) return text.insert(box.end - 1, named(""));
        auto const item = fmt::format("{}{}{}", newline, inner, named(inner));
        auto const last = inside.find_last_not_of(blanks);
        if (last == std::string_view::npos)
            return text.replace(box.begin + 1, inside.size(), fmt::format("{}{}{}", item, newline, outer));
        // Comments stay above; what follows a line comment is a line end in any case.
        auto const ends = inside.find('\n', last) == std::string_view::npos
                              ? fmt::format("{}{}", newline, outer)
                              : std::string();
        return text.insert(box.begin + 2 + last, item + ends);
    }
    auto const& last = box.parts.back();
    auto const lead = std::string_view(text_).substr(box.begin, box.parts.front().first() - box.begin);
    auto const lines = lead.find('\n') != std::string_view::npos;
    auto const indent = lines ? indent_at(last.first()) : outer;
    auto const gap = lines ? fmt::format("{}{}", newline, indent) : std::string(one_line ? "" : " ");
    auto const item = gap + named(indent);
    if (last.comma) return text.insert(lines ? after_remark(*last.comma + 1) : *last.comma + 1, item + ",");
    auto const place = lines ? after_remark(last.end) : last.end;
    text.insert(place, item);
    return text.insert(last.end, ",");
}

std::string JsonEdit::without_item(JsonPart const& box, std::size_t number) const {
    auto const& item = box.parts[number];
    auto const view = std::string_view(text_);
    auto const end = item.comma ? *item.comma + 1 : item.end;
    auto text = text_;
    if (number + 1 < box.parts.size()) {
        auto const next = box.parts[number + 1].first();
        auto const stop = is_blank(view.substr(end, next - end)) ? next : end;
        return text.erase(item.first(), stop - item.first());
    }
    if (number > 0) {
        auto const comma = *box.parts[number - 1].comma;
        auto start = after_remark(comma + 1);
        if (!is_blank(view.substr(start, item.first() - start)))
            start = text_.find_last_not_of(blanks, item.first() - 1) + 1;
        text.erase(start, end - start);
        if (!item.comma) text.erase(comma, 1);
        return text;
    }
    auto const before = view.substr(box.begin + 1, item.first() - box.begin - 1);
    auto const after = view.substr(end, box.end - 1 - end);
    if (is_blank(before) && is_blank(after)) return text.erase(box.begin + 1, box.end - box.begin - 2);
    auto const start = text_.find_last_not_of(blanks, item.first() - 1) + 1;
    return text.erase(start, end - start);
}

}  // namespace fleet::cli
