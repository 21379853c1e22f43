#include "observe/repeats.hpp"

#include <algorithm>

namespace fleet::observe {

bool Repeats::is_new(std::string const& line, Time now) {
    auto found = std::find_if(seen_.begin(), seen_.end(), [&](Seen const& s) { return s.line == line; });
    if (found != seen_.end() && now < found->until) {
        found->more += 1;
        return false;
    }
    if (found != seen_.end()) {
        found->until = now + window_;
        return true;
    }
    // The oldest is forgotten together with its count: a bound matters more here than a count.
    if (seen_.size() >= lines_max_) seen_.erase(seen_.begin());
    seen_.push_back({line, now + window_, 0});
    return true;
}

std::vector<Repeated> Repeats::closed(Time now) {
    std::vector<Repeated> result;
    for (auto const& seen : seen_)
        if (seen.until <= now && seen.more > 0) result.push_back({seen.line, seen.more});
    std::erase_if(seen_, [&](Seen const& s) { return s.until <= now; });
    return result;
}

std::vector<Repeated> Repeats::all() {
    std::vector<Repeated> result;
    for (auto const& seen : seen_)
        if (seen.more > 0) result.push_back({seen.line, seen.more});
    seen_.clear();
    return result;
}

}  // namespace fleet::observe
