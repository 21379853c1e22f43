#pragma once
// How long to wait before the next try. Without clock and randomness: the caller gives both.
#include <fleet/time.hpp>

#include <cstdint>

namespace fleet {

struct BackoffLimits {
    Millis first{100};
    Millis longest{10'000};
    double factor = 2.0;
    double jitter = 0.5;  // the pause is drawn from [(1 - jitter) * step, step]
};

// Lives wherever its owner lives; a value.
class Backoff {
public:
    explicit Backoff(BackoffLimits limits = {});

    // The pause before the next try. `random` is drawn by the caller from [0, 1).
    Millis next(double random);
    // After a success: the next pause is a first one again.
    void reset() { failures_ = 0; }
    std::uint32_t failures() const { return failures_; }

private:
    BackoffLimits limits_;
    std::uint32_t failures_ = 0;
};

}  // namespace fleet
