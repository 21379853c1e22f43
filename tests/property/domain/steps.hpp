#pragma once
// From drawn numbers to requests: what a number means depends on the state that the model is in, so any part
// of a walk is a walk, too.
#include "domain/model.hpp"

#include <cstdint>
#include <vector>

namespace fleet::walk {

// What happens in a step, and where the numbers come from that say with what.
struct Choice {
    std::uint32_t kind = 0;
    std::uint32_t seed = 0;
};

std::vector<Choice> draw_choices(std::uint32_t seed, std::size_t count);

// Beside requests, a step can be time that passes: a pilot that is silent for too long, a lease that runs
// out.
struct Event {
    std::string silent{};  // callsign
    std::string lapses{};  // id of a sortie whose pilot has just claimed it
    Step step{};           // otherwise
};

Event event_of(Choice const& choice, Model const& model);

}  // namespace fleet::walk
