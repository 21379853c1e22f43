#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <ctime>

namespace fleet::cli {
namespace {

using std::chrono::duration_cast;

std::tm local_parts(Time time) {
    std::time_t seconds = duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return parts;
}

}  // namespace

std::string span_words(Millis span) {
    constexpr Millis second{1'000};
    if (span.count() >= 0 && span < second) return fmt::format("{}ms", span.count());
    return duration_words(span);
}

std::string left_words(Time until, Time now) {
    if (until > now) return span_words(std::max(until - now, Millis(1'000))) + " left";
    return "lapsed " + ago_words(until, now);
}

std::string ago_words(Time then, Time now) {
    if (now - then < Millis(1'000)) return "just now";
    return span_words(now - then) + " ago";
}

std::string size_words(std::int64_t bytes) {
    auto value = static_cast<double>(bytes);
    if (value < 1024) return fmt::format("{} B", bytes);
    if (value < 1024 * 1024) return fmt::format("{:.0f} kB", value / 1024);
    if (value < 10.0 * 1024 * 1024 * 1024) return fmt::format("{:.0f} MB", value / (1024 * 1024));
    return fmt::format("{:.0f} GB", value / (1024.0 * 1024 * 1024));
}

std::optional<Time> time_member(Json const& object, std::string_view key) {
    auto parsed = parse_time(text_or(object, key, ""));
    if (!parsed) return std::nullopt;
    return *parsed;
}

std::string left_member(Json const& object, std::string_view key, Time now) {
    auto time = time_member(object, key);
    return time ? left_words(*time, now) : std::string();
}

std::string ago_member(Json const& object, std::string_view key, Time now) {
    auto time = time_member(object, key);
    return time ? ago_words(*time, now) : std::string();
}

std::string joined(std::vector<std::string> const& parts, std::string_view between) {
    std::string out;
    for (std::string const& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

std::string list_member(Json const& object, std::string_view key) {
    std::vector<std::string> parts;
    if (!object.is_object()) return {};
    auto found = object.find(key);
    if (found == object.end()) return {};
    if (found->is_string()) return found->get<std::string>();
    if (!found->is_array()) return {};
    for (Json const& item : *found) {
        if (item.is_string()) parts.push_back(item.get<std::string>());
    }
    return joined(parts, ", ");
}

Time clock_now() {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

std::string local_clock(Time time, Time now) {
    std::tm parts = local_parts(time);
    std::tm today = local_parts(now);
    auto clock = fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
    if (parts.tm_yday == today.tm_yday && parts.tm_year == today.tm_year) return clock;
    return fmt::format("{:04}-{:02}-{:02} {}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, clock);
}

}  // namespace fleet::cli
