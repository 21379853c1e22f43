// What the daemon counts and measures, for `/metrics`.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::observe {

// Only grows. Any thread.
class Counter {
public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Any thread.
class Gauge {
public:
    void set(double value) { value_.store(value, std::memory_order_relaxed); }
    void add(double change) { value_.fetch_add(change, std::memory_order_relaxed); }
    double value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0};
};

// Counts observations up to each bound. Any thread; a render between two updates may see one without the
// other.
class Histogram {
public:
    explicit Histogram(std::span<double const> bounds);
    void observe(double value);

    std::vector<double> const& bounds() const { return bounds_; }
    std::uint64_t in_bucket(std::size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }
    std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
    double sum() const { return sum_.load(std::memory_order_relaxed); }

private:
    std::vector<double> bounds_;                      // ascending
    std::deque<std::atomic<std::uint64_t>> buckets_;  // one more than bounds: the rest
    std::atomic<std::uint64_t> count_{0};
    std::atomic<double> sum_{0};
};

// Seconds, from 100 µs to 10 s.
inline constexpr std::array<double, 16> latency_bounds{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Owns every instrument; references stay valid as long as the registry. Asking for a name and labels again
// gives the same instrument; asking for it as another kind is a bug (asserted). Any thread; `prometheus_text`
// runs the sampled functions, so it is called on the loop thread.
class Metrics {
public:
    Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
    Histogram& histogram(std::string_view name, std::string_view help,
                         std::span<double const> bounds = latency_bounds, Labels labels = {});
    // A gauge whose value is asked for when the page is made. `value` must live as long as the registry, or
    // until it is replaced.
    void sampled(std::string_view name, std::string_view help, std::function<double()> value,
                 Labels labels = {});

    // The text exposition format, version 0.0.4, sorted by name.
    std::string prometheus_text() const;

private:
    enum class Kind { counter, gauge, histogram };
    struct Series {
        std::string labels;  // rendered, without braces
        Counter* counter = nullptr;
        Gauge* gauge = nullptr;
        Histogram* histogram = nullptr;
        std::function<double()> sample;
    };
    struct Family {
        Kind kind;
        std::string help;
        std::vector<Series> series;
    };
    Series& series(std::string_view name, std::string_view help, Kind kind, Labels const& labels);
    static void render(std::string& page, std::string const& name, Family const& family);

    mutable std::mutex mutex_;
    std::map<std::string, Family, std::less<>> families_;
    std::deque<Counter> counters_;
    std::deque<Gauge> gauges_;
    std::deque<Histogram> histograms_;
};

}  // namespace fleet::observe
