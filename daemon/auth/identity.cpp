#include "auth/identity.hpp"

#include <algorithm>

namespace fleet::auth {

bool Identity::has_role(std::string_view role) const { return std::ranges::find(roles, role) != roles.end(); }

std::string Identity::actor() const { return callsign.empty() ? account : callsign; }

Identity system_identity() {
    return Identity{
        .source = "daemon", .caller = "daemon", .account = "system", .roles = {std::string(operator_role)}};
}

}  // namespace fleet::auth
