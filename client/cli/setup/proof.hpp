#pragma once
// Whether what a client's files say works: its MCP server and its hook are asked as that client asks them.
#include "cli/context.hpp"
#include "cli/setup/configured.hpp"

namespace fleet::cli {

// Checks in the form of the operation `doctor` ({name, ok, message, hint?}), for every client that is set up
// here, for the project or for the user. The hook is asked about a file in a directory and a project of the
// moment, which are gone afterwards.
Json proofs(Context& context);

}  // namespace fleet::cli
