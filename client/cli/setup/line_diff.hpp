#pragma once
// What a change does to a text, line by line, for a person to look at.
#include <string>
#include <vector>

namespace fleet::cli {

// Lines that begin with "+", "-" or " " (two lines around each change), "@@ line" in front of each place.
// Values that look like secrets (…token, …key, …password) are left out: a screen may be shared.
std::vector<std::string> line_diff(std::string const& before, std::string const& after);

}  // namespace fleet::cli
