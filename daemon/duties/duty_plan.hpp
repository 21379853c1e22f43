// What the beacon's connection does next, without I/O: a value that is told what happened and what time it is.
#pragma once

#include <fleet/time.hpp>

#include <chrono>

namespace fleet::duties {

using Instant = std::chrono::steady_clock::time_point;

enum class Duty { renew, lead, sweep, watch };

struct DutyPauses {
    Millis renew{5'000};   // a third of the lease
    Millis lead{2'000};    // between tries to take the duty
    Millis sweep{5'000};   // the leader's round
    Millis watch{1'000};   // who sits on the order lock, which hosts are late
};

struct DueDuty {
    Duty duty = Duty::renew;
    Instant at{};
};

// Renewing comes before all else: a daemon that is busy leading must not lose its own host.
class DutyPlan {
public:
    DutyPlan(DutyPauses pauses, Instant now) : pauses_(pauses), renew_(now + pauses.renew), other_(now), watch_(now) {}

    // What is due next, and when.
    DueDuty next() const;

    // `duty` was done (whatever came of it).
    void done(Duty duty, Instant now);

    void leads(bool yes, Instant now);
    bool is_leading() const { return leading_; }

private:
    DutyPauses pauses_;
    Instant renew_;
    Instant other_;        // `sweep` while leading, else `lead`
    Instant watch_;
    bool leading_ = false;
};

}  // namespace fleet::duties
