#pragma once
// The way up: listener → log reader → fan-out → subscribers. One per daemon; each range of the log is read
// once. Lives on the loop thread. The pools outlive it.
#include "bus/subscriber.hpp"
#include "pg/pool.hpp"

#include <fleet/backoff.hpp>
#include <fleet/event.hpp>
#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace fleet::bus {

struct BusLimits {
    Millis ping_every{5'000};
    Millis ping_answer{3'000};
    Millis poll_healthy{2'000};  // floor below the hints
    Millis poll_unhealthy{200};  // while nobody listens
    Millis step_limit{5'000};    // connect, listen
    Millis tcp_user_timeout{10'000};
    Millis read_limit{10'000};   // one range of the log
    BackoffLimits reconnect{Millis(100), Millis(10'000)};
    Millis pooler_pause{30'000};   // before a DSN that leads through a pooler is tried again
    std::int64_t page = 500;       // events a read
    std::size_t ring_max = 8'192;  // events kept for subscribers that follow
    std::size_t ring_bytes_max = 8 << 20;
    std::size_t subscribers_max = 10'000;
    SubscriberLimits subscriber{};
};

struct BusSettings {
    BusLimits limits{};
    std::string application_name{};  // "fleetd/<host>/listener"
    bool catch_up = true;            // test switch no_catch_up: the fault the checkers must find
};

// True unless the environment says FLEET_TEST_SWITCHES=…no_catch_up….
bool catch_up_wanted();

struct BusHealth {
    bool listening = false;  // hints arrive
    bool reading = false;    // the last read of the log went well
    std::int64_t head = 0;
    std::string incarnation{};  // "" until the database was seen
    std::size_t subscribers = 0;
    std::size_t lagging = 0;
    std::size_t ring_events = 0;
    std::size_t ring_bytes = 0;
    std::uint64_t reads = 0;   // range reads
    std::uint64_t events = 0;  // events read
    std::uint64_t hints = 0;
    std::uint64_t reconnects = 0;
    double queue_usage = 0;              // pg_notification_queue_usage()
    std::string last_error{};            // "" while all is well
    std::optional<ErrorCode> trouble{};  // pooler_found, away, …
};

class Bus {
public:
    Bus(asio::any_io_executor loop, pg::Pool& readers, pg::DsnSource dsn, BusSettings settings,
        pg::Report report = {});
    ~Bus();
    Bus(Bus const&) = delete;
    Bus& operator=(Bus const&) = delete;

    // Listener and reader. Spawned once by the owner; completes after `stop()`.
    asio::awaitable<void> run();

    // Says goodbye to subscribers; completes when both loops have ended.
    asio::awaitable<void> stop();

    // Events after `after`; without it, those appended from now on. A position of seq 0 is the start of the
    // log. Errors: log_rewound (the log does not hold the position; detail {"last_common": position}),
    // too_many, stopping, away (the database was never seen yet, or must be asked about another incarnation).
    asio::awaitable<Result<std::shared_ptr<Subscriber>>> subscribe(Filter filter,
                                                                   std::optional<Position> after);

    // For callers inside the daemon, with a seq they were just given by the appender. Never fails.
    std::shared_ptr<Subscriber> follow(Filter filter, std::int64_t after);

    // "This seq was committed here": the reader need not wait for the hint.
    void wake(std::int64_t seq);

    std::int64_t head() const;  // of what was read
    std::string const& incarnation() const;
    Position position(std::int64_t seq) const { return {incarnation(), seq}; }
    BusHealth health() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace fleet::bus
