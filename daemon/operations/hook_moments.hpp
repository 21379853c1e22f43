// What a hook does at each moment of a session. Internal to this room.
#pragma once

#include "operations/hook_sessions.hpp"

namespace fleet::ops {

struct Hook {
    HookCall call{};
    Request request{};  // as it came
    BoundSession session{};
    std::string on_failure{};  // what the settings of `fleet hook` say; "" where it is not the one that asks
    bool is_renamed = false;   // the session is another pilot's than was remembered
};

// Errors: those of the database; not_found when the session has ended meanwhile.
asio::awaitable<Result<HookReply>> act_on(Operations::State& state, HookSessions& sessions, Hook& hook);

// What to answer to an edit that nobody can be asked about: by `fleet hook`, the project, or the setting.
bool fails_closed(Operations::State const& state, Hook const& hook);

}  // namespace fleet::ops
