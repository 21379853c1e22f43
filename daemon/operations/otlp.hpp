// What agent programs tell of their models in OpenTelemetry's JSON (OTLP), as reports of usage. Pure: no I/O,
// no clock. The names are those that the programs send; what is not about usage is passed over.
#pragma once

#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::ops {

struct UsageReport {
    std::string client{};  // claude-code, codex, gemini, or the service's name
    std::string session_id{};
    std::string project{};   // resource attribute fleet.project
    std::string callsign{};  // resource attribute fleet.callsign
    std::string model{};
    std::string call_id{};          // the same wherever the call is told of
    std::int64_t input_tokens = 0;  // without those of caches
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_tokens = 0;
    std::int64_t cache_write_tokens = 0;
    std::optional<std::int64_t> cost_micros{};
    std::optional<Time> called_at{};
    std::optional<Time> period_from{};  // of a counter: where its time begins
    std::string source{};               // otel-log, otel-span, otel-counter
};

struct UsageReports {
    std::vector<UsageReport> reports{};
    std::size_t unreadable = 0;  // about usage, but without a model, a time or a sound count
};

// The body of POST /v1/logs, /v1/traces, /v1/metrics.
UsageReports usage_in_logs(Json const& body);
UsageReports usage_in_spans(Json const& body);
// Counters tell sums, not calls: those of one session, model and stretch of time are one report.
UsageReports usage_in_metrics(Json const& body);

}  // namespace fleet::ops
