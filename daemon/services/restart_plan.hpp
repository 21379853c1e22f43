// How often a server that dies is started again: a plan without a clock.
#pragma once

#include <fleet/backoff.hpp>
#include <fleet/time.hpp>

#include <deque>
#include <optional>

namespace fleet::services {

struct RestartLimits {
    std::size_t restarts_max = 5;  // within the window; then it is given up
    Millis window{10 * 60 * 1000};
    BackoffLimits pause{Millis{200}, Millis{10'000}, 2.0, 0.0};
};

class RestartPlan {
public:
    explicit RestartPlan(RestartLimits limits = {}) : limits_(limits), pause_(limits.pause) {}

    // The server ended by itself at `now`: the pause before it is started again, or empty to give up.
    std::optional<Millis> ended(Time now) {
        while (!restarts_.empty() && restarts_.front() + limits_.window <= now) restarts_.pop_front();
        if (restarts_.empty()) pause_.reset();
        if (restarts_.size() >= limits_.restarts_max) return std::nullopt;
        restarts_.push_back(now);
        return pause_.next(0.5);
    }
    // A person started it: the count begins anew.
    void forget() {
        restarts_.clear();
        pause_.reset();
    }
    RestartLimits const& limits() const { return limits_; }

private:
    RestartLimits limits_;
    Backoff pause_;
    std::deque<Time> restarts_;
};

}  // namespace fleet::services
