#pragma once
// What a subscriber wants to see. An empty member means "any".
#include "store/reads.hpp"

#include <string>
#include <vector>

namespace fleet::bus {

using LoggedEvent = store::LoggedEvent;
using EventRef = store::EventRef;

struct Filter {
    std::string project{};
    std::vector<std::string> types{};
    std::string stream_type{};
    std::string stream_id{};

    bool matches(LoggedEvent const& event) const;
};

}  // namespace fleet::bus
