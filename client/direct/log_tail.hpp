#pragma once
// The events of the log in order, straight from Postgres: for tools that have a DSN and no daemon.
// Lives on the loop thread. LISTEN wakes it, the log is the truth, a poll is the floor; a lost session is
// made anew and nothing is lost over it.
#include "direct/pg_session.hpp"
#include "direct/tail_plan.hpp"

#include <fleet/event.hpp>
#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleet::direct {

// An empty member means "any".
struct TailFilter {
    std::string project{};
    std::vector<std::string> types{};
    std::string stream_type{};
    std::string stream_id{};
};

struct TailSettings {
    std::string dsn;
    std::string application_name = "fleet/tail";
    std::string role{};  // "" keeps the DSN's; "fleet_reader" is enough
    TailFilter filter{};
    // Where to start: after this position; without it, from now on. With an empty incarnation the seq alone
    // counts.
    std::optional<Position> after{};
    TailTimes times{};
    Millis step_limit{5'000};
    Millis ping_answer{3'000};
    std::int64_t page = 500;
};

struct TailedEvent {
    std::int64_t seq = 0;
    std::string project;
    std::string json;  // the complete envelope
};

struct TailBatch {
    std::vector<TailedEvent> events{};  // in seq order; empty when the time limit passed
    Position to{};                      // everything that matches up to here has been handed out
};

class LogTail {
public:
    LogTail(asio::any_io_executor loop, TailSettings settings);
    ~LogTail();

    // The next events, or an empty batch after `limit`. Reconnects by itself; a database that is away makes
    // it wait. One caller at a time. Cancelling it is safe: the next call continues where the last batch
    // ended. Errors: log_rewound (detail {"last_common": position}), pooler_found, forbidden (the role may
    // not read).
    asio::awaitable<Result<TailBatch>> next(Millis limit);

    void close();  // `next` in flight ends with `away`

    bool is_listening() const;
    std::string last_error() const;  // "" while all is well

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace fleet::direct
