#include "options.hpp"

#include <algorithm>
#include <cmath>

namespace fleet::load {

Json Samples::summary() const {
    std::vector<std::int64_t> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    auto at = [&sorted](double share) {
        if (sorted.empty()) return 0.0;
        auto const index = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
        return std::round(static_cast<double>(sorted[index]) / 10.0) / 100.0;
    };
    return Json{{"count", sorted.size()}, {"p50_ms", at(0.5)}, {"p95_ms", at(0.95)}, {"p99_ms", at(0.99)},
                {"max_ms", at(1.0)}};
}

ClientOptions client_options(Options const& options, std::string callsign) {
    ClientOptions made{};
    made.endpoint = "unix:" + options.socket;
    made.project = options.project;
    made.callsign = std::move(callsign);
    return made;
}

}  // namespace fleet::load
