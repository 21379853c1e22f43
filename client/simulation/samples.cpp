#include "simulation/samples.hpp"

#include <algorithm>
#include <cmath>

namespace fleet::simulation {

// The smallest value that at least `share` of all do not exceed.
double Samples::at(double share) const {
    if (values_.empty()) return 0;
    auto sorted = values_;
    auto const rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
    auto const nth = sorted.begin() + static_cast<std::ptrdiff_t>(rank == 0 ? 0 : rank - 1);
    std::nth_element(sorted.begin(), nth, sorted.end());
    return std::round(static_cast<double>(*nth) / 10.0) / 100.0;
}

Json Samples::summary() const {
    return Json{{"count", count()},
                {"p50_ms", at(0.5)},
                {"p95_ms", at(0.95)},
                {"p99_ms", at(0.99)},
                {"max_ms", at(1.0)}};
}

}  // namespace fleet::simulation
