// How a line looks. Text: `2026-07-28T09:15:00.125Z info  message key=value`; JSON: one object.
#include "observe/log.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fleet::observe {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 6> secret_words{"password", "token",         "dsn",
                                                       "secret",   "authorization", "credential"};

bool is_secret(std::string_view key) {
    return std::any_of(secret_words.begin(), secret_words.end(),
                       [&](std::string_view word) { return key.find(word) != std::string_view::npos; });
}

// A value in a text line is quoted when it could be read as more than one word; line ends never get through.
std::string quoted(std::string_view value) {
    bool const is_plain = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' || c == 127;
    });
    if (is_plain) return std::string(value);
    return json_text(Json(std::string(value)));
}

struct AsText {
    std::string operator()(std::string_view value) const { return quoted(value); }
    std::string operator()(std::int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return fmt::format("{:.3f}", value); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
};

struct AsJson {
    Json operator()(std::string_view value) const { return Json(std::string(value)); }
    Json operator()(std::int64_t value) const { return Json(value); }
    Json operator()(double value) const { return Json(value); }
    Json operator()(bool value) const { return Json(value); }
};

std::string one_line(std::string_view message) {
    std::string text(message);
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';
    return text;
}

}  // namespace

std::string format_line(LogFormat format, Time time, Level level, std::string_view message,
                        LogFields fields) {
    auto const level_name = level_names.at(static_cast<std::size_t>(level));
    if (format == LogFormat::json) {
        nlohmann::ordered_json line;
        line["time"] = time_text(time);
        line["level"] = std::string(level_name);
        line["message"] = std::string(message);
        for (auto const& field : fields) {
            auto const value = is_secret(field.key()) ? Json("set") : std::visit(AsJson{}, field.value());
            line[std::string(field.key())] = value;
        }
        return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    }
    auto text = fmt::format("{} {:<5} {}", time_text(time), level_name, one_line(message));
    for (auto const& field : fields)
        text += fmt::format(" {}={}", field.key(),
                            is_secret(field.key()) ? "set" : std::visit(AsText{}, field.value()));
    return text;
}

Result<Level> parse_level(std::string_view text) {
    auto const found = std::find(level_names.begin(), level_names.end(), text);
    if (found == level_names.end())
        return make_error(ErrorCode::invalid_field,
                          fmt::format("log level '{}' is none of trace, debug, info, warn, error", text));
    return static_cast<Level>(found - level_names.begin());
}

Result<LogFormat> parse_log_format(std::string_view text) {
    if (text == "text") return LogFormat::text;
    if (text == "json") return LogFormat::json;
    return make_error(ErrorCode::invalid_field,
                      fmt::format("log format '{}' is neither text nor json", text));
}

}  // namespace fleet::observe
