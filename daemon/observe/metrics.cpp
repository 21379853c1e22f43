#include "observe/metrics.hpp"

#include <fleet/assert.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fleet::observe {
namespace {

std::string escaped(std::string_view text) {
    std::string result;
    for (char c : text) {
        if (c == '\\' || c == '"') result += '\\';
        if (c == '\n') {
            result += "\\n";
            continue;
        }
        result += c;
    }
    return result;
}

std::string label_text(Labels const& labels) {
    std::string text;
    for (auto const& [key, value] : labels)
        text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", key, escaped(value));
    return text;
}

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    return fmt::format("{}", value);
}

std::string braces(std::string const& labels) {
    return labels.empty() ? "" : "{" + labels + "}";
}

}  // namespace

Histogram::Histogram(std::span<double const> bounds)
    : bounds_(bounds.begin(), bounds.end()), buckets_(bounds.size() + 1) {
    FLEET_ASSERT(std::is_sorted(bounds_.begin(), bounds_.end()), "the bounds of a histogram ascend");
}

void Histogram::observe(double value) {
    auto const at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    buckets_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
}

Metrics::Series& Metrics::series(std::string_view name, std::string_view help, Kind kind,
                                 Labels const& labels) {
    auto found = families_.find(name);
    if (found == families_.end())
        found = families_.emplace(std::string(name), Family{kind, std::string(help), {}}).first;
    FLEET_ASSERT(found->second.kind == kind, "a metric keeps its kind");
    auto const text = label_text(labels);
    for (auto& one : found->second.series)
        if (one.labels == text) return one;
    auto& added = found->second.series.emplace_back();
    added.labels = text;
    return added;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
    std::lock_guard const lock(mutex_);
    auto& one = series(name, help, Kind::counter, labels);
    if (one.counter == nullptr) one.counter = &counters_.emplace_back();
    return *one.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
    std::lock_guard const lock(mutex_);
    auto& one = series(name, help, Kind::gauge, labels);
    if (one.gauge == nullptr) one.gauge = &gauges_.emplace_back();
    return *one.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::span<double const> bounds,
                              Labels labels) {
    std::lock_guard const lock(mutex_);
    auto& one = series(name, help, Kind::histogram, labels);
    if (one.histogram == nullptr) one.histogram = &histograms_.emplace_back(bounds);
    return *one.histogram;
}

void Metrics::sampled(std::string_view name, std::string_view help, std::function<double()> value,
                      Labels labels) {
    std::lock_guard const lock(mutex_);
    series(name, help, Kind::gauge, labels).sample = std::move(value);
}

void Metrics::render(std::string& page, std::string const& name, Family const& family) {
    constexpr std::array<std::string_view, 3> kinds{"counter", "gauge", "histogram"};
    page += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help), name,
                        kinds.at(static_cast<std::size_t>(family.kind)));
    for (auto const& one : family.series) {
        if (one.counter != nullptr)
            page += fmt::format("{}{} {}\n", name, braces(one.labels), one.counter->value());
        if (one.sample)
            page += fmt::format("{}{} {}\n", name, braces(one.labels), number(one.sample()));
        else if (one.gauge != nullptr)
            page += fmt::format("{}{} {}\n", name, braces(one.labels), number(one.gauge->value()));
        if (one.histogram == nullptr) continue;
        auto const& histogram = *one.histogram;
        auto const comma = one.labels.empty() ? "" : ",";
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
            so_far += histogram.in_bucket(i);
            auto const bound = i < histogram.bounds().size() ? number(histogram.bounds()[i]) : "+Inf";
            page += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, one.labels, comma, bound, so_far);
        }
        page += fmt::format("{}_sum{} {}\n", name, braces(one.labels), number(histogram.sum()));
        page += fmt::format("{}_count{} {}\n", name, braces(one.labels), so_far);
    }
}

std::string Metrics::prometheus_text() const {
    std::lock_guard const lock(mutex_);
    std::string page;
    for (auto const& [name, family] : families_) render(page, name, family);
    return page;
}

}  // namespace fleet::observe
