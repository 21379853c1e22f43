#include "direct/tail_plan.hpp"

#include <algorithm>

namespace fleet::direct {

TailStep TailPlan::next(TailHappened what, Millis now, double random) {
    if (what == TailHappened::lost || what == TailHappened::pooler) {
        pause_ = backoff_.next(random);
        if (what == TailHappened::pooler) pause_ = times_.pooler_pause;
        return go(TailStep::sleep);
    }
    switch (step_) {
        case TailStep::sleep: return go(TailStep::connect);
        case TailStep::connect: return go(TailStep::listen);
        case TailStep::listen: next_ping_ = now + times_.ping_every; return go(TailStep::catch_up);
        case TailStep::catch_up:
            // Only here is the way known to be whole: connecting alone proves little.
            backoff_.reset();
            next_poll_ = now + times_.poll_every;
            return go(TailStep::wait);
        case TailStep::wait:
            if (what == TailHappened::hint) return go(TailStep::catch_up);
            return go(now >= next_ping_ ? TailStep::ping : TailStep::catch_up);
        case TailStep::ping: next_ping_ = now + times_.ping_every; return go(TailStep::catch_up);
    }
    return step_;
}

Millis TailPlan::wait_limit(Millis now) const {
    return std::max(Millis(0), std::min(next_ping_, next_poll_) - now);
}

}  // namespace fleet::direct
