// Log lines as documents, with the time that stands in them.
#pragma once

#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fleet::app {

// The time at the start of a line of fleetd (text or JSON) or of PostgreSQL (`%m`, UTC).
std::optional<Time> time_in_line(std::string_view line);

// {"at","source","line"}; a line without a time has that of the line before (`last`), which is kept up to
// date.
Json log_document(std::string_view source, std::string_view line, std::optional<Time>& last);

}  // namespace fleet::app
