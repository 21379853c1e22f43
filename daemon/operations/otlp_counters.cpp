// Sums of tokens and money in metrics.
#include "operations/otlp.hpp"
#include "operations/otlp_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace fleet::ops {

namespace {

constexpr int delta_temporality = 1;

struct Point {
    OtlpAttributes attributes;
    std::string client;
    std::string name;  // of the metric
    bool is_delta = false;
    std::optional<Time> from;
    std::optional<Time> to;
    Json const* value = nullptr;  // asInt or asDouble
};

// What one stretch of a session's counters says, all kinds of tokens and the money.
struct Stretch {
    UsageReport report{};
    std::int64_t in_cache = 0;  // Gemini's input holds these
    bool is_delta = false;
    bool has_tokens = false;
};
using Stretches = std::map<std::tuple<std::string, std::string, std::string, bool, Time>, Stretch>;

bool is_delta_sum(Json const& sum) {
    auto const* const said = otlp_member(sum, "aggregationTemporality");
    if (!said) return false;
    if (said->is_string()) return said->get_ref<std::string const&>().find("DELTA") != std::string::npos;
    return said->is_number_integer() && said->get<int>() == delta_temporality;
}

// One name for a kind of tokens, whoever counts it.
std::int64_t* place_of(Stretch& stretch, std::string_view kind) {
    auto& report = stretch.report;
    if (kind == "input" || kind == "tool") return &report.input_tokens;
    if (kind == "output" || kind == "thought") return &report.output_tokens;
    if (kind == "cacheRead") return &report.cache_read_tokens;
    if (kind == "cacheCreation") return &report.cache_write_tokens;
    if (kind == "cache") return &stretch.in_cache;
    return nullptr;
}

bool add(Stretch& stretch, Point const& point) {
    if (point.name == "claude_code.cost.usage") {
        auto const micros = otlp_millionths(*point.value);
        if (micros) stretch.report.cost_micros = otlp_sum(stretch.report.cost_micros.value_or(0), *micros);
        return micros.has_value();
    }
    auto const tokens = otlp_whole(*point.value);
    auto* const place = place_of(stretch, point.attributes.text({"type"}));
    if (!tokens || !place) return false;
    *place = otlp_sum(*place, *tokens);
    stretch.has_tokens = true;
    return true;
}

bool take(Stretches& stretches, Point const& point) {
    auto const model = point.attributes.text({"model"});
    auto const session = point.attributes.text({"session.id"});
    if (model.empty() || session.empty() || !point.from || !point.to || !point.value) return false;
    // A counter that only grows is one stretch, however long; its series begin with the first call of each
    // kind.
    auto const end = point.is_delta ? *point.to : Time();
    auto& stretch = stretches[{point.client, session, model, point.is_delta, end}];
    auto& report = stretch.report;
    bool const is_first = report.model.empty();
    report.client = point.client;
    report.session_id = session;
    report.model = model;
    report.project = point.attributes.text({"fleet.project"});
    report.callsign = point.attributes.text({"fleet.callsign"});
    report.period_from = is_first ? *point.from : std::min(*report.period_from, *point.from);
    report.called_at = is_first ? *point.to : std::max(*report.called_at, *point.to);
    report.source = "otel-counter";
    stretch.is_delta = point.is_delta;
    return add(stretch, point);
}

bool counts_usage(std::string_view name) {
    return name == "claude_code.token.usage" || name == "claude_code.cost.usage" ||
           name == "gemini_cli.token.usage";
}

void each_point(Json const& metric, Json const* resource, std::string const& scope,
                std::function<void(Point const&)> const& visit) {
    auto const* const name = otlp_member(metric, "name");
    auto const* const sum = otlp_member(metric, "sum");
    if (!sum || !name || !name->is_string() || !counts_usage(name->get_ref<std::string const&>())) return;
    for (Json const& one : otlp_list(*sum, "dataPoints")) {
        OtlpAttributes const attributes(otlp_member(one, "attributes"), resource);
        auto const* value = otlp_member(one, "asInt");
        if (!value) value = otlp_member(one, "asDouble");
        visit({attributes, otlp_client(attributes, scope), name->get<std::string>(), is_delta_sum(*sum),
               otlp_time(one, "startTimeUnixNano"), otlp_time(one, "timeUnixNano"), value});
    }
}

}  // namespace

UsageReports usage_in_metrics(Json const& body) {
    UsageReports found;
    Stretches stretches;
    otlp_each(body, {"resourceMetrics", "scopeMetrics", "metrics"},
              [&](Json const& metric, Json const* resource, std::string const& scope) {
                  each_point(metric, resource, scope, [&](Point const& point) {
                      if (!take(stretches, point)) found.unreadable += 1;
                  });
              });
    for (auto& [key, stretch] : stretches) {
        auto& report = stretch.report;
        if (!stretch.has_tokens || !report.period_from || !report.called_at) continue;
        report.cache_read_tokens = otlp_sum(report.cache_read_tokens, stretch.in_cache);
        report.input_tokens = std::max<std::int64_t>(report.input_tokens - stretch.in_cache, 0);
        report.call_id = fmt::format("counter:{}:{}:{}:{}", report.client, report.session_id, report.model,
                                     time_text(stretch.is_delta ? *report.called_at : *report.period_from));
        found.reports.push_back(std::move(report));
    }
    return found;
}

}  // namespace fleet::ops
