#pragma once
// From what was typed to a pattern below the project's top level.
#include "cli/place.hpp"

#include <fleet/result.hpp>

#include <string>
#include <string_view>

namespace fleet::cli {

struct PatternArgument {
    std::string pattern;
    std::string note{};  // what was made of it, when that is not what was typed
};

// What is typed is relative to the current directory, as git has it. A directory means all below it. Links
// are followed, so that one file has one name; a link out of the project is refused. Errors: invalid_field
// (outside of the project, or not in the grammar of patterns).
Result<PatternArgument> pattern_argument(Place const& place, std::string_view typed);

// The same for one path without wildcards, which need not exist.
Result<std::string> path_argument(Place const& place, std::string_view typed);

}  // namespace fleet::cli
