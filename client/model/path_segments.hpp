#pragma once
// The rule that paths and patterns share about their segments.
#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// What is wrong with the segments of a text that is not empty, worded to follow "the path …"; empty if
// nothing is.
std::optional<std::string> segments_problem(std::string_view text);

}  // namespace fleet
