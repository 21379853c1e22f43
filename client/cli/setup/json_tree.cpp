#include "cli/setup/json_tree.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

class Reader {
public:
    Reader(std::string_view text, std::string const& name) : text_(text), name_(name) {
        if (text_.starts_with(byte_order_mark)) at_ = byte_order_mark.size();
    }

    Result<std::optional<JsonPart>> document() {
        if (auto skipped = skip(); !skipped) return skipped.error();
        if (at_ == text_.size()) return std::optional<JsonPart>{};
        auto part = value(0);
        if (!part) return part.error();
        if (auto skipped = skip(); !skipped) return skipped.error();
        if (at_ != text_.size()) return wrong("something follows the end of the document");
        return std::optional<JsonPart>(std::move(*part));
    }

private:
    Error wrong(std::string const& what) const {
        auto error =
            make_error(ErrorCode::not_configured,
                       fmt::format("{}: {}", place_in(name_, text_, std::min(at_, text_.size())), what));
        error.hint = "Correct the file, then run this again; it was left as it is.";
        return error;
    }

    char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    // Blanks and comments.
    Result<void> skip() {
        while (at_ < text_.size()) {
            auto const rest = text_.substr(at_);
            if (std::string_view(" \t\r\n").find(rest.front()) != std::string_view::npos) {
                ++at_;
            } else if (rest.starts_with("//")) {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (rest.starts_with("/*")) {
                auto const end = text_.find("*/", at_ + 2);
                if (end == std::string_view::npos) return wrong("this comment does not end");
                at_ = end + 2;
            } else {
                break;
            }
        }
        return {};
    }

    Result<JsonPart> value(std::size_t depth) {
        if (depth > json_depth_max) return wrong("this is nested too deeply");
        if (here() == '{' || here() == '[') return box(depth);
        JsonPart part;
        part.begin = at_;
        if (here() == '"') {
            if (auto word = string(); !word) return word.error();
        } else {
            auto const end = text_.find_first_of(" \t\r\n,:]}[{\"/", at_);
            at_ = std::min(end, text_.size());
            auto const word = text_.substr(part.begin, at_ - part.begin);
            if (word.empty()) return wrong("a value is missing");
            if (!Json::accept(word)) {
                at_ = part.begin;
                return wrong(fmt::format("\"{}\" is not a value of JSON", word.substr(0, 30)));
            }
        }
        part.end = at_;
        return part;
    }

    Result<std::string> string() {
        auto const begin = at_;
        for (++at_; here() != '"'; ++at_) {
            if (here() == '\\') ++at_;
            if (at_ >= text_.size() || here() == '\n') {
                at_ = begin;
                return wrong("this string does not end on its line");
            }
        }
        ++at_;
        auto decoded = Json::parse(text_.substr(begin, at_ - begin), nullptr, false);
        if (decoded.is_string()) return decoded.get<std::string>();
        at_ = begin;
        return wrong("this string has a character or an escape that JSON does not allow");
    }

    Result<JsonPart> box(std::size_t depth) {
        JsonPart part;
        part.kind = here() == '{' ? JsonPart::Kind::object : JsonPart::Kind::array;
        char const close = here() == '{' ? '}' : ']';
        part.begin = at_++;
        while (true) {
            if (auto skipped = skip(); !skipped) return skipped.error();
            if (here() == close) break;
            if (at_ >= text_.size()) return wrong(fmt::format("a {} is missing", close));
            if (!part.parts.empty() && !part.parts.back().comma)
                return wrong("a comma is missing before this");
            auto item = part.kind == JsonPart::Kind::object ? member(part, depth) : value(depth + 1);
            if (!item) return item.error();
            if (auto skipped = skip(); !skipped) return skipped.error();
            if (here() == ',') item->comma = at_++;
            part.parts.push_back(std::move(*item));
        }
        part.end = ++at_;
        return part;
    }

    Result<JsonPart> member(JsonPart const& object, std::size_t depth) {
        auto const key_begin = at_;
        if (here() != '"') return wrong("a name in double quotes is expected here");
        auto key = string();
        if (!key) return key.error();
        if (object.member(*key) != nullptr) {
            at_ = key_begin;
            return wrong(fmt::format("\"{}\" stands twice in this object", *key));
        }
        if (auto skipped = skip(); !skipped) return skipped.error();
        if (here() != ':') return wrong("a colon is missing");
        ++at_;
        if (auto skipped = skip(); !skipped) return skipped.error();
        auto part = value(depth + 1);
        if (!part) return part;
        part->is_member = true;
        part->key = std::move(*key);
        part->key_begin = key_begin;
        return part;
    }

    std::string_view text_;
    std::string const& name_;
    std::size_t at_ = 0;
};

}  // namespace

JsonPart const* JsonPart::member(std::string_view name) const {
    auto const found =
        std::find_if(parts.begin(), parts.end(), [&](auto const& part) { return part.key == name; });
    return kind != Kind::object || found == parts.end() ? nullptr : &*found;
}

Result<std::optional<JsonPart>> read_json_tree(std::string_view text, std::string const& name) {
    return Reader(text, name).document();
}

Json json_of(std::string_view text, JsonPart const& part) {
    if (part.kind == JsonPart::Kind::scalar)
        return Json::parse(text.substr(part.begin, part.end - part.begin));
    if (part.kind == JsonPart::Kind::array) {
        Json list = Json::array();
        for (auto const& one : part.parts) list.push_back(json_of(text, one));
        return list;
    }
    Json object = Json::object();
    for (auto const& one : part.parts) object[one.key] = json_of(text, one);
    return object;
}

std::string place_in(std::string const& name, std::string_view text, std::size_t at) {
    auto const before = text.substr(0, at);
    auto const line = std::count(before.begin(), before.end(), '\n') + 1;
    auto const line_start = before.rfind('\n');
    auto const column = line_start == std::string_view::npos ? at + 1 : at - line_start;
    return fmt::format("{}:{}:{}", name, line, column);
}

std::string newline_of(std::string_view text) {
    return text.find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
}

}  // namespace fleet::cli
