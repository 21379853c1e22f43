#pragma once
// The life of one who listens, without I/O: connect, listen, catch up, wait, ping, back off. Carried out by
// `LogTail` (one session does it all) and by the daemon's listener (a reader of its own catches up).
#include <fleet/backoff.hpp>
#include <fleet/time.hpp>

#include <cstdint>

namespace fleet::direct {

// Asked on the session that listens: which backend answers, does it listen, how full is the notify queue.
inline constexpr char const* listening_check =
    "select pg_backend_pid(), exists (select from pg_listening_channels() c(name) where c.name = 'fleet'),"
    " pg_notification_queue_usage()";

enum class TailStep { connect, listen, catch_up, wait, ping, sleep };
enum class TailHappened {
    done,   // the step went well
    hint,   // `wait` ended by a notification
    quiet,  // `wait` ended by its time
    lost,   // the session is gone, or a step failed
    pooler  // the session leads through a transaction pooler: nobody can listen there
};

struct TailTimes {
    Millis ping_every{5'000};
    Millis poll_every{2'000};
    BackoffLimits reconnect{Millis(100), Millis(10'000)};
    Millis pooler_pause{30'000};
};

// A value; the caller gives clock and randomness.
class TailPlan {
public:
    explicit TailPlan(TailTimes times = {}) : times_(times), backoff_(times.reconnect) {}

    TailStep step() const { return step_; }

    // Every path to `wait` goes through `catch_up`: what was notified while nobody listened is lost, and a
    // hint that never comes costs a poll, never an event. `now` is any monotonic clock in milliseconds,
    // `random` is drawn from [0, 1).
    TailStep next(TailHappened what, Millis now, double random);

    // How long `wait` may take at most, and how long to `sleep`.
    Millis wait_limit(Millis now) const;
    Millis pause() const { return pause_; }

    bool is_listening() const {
        return step_ == TailStep::wait || step_ == TailStep::ping || step_ == TailStep::catch_up;
    }
    std::uint32_t failures() const { return backoff_.failures(); }

private:
    TailStep go(TailStep step) { return step_ = step; }

    TailTimes times_;
    Backoff backoff_;
    TailStep step_ = TailStep::connect;
    Millis pause_{0};
    Millis next_ping_{0};
    Millis next_poll_{0};
};

}  // namespace fleet::direct
