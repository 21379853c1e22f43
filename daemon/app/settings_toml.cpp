// The only file that sees toml++.
#include "app/settings_sheet.hpp"

#include <toml++/toml.h>

#include <utility>

namespace fleet::app {
namespace {

std::string place(std::string_view file_name, toml::source_region const& where) {
    return std::string(file_name) + ":" + std::to_string(where.begin.line);
}

// The value as the text that a flag would have; empty for what no setting can be.
std::optional<std::string> plain_text(toml::node const& node) {
    if (auto const* text = node.as_string()) return text->get();
    if (auto const* number = node.as_integer()) return std::to_string(number->get());
    if (auto const* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    return std::nullopt;
}

// The library throws for broken text, and is linked that way: here the exception becomes a value.
Result<toml::table> parse(std::string_view text, std::string_view file_name) {
    try {
        return toml::parse(text, file_name);
    } catch (toml::parse_error const& error) {
        return make_error(ErrorCode::not_configured,
                          place(file_name, error.source()) + ": " + std::string(error.description()));
    }
}

}  // namespace

Result<void> SettingsSheet::apply_toml(std::string_view toml, std::string_view file_name) {
    auto const parsed = parse(toml, file_name);
    if (!parsed) return parsed.error();
    // A copy is changed, so that a file with a mistake in it changes nothing.
    auto changed = *this;
    for (auto const& [key, node] : *parsed) {
        auto const where = place(file_name, node.source());
        auto const text = plain_text(node);
        if (!text && find_setting(key.str()) != nullptr)
            return make_error(
                ErrorCode::not_configured,
                where + ": " + std::string(key.str()) + " must be text, a whole number, true or false",
                "/" + std::string(key.str()));
        if (auto done = changed.apply(key.str(), text.value_or(""), where); !done) return done;
    }
    *this = std::move(changed);
    return {};
}

}  // namespace fleet::app
