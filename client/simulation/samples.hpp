#pragma once
// Times of single operations, and what stands at their percentiles.
#include <fleet/json_value.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace fleet::simulation {

using Micros = std::chrono::microseconds;

class Samples {
public:
    void add(Micros took) { values_.push_back(took.count()); }
    std::size_t count() const { return values_.size(); }
    // In milliseconds; `share` 0.99 is p99. 0 when there are none.
    double at(double share) const;
    // {"count", "p50_ms", "p95_ms", "p99_ms", "max_ms"}
    Json summary() const;

private:
    std::vector<std::int64_t> values_{};
};

}  // namespace fleet::simulation
