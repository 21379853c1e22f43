#pragma once
// When to try again after a connection could not be made or was lost. Without clock, sockets and randomness.
#include <fleet/backoff.hpp>

#include <optional>

namespace fleet::transport {

struct ReconnectLimits {
    BackoffLimits backoff{};
    std::optional<Millis> give_up_after{};  // since the last time all was well; none: never
};

// A value of its owner. Times are milliseconds of any steady clock.
class ReconnectPlan {
public:
    explicit ReconnectPlan(ReconnectLimits limits) : limits_(limits), backoff_(limits.backoff) {}

    // Something useful came over the connection: the next failure is a first one again. To be connected is
    // not enough, or a daemon that accepts and hangs up would be asked without a pause.
    void progressed();

    // The pause before the next try; none: it is time to give up. `random` is drawn from [0, 1).
    std::optional<Millis> failed(Millis now, double random);

    bool is_failing() const { return failing_since_.has_value(); }

private:
    ReconnectLimits limits_;
    Backoff backoff_;
    std::optional<Millis> failing_since_{};
};

}  // namespace fleet::transport
