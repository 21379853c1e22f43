// What is to be done next on connection K, and when: a plan without I/O and without a clock.
#pragma once

#include <fleet/time.hpp>

#include <chrono>

namespace fleet::duties {

enum class Duty {
    renew,           // the host's lease
    hold_beacon,     // not held yet
    lead,            // try to become the leader
    sweep,           // as leader: waits, leases, pilots, keys
    watch_order_lock,  // as leader
    watch_hosts      // who may be lost: as leader all of them, else the leader
};

struct DutyPauses {
    Millis renew{5'000};
    Millis hold_beacon{1'000};
    Millis lead{5'000};
    Millis sweep{5'000};
    Millis watch_order_lock{1'000};
    Millis watch_hosts{5'000};
    // Before a session has lasted for so long, nobody is taken for lost: what kept us from the database may
    // have kept them.
    Millis before_watching{15'000};
};

// A value of its owner. Renewing comes first whenever it is due: everything else can wait.
class DutyPlan {
public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit DutyPlan(DutyPauses pauses) : pauses_(pauses) {}

    struct Next {
        Duty duty;
        Instant at;
    };
    Next next() const;

    // The duty was done (or failed without harm) at `now`.
    void done(Duty duty, Instant now);
    // A session has begun: everything is due, nothing is held.
    void begin(Instant now);
    void beacon_is_held(bool held) { has_beacon_ = held; }
    void leads(bool leads, Instant now);
    bool leads() const { return leads_; }

private:
    DutyPauses pauses_;
    Instant renew_at_{};
    Instant beacon_at_{};
    Instant lead_at_{};
    Instant sweep_at_{};
    Instant watch_at_{};
    Instant hosts_at_{};
    bool has_beacon_ = false;
    bool leads_ = false;
};

}  // namespace fleet::duties
