// Which pilot a client's session is: what hooks ask at every call, remembered. Internal to this room.
#pragma once

#include "operations/state.hpp"

#include <fleet/hooks.hpp>
#include <fleet/workspace.hpp>

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fleet::ops {

// A session that is open.
struct BoundSession {
    std::string project{};
    std::string callsign{};
    Workspace place{};      // where it works; on this machine if `may_look`
    bool may_look = false;  // at files: the caller could read them itself
    Json opened = nullptr;  // the answer of sessions.open, when it was opened just now
};

// Lives on the loop thread, as long as `Operations`. Files are looked at on a thread of its own: a file
// system that hangs holds up hooks alone.
class HookSessions {
public:
    explicit HookSessions(Operations::State& state) : state_(state) {}
    ~HookSessions() { looker_.join(); }
    HookSessions(HookSessions const&) = delete;
    HookSessions& operator=(HookSessions const&) = delete;

    // The session of a call; opened when it is not yet, or when `open_anew`. Nothing when its directory
    // belongs to no project that the fleet knows. Errors: those of the database.
    asio::awaitable<Result<std::optional<BoundSession>>> find(HookCall call, Request request, bool open_anew);
    // After the database said that it is not what we remember, or that it ended.
    void forget(HookCall const& call);
    // Where a call comes from.
    asio::awaitable<Workspace> look(std::string cwd, bool may_look);
    // The names of the call's files in the project; those outside are left out.
    asio::awaitable<std::vector<std::string>> names(BoundSession session, HookCall call);

    // False if mail was looked for a moment ago; remembers the time if true.
    bool may_look_for_mail(HookCall const& call, Millis pause);
    // The same for a checkpoint before a compaction.
    bool may_take_checkpoint(HookCall const& call, Millis pause);

private:
    using Key = std::pair<std::string, std::string>;  // client, session
    using Clock = std::chrono::steady_clock;
    struct Entry {
        std::optional<BoundSession> session{};  // nothing: nowhere, until `until`
        Clock::time_point until{};
        Clock::time_point looked{};  // at its directory
        std::optional<Clock::time_point> mail_looked{};
        std::optional<Clock::time_point> checkpoint_taken{};
    };
    asio::awaitable<std::optional<BoundSession>> looked_again(Key key, HookCall call);
    bool is_due(HookCall const& call, std::optional<Clock::time_point> Entry::*last, Millis pause);
    void remember(Key key, std::optional<BoundSession> session);
    asio::awaitable<Result<Json>> known(HookCall call);
    asio::awaitable<Result<Json>> open(HookCall call, Request request, std::string project, Workspace place);

    Operations::State& state_;
    std::map<Key, Entry> entries_{};
    asio::thread_pool looker_{1};
};

// The session's name in operations: the client's id, or its directory when it gives none.
std::string session_id_of(HookCall const& call);

// A request of the session's pilot, to be submitted.
Request request_of(Request const& from, BoundSession const& session, Json args);

}  // namespace fleet::ops
