#include "duties/duty_plan.hpp"

namespace fleet::duties {

DutyPlan::Next DutyPlan::next() const {
    Next next{.duty = Duty::renew, .at = renew_at_};
    auto const consider = [&](Duty duty, Instant at) {
        if (at < next.at) next = {.duty = duty, .at = at};
    };
    if (!has_beacon_) consider(Duty::hold_beacon, beacon_at_);
    if (!leads_) consider(Duty::lead, lead_at_);
    if (leads_) consider(Duty::watch_order_lock, watch_at_);
    if (leads_) consider(Duty::sweep, sweep_at_);
    consider(Duty::watch_hosts, hosts_at_);
    return next;
}

void DutyPlan::done(Duty duty, Instant now) {
    switch (duty) {
    case Duty::renew: renew_at_ = now + pauses_.renew; return;
    case Duty::hold_beacon: beacon_at_ = now + pauses_.hold_beacon; return;
    case Duty::lead: lead_at_ = now + pauses_.lead; return;
    case Duty::sweep: sweep_at_ = now + pauses_.sweep; return;
    case Duty::watch_order_lock: watch_at_ = now + pauses_.watch_order_lock; return;
    case Duty::watch_hosts: hosts_at_ = now + pauses_.watch_hosts; return;
    }
}

void DutyPlan::begin(Instant now) {
    renew_at_ = beacon_at_ = lead_at_ = sweep_at_ = watch_at_ = now;
    hosts_at_ = now + pauses_.before_watching;
    has_beacon_ = false;
    leads_ = false;
}

void DutyPlan::leads(bool leads, Instant now) {
    if (leads && !leads_) sweep_at_ = watch_at_ = now;
    leads_ = leads;
}

}  // namespace fleet::duties
