#include "duties/duty_plan.hpp"

namespace fleet::duties {

DueDuty DutyPlan::next() const {
    DueDuty due{Duty::renew, renew_};
    if (other_ < due.at) due = DueDuty{leading_ ? Duty::sweep : Duty::lead, other_};
    if (leading_ && watch_ < due.at) due = DueDuty{Duty::watch, watch_};
    return due;
}

void DutyPlan::done(Duty duty, Instant now) {
    switch (duty) {
    case Duty::renew: renew_ = now + pauses_.renew; return;
    case Duty::lead: other_ = now + pauses_.lead; return;
    case Duty::sweep: other_ = now + pauses_.sweep; return;
    case Duty::watch: watch_ = now + pauses_.watch; return;
    }
}

void DutyPlan::leads(bool yes, Instant now) {
    if (leading_ == yes) return;
    leading_ = yes;
    other_ = yes ? now : now + pauses_.lead;
    watch_ = now;
}

}  // namespace fleet::duties
