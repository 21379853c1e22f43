// What the families of operations share. Internal to this room.
#pragma once

#include "operations/beats.hpp"
#include "operations/long_poll.hpp"
#include "operations/operations.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace fleet::ops {

class Wait;

// Of a pilot, by project and callsign.
using Mailbox = std::pair<std::string, std::string>;

// The requests of one project that wait for files, and the coroutine that lets them in when something lapses.
struct Line {
    explicit Line(asio::any_io_executor const& loop) : timer(loop) {}
    std::size_t waits = 0;
    asio::steady_timer timer;
};

struct Operations::State {
    explicit State(OperationsParts given);

    OperationsParts parts;
    std::map<std::string, OperationHandler, std::less<>> handlers{};
    Beats beats;
    LongPolls polls;
    std::set<Mailbox> mailboxes{};                   // that were there when somebody waited at them
    std::set<Wait*> waits{};                         // requests that wait for files
    std::map<std::string, Line> lines{};             // by project; one that is watched, each
    asio::steady_timer changed;                      // a wait or the watching of a line ended
    std::optional<std::chrono::steady_clock::time_point> trouble_since{};   // of the appender
    std::size_t reviving = 0;                        // stale pilots that acted again
    std::size_t under_way = 0;                       // commands the appender has not answered
    bool is_stopping = false;
};

// The families: each binds its names.
void bind_events(Operations::State& state);
void bind_pilots(Operations::State& state);
void bind_reservations(Operations::State& state);
void bind_cursors(Operations::State& state);
void bind_mail(Operations::State& state);
void bind_briefing(Operations::State& state);
void bind_claims(Operations::State& state);
void bind_usage(Operations::State& state);
void bind_sessions(Operations::State& state);
void bind_hooks(Operations::State& state);

// A project and a worktree for a request that says where it comes from, as far as they are not given.
void fill_place(Request& request);
// sessions.open. Errors: those of the command.
asio::awaitable<Result<Answer>> open_session(Operations::State& state, Request request);

// How often a pilot that waits counts as alive: its connection is open.
inline constexpr Millis sign_of_life{60'000};

// Takes `wait_seconds` out of the arguments: it is the daemon that waits, no command knows it.
Millis taken_wait(Request& request);

// "A stale pilot acts": makes it active again, in the background.
void revive(Operations::State& state, std::string project, std::string callsign);

// The same, for a command that needs an active pilot and was refused. Errors: those of set_pilot_status.
asio::awaitable<Result<void>> make_active_now(Operations::State& state, std::string project,
                                              std::string callsign);

// The generic ways, by the operation's row of the catalogue.
asio::awaitable<Result<Answer>> act_by_table(Operations::State& state, Operation const& operation,
                                             Request request);
asio::awaitable<Result<Answer>> read_by_table(Operations::State& state, Operation const& operation,
                                              Request request);

// One command: builds the request of `fleet.act`, submits it, and relates a refusal to the caller's input.
// `drawn` are arguments that were made here (ids, hashes): they are not part of what an idempotency key
// stands for.
asio::awaitable<Result<store::ActRow>> submit(Operations::State& state, std::string_view act, Request request,
                                              Json drawn = Json::object());

// The project a request works in: member `project`, else the header. Errors: invalid_field when there is
// none.
Result<std::string> project_of(Request const& request);

// The member `stream_version` of an object: its ETag.
std::optional<std::int64_t> version_in(std::string_view json);

// One page of a list as a JSON text: items untouched, `next` when there are more.
struct PageShape {
    std::int64_t limit = 100;
    bool goes_back = false;                          // the last ones in front of a position
};
std::string page_text(std::vector<store::Item> items, PageShape shape, std::string_view more_members);

}  // namespace fleet::ops
