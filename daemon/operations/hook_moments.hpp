// What a hook does at each moment of a session. Internal to this room.
#pragma once

#include "operations/hook_sessions.hpp"

namespace fleet::ops {

struct Hook {
    HookCall call{};
    Request request{};  // as it came
    BoundSession session{};
};

// Errors: those of the database; not_found when the session has ended meanwhile.
asio::awaitable<Result<HookReply>> act_on(Operations::State& state, HookSessions& sessions, Hook& hook);

// What the project says of an edit that nobody can be asked about, else the setting.
bool fails_closed(Operations::State const& state, Hook const& hook);

}  // namespace fleet::ops
