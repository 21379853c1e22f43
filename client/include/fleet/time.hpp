#pragma once
// Points in time and durations as they stand in JSON, SQL and flags: the three compare equal.
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace fleet {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Millis>;

// "2026-07-28T09:15:00.125Z". Years 0000 to 9999; a time outside is asserted against.
std::string time_text(Time time);

// RFC 3339 with any offset and 0 to 9 digits of fraction; digits after the third are cut off.
Result<Time> parse_time(std::string_view text);

// "90s", "15m", "2h", "1d", "250ms", "1h30m", or a bare number of seconds ("90", "1.5"). Not negative.
Result<Millis> parse_duration(std::string_view text);
// A number of seconds or a string as above.
Result<Millis> duration_from_json(Json const& value);

// The shortest exact form that `parse_duration` reads: "1h30m", "250ms", "0s".
std::string duration_text(Millis duration);

// For people, at most two units, rounded up to seconds: "4m 12s", "2h 5m", "3d".
std::string duration_words(Millis duration);

}  // namespace fleet
