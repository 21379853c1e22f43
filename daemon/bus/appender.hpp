#pragma once
// Sends commands to the database in groups: one call of `fleet.act` is in flight, what arrives meanwhile goes
// next. No timer: an idle appender adds nothing, a busy one makes larger batches.
// Lives on the loop thread. `run()` ends after `stop()`, when everything accepted has been answered.
#include "pg/pool.hpp"
#include "store/act.hpp"

#include <fleet/backoff.hpp>
#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fleet::bus {

namespace asio = boost::asio;

struct AppenderLimits {
    std::size_t batch_max = 500;            // requests in one call
    std::size_t batch_bytes_max = 1 << 20;  // text of one call; one larger request goes alone
    std::size_t queue_max = 20'000;         // requests that wait
    std::size_t queue_bytes_max = 64 << 20;
    Millis request_limit{5'000};                   // from `submit` to an answer, at the latest
    Millis call_limit{15'000};                     // one call; longer than the server's statement_timeout
    BackoffLimits pause{Millis(20), Millis(500)};  // between the tries of one batch
};

struct AppenderHealth {
    std::size_t waiting = 0;
    std::size_t waiting_bytes = 0;
    std::uint64_t calls = 0;
    std::uint64_t requests = 0;
    std::uint64_t largest_batch = 0;
    std::uint64_t repeated_calls = 0;  // lost or in doubt, sent again
    std::uint64_t single_calls = 0;    // sent alone, because their batch had raised
    std::uint64_t refused_full = 0;
    std::int64_t last_seq = 0;  // highest position this appender was answered
    Millis last_call{0};
    std::string last_error{};  // "" while all is well
};

class Appender {
public:
    // `writer` is a pool of one thread, the appender's alone. `committed(seq)` is called on the loop after
    // each call that appended: it wakes the log reader. The pool outlives the appender.
    Appender(asio::any_io_executor loop, pg::Pool& writer, AppenderLimits limits,
             std::function<void(std::int64_t)> committed = {}, pg::Report report = {});
    ~Appender();

    // Completes after the commit that holds the request, with its row: done or refused (`ActRow::refusal`).
    // Errors: away (queue full, or the database gone for `request_limit`; when the commit's outcome is
    // unknown the detail says {"in_doubt": true}: repeat with the same key), too_large, stopping, or what the
    // database raised for this very request. Ends by `request_limit` plus one call at the latest; cancelling
    // it gives up the wait, not the request.
    asio::awaitable<Result<store::ActRow>> submit(store::ActRequest request);

    // The loop. Spawned once by the owner; ends after `stop()`.
    asio::awaitable<void> run();

    // Refuses new requests; completes when `run()` has answered everything it had accepted.
    asio::awaitable<void> stop();

    AppenderHealth health() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace fleet::bus
