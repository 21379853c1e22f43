#include "transport/reconnect_plan.hpp"

#include <algorithm>

namespace fleet::transport {

void ReconnectPlan::progressed() {
    backoff_.reset();
    failing_since_.reset();
}

std::optional<Millis> ReconnectPlan::failed(Millis now, double random) {
    if (!failing_since_) failing_since_ = now;
    Millis pause = backoff_.next(random);
    if (!limits_.give_up_after) return pause;
    Millis left = *failing_since_ + *limits_.give_up_after - now;
    if (left <= Millis{0}) return std::nullopt;
    return std::min(pause, left);
}

}  // namespace fleet::transport
