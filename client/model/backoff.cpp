#include <fleet/backoff.hpp>

#include <algorithm>
#include <cmath>

namespace fleet {

Backoff::Backoff(BackoffLimits limits) : limits_(limits) {}

Millis Backoff::next(double random) {
    // Past 63 doublings every step is the longest; the bound keeps the power finite.
    auto const steps = static_cast<double>(std::min(failures_, std::uint32_t{63}));
    failures_ += failures_ < UINT32_MAX ? 1 : 0;
    auto const wanted = static_cast<double>(limits_.first.count()) * std::pow(limits_.factor, steps);
    auto const step = std::min(wanted, static_cast<double>(limits_.longest.count()));
    auto const draw = std::clamp(random, 0.0, 1.0);
    auto const pause = step * (1.0 - limits_.jitter + limits_.jitter * draw);
    return Millis{std::max<std::int64_t>(1, std::llround(pause))};
}

}  // namespace fleet
