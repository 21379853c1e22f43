// Hooks of agent programs over HTTP. Pure; internal to this room.
#pragma once

#include "net/http.hpp"

#include <fleet/json_value.hpp>

namespace fleet::faces {

// The body of a hook is what the client says, as it is: it becomes the argument that the operation takes. The
// header Fleet-Cwd says where a hook runs whose client does not.
Json hook_body(Json said, net::Headers const& headers);

}  // namespace fleet::faces
