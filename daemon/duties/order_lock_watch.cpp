#include "duties/order_lock_watch.hpp"

#include <algorithm>
#include <utility>

namespace fleet::duties {

std::vector<LockHolder> OrderLockWatch::look(std::vector<LockHolder> holders, Instant now) {
    std::vector<Seen> still;
    std::vector<LockHolder> sitting;
    for (auto& holder : holders) {
        auto const before = std::ranges::find_if(
            seen_, [&](Seen const& seen) { return seen.pid == holder.pid && seen.began == holder.began; });
        Instant const first = before == seen_.end() ? now : before->first;
        still.push_back({holder.pid, holder.began, first});
        if (now - first >= limit_) sitting.push_back(std::move(holder));
    }
    seen_ = std::move(still);
    return sitting;
}

}  // namespace fleet::duties
