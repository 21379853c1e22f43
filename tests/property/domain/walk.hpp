#pragma once
// A walk: drawn steps, each carried out by the model and by the database, which are compared after every one.
#include "domain/steps.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fleet::walk {

struct Walked {
    std::size_t steps = 0;
    std::map<std::string, std::size_t> answers{};  // "claim_sortie ok" → how many
    std::optional<std::string> difference{};       // the first one, in words
    std::size_t failed_at = 0;                     // the step it came after
    std::vector<std::string> last_steps{};         // before it
};

// In a database of its own. With `check_all`, the projections are compared with a replay at the end.
Walked walk(std::vector<Choice> const& choices, bool check_all);

// A part of the steps that still ends in a difference, as short as can be found in this time.
std::vector<Choice> shrink(std::vector<Choice> choices, std::chrono::seconds limit);

}  // namespace fleet::walk
