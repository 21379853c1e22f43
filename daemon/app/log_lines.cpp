#include "app/log_lines.hpp"

#include <string>

namespace fleet::app {

std::optional<Time> time_in_line(std::string_view line) {
    constexpr std::string_view json_start = "{\"time\":\"";
    if (line.starts_with(json_start)) line.remove_prefix(json_start.size());
    // 2026-07-28T09:15:00.125Z, or 2026-07-28 09:15:00.125 UTC
    constexpr std::size_t without_zone = 23;
    if (line.size() < without_zone + 1) return std::nullopt;
    std::string text(line.substr(0, without_zone));
    auto const rest = line.substr(without_zone);
    if (!rest.starts_with("Z") && !rest.starts_with(" UTC")) return std::nullopt;
    if (text[10] == ' ') text[10] = 'T';
    auto time = parse_time(text + "Z");
    if (!time) return std::nullopt;
    return *time;
}

Json log_document(std::string_view source, std::string_view line, std::optional<Time>& last) {
    if (auto time = time_in_line(line)) last = time;
    Json document{{"source", std::string(source)}, {"line", std::string(line)}};
    document["at"] = last ? Json(time_text(*last)) : Json(nullptr);
    return document;
}

}  // namespace fleet::app
