#pragma once
// Reserving, with a line that says whom one waits for.
#include "cli/context.hpp"

#include <string>

namespace fleet::cli {

// As the operation reservations.reserve; while it takes long, a line says who holds the files and for how
// long.
Result<Json> reserve_waiting(Context& context, std::string const& callsign, Json args);

// Keeps the token of what was granted.
void keep_reservation(Context& context, std::string const& callsign, Json const& granted);

}  // namespace fleet::cli
