// What a pilot's own token is good for.
#pragma once

#include "auth/identity.hpp"

#include <fleet/error.hpp>

#include <optional>
#include <string>

namespace fleet::auth {

// The token of a pilot is good for its own project, and means it where none is named: `project` is filled in
// then. Whoever is not bound may go anywhere. Errors: forbidden.
std::optional<Error> keep_to_project(Identity const& caller, std::string& project);

}  // namespace fleet::auth
