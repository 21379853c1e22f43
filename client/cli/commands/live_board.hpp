#pragma once
// The full screen of `fleet watch`.
#include "cli/commands/follow.hpp"
#include "cli/context.hpp"

namespace fleet::cli {

// Until q or Ctrl-C. Throws an error that stays.
int live_board(Context& context, FollowFlags const& flags);

}  // namespace fleet::cli
