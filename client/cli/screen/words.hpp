#pragma once
// Times and sizes as people say them.
#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

// As flags read it, at most two units: "250ms", "40s", "12m", "3h 20m", "4d".
std::string span_words(Millis span);
// "12m left", "lapsed 3m ago".
std::string left_words(Time until, Time now);
// "3m ago", "just now".
std::string ago_words(Time then, Time now);
// "38 MB".
std::string size_words(std::int64_t bytes);

// Points in time inside an answer; none when the member is missing or is not one.
std::optional<Time> time_member(Json const& object, std::string_view key);
std::string left_member(Json const& object, std::string_view key, Time now);
std::string ago_member(Json const& object, std::string_view key, Time now);
// "a, b, c" of a list of strings.
std::string list_member(Json const& object, std::string_view key);
std::string joined(std::vector<std::string> const& parts, std::string_view between);

Time clock_now();
// "14:03:22" of this machine's time zone; with the day in front when it is not today.
std::string local_clock(Time time, Time now);

}  // namespace fleet::cli
