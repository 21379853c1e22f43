#pragma once
// Starting fleetd when it is not there, and ending what was started.
#include "cli/context.hpp"

#include <sys/types.h>
#include <string>
#include <vector>

namespace fleet::cli {

// True when a daemon answers.
bool daemon_answers(Context& context);

// Starts the fleetd beside this program (else the one in PATH) as a session of its own, with `flags`, and
// returns when it answers. The answer is its process, 0 when another start was faster and that daemon serves
// now. Throws daemon_away with its last words when it ends before that.
pid_t start_daemon(Context& context, std::vector<std::string> flags);

// Asks a daemon to stop and waits until it is gone, at most `limit`.
void end_daemon(pid_t daemon, Millis limit);

}  // namespace fleet::cli
