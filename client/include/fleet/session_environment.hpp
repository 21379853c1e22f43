#pragma once
// The session of an agent program that this process runs in.
#include <fleet/session_identity.hpp>

#include <optional>
#include <vector>

namespace fleet {

Environment own_environment();
// As far as they may be read: those of another account end the row.
std::vector<Environment> parent_environments();

// `sessions_of` this process, and the first of them. Errors: invalid_field (a FLEET_SESSION that is not
// client/id).
Result<std::vector<SessionName>> sessions_from_environment();
Result<std::optional<SessionName>> session_from_environment();

}  // namespace fleet
