#pragma once
// How the rooms below `observe` say what happened: app connects this to the log.
#include <fleet/json_value.hpp>

#include <functional>
#include <string>

namespace fleet::pg {

enum class Level { info, warning, error };

// One line for a person at 3 a.m. and its facts. Called on the loop thread; must not block. May be empty.
using Report = std::function<void(Level, std::string line, Json facts)>;

inline void report(Report const& to, Level level, std::string line, Json facts = Json::object()) {
    if (to) to(level, std::move(line), std::move(facts));
}

}  // namespace fleet::pg
