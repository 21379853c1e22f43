#pragma once
// Sorties as a tree: a dependency stands above what needs it.
#include <fleet/json_value.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace fleet::cli {

struct Branch {
    std::size_t index;                      // into the list
    std::string prefix;                     // "│  ├─ "
    std::vector<std::string> also_after{};  // names of further dependencies
};

// `sorties` in order of creation. What depends on several stands below the one that comes last in the list;
// what depends on none that is listed stands at the top. No deeper than `depth_max`.
std::vector<Branch> tree_of(Json const& sorties);

}  // namespace fleet::cli
