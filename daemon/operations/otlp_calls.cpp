// Calls of models in logs and spans.
#include "operations/otlp.hpp"
#include "operations/otlp_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fleet::ops {

namespace {

struct Record {
    OtlpAttributes attributes;
    std::string client;
    std::optional<Time> at;
};

std::int64_t beyond(std::int64_t all, std::int64_t part) {
    return std::max<std::int64_t>(all - part, 0);
}

UsageReport begun(Record const& record, std::string_view source) {
    UsageReport report;
    report.client = record.client;
    report.session_id = record.attributes.text({"session.id", "conversation.id", "gen_ai.conversation.id"});
    report.project = record.attributes.text({"fleet.project"});
    report.callsign = record.attributes.text({"fleet.callsign"});
    report.called_at = record.at;
    report.source = source;
    return report;
}

// A program that names no call: its session, the very moment that it ended, as the program wrote it, and what
// it used stand for it.
std::string moment_id(Record const& record, UsageReport const& report) {
    auto const moment = record.attributes.text({"event.timestamp"});
    auto const sequence = record.attributes.text({"event.sequence", "prompt_id"});
    if (report.session_id.empty() || (moment.empty() && sequence.empty() && !record.at)) return {};
    return fmt::format("{}:{}:{}:{}:{}", report.client, report.session_id,
                       moment.empty() && record.at ? time_text(*record.at) : moment, sequence,
                       report.input_tokens + report.output_tokens + report.cache_read_tokens);
}

// claude_code.api_request: counts of caches stand beside the input; the request's id is in transcripts, too.
UsageReport of_claude(Record const& record) {
    auto report = begun(record, "otel-log");
    auto const& from = record.attributes;
    report.model = from.text({"model"});
    report.input_tokens = from.count({"input_tokens"}).value_or(-1);
    report.output_tokens = from.count({"output_tokens"}).value_or(-1);
    report.cache_read_tokens = from.count({"cache_read_tokens"}).value_or(0);
    report.cache_write_tokens = from.count({"cache_creation_tokens"}).value_or(0);
    report.cost_micros = from.count({"cost_usd_micros"});
    if (!report.cost_micros) report.cost_micros = from.millionths("cost_usd");
    report.call_id = from.text({"request_id"});
    if (report.call_id.empty()) report.call_id = moment_id(record, report);
    return report;
}

// codex.sse_event of kind response.completed: the input holds the cached part, the output the thoughts.
UsageReport of_codex(Record const& record) {
    auto report = begun(record, "otel-log");
    auto const& from = record.attributes;
    report.model = from.text({"model", "slug"});
    report.cache_read_tokens = from.count({"cached_token_count"}).value_or(0);
    report.cache_write_tokens = from.count({"cache_write_token_count"}).value_or(0);
    auto const input = from.count({"input_token_count"});
    report.input_tokens = input ? beyond(*input, report.cache_read_tokens + report.cache_write_tokens) : -1;
    report.output_tokens = from.count({"output_token_count"}).value_or(-1);
    report.call_id = moment_id(record, report);
    return report;
}

// gemini_cli.api_response: the input holds the cached part; thoughts and the tools' prompts are counted
// apart.
UsageReport of_gemini(Record const& record) {
    auto report = begun(record, "otel-log");
    auto const& from = record.attributes;
    report.model = from.text({"model"});
    report.cache_read_tokens = from.count({"cached_content_token_count"}).value_or(0);
    auto const input = from.count({"input_token_count"});
    report.input_tokens =
        input ? beyond(*input, report.cache_read_tokens) + from.count({"tool_token_count"}).value_or(0) : -1;
    auto const output = from.count({"output_token_count"});
    report.output_tokens = output ? *output + from.count({"thoughts_token_count"}).value_or(0) : -1;
    report.call_id = moment_id(record, report);
    return report;
}

// The conventions of OpenTelemetry for any other program: the input holds the cached part.
UsageReport of_conventions(Record const& record, std::string_view source, std::string const& span) {
    auto report = begun(record, source);
    auto const& from = record.attributes;
    report.model = from.text({"gen_ai.response.model", "gen_ai.request.model"});
    report.cache_read_tokens =
        from.count({"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"})
            .value_or(0);
    report.cache_write_tokens =
        from.count({"gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens"})
            .value_or(0);
    auto const input = from.count_if_said({"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"});
    report.input_tokens = input ? beyond(*input, report.cache_read_tokens + report.cache_write_tokens) : -1;
    report.output_tokens =
        from.count_if_said({"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"}).value_or(-1);
    report.call_id = from.text({"gen_ai.response.id"});
    if (report.call_id.empty()) report.call_id = span;
    if (report.call_id.empty()) report.call_id = moment_id(record, report);
    return report;
}

bool tells_usage(OtlpAttributes const& from) {
    return from.has("gen_ai.usage.input_tokens") || from.has("gen_ai.usage.output_tokens") ||
           from.has("gen_ai.usage.prompt_tokens") || from.has("gen_ai.usage.completion_tokens");
}

// These tell of each call in their logs, by a name that their spans lack.
bool counts_in_logs(std::string_view client) {
    return client == "claude-code" || client == "codex" || client == "gemini";
}

std::string span_of(Json const& record) {
    auto const* const id = otlp_member(record, "spanId");
    return id && id->is_string() && !id->get_ref<std::string const&>().empty()
               ? "span:" + id->get<std::string>()
               : std::string();
}

std::optional<UsageReport> in_log(Record const& record, Json const& json) {
    auto const name = record.attributes.text({"event.name"});
    if (record.client == "claude-code" && (name == "api_request" || name == "claude_code.api_request"))
        return of_claude(record);
    // It tells of the end of an answer twice, once without counts.
    if (name == "codex.sse_event" && record.attributes.text({"event.kind"}) == "response.completed" &&
        record.attributes.has("input_token_count"))
        return of_codex(record);
    if (name == "gemini_cli.api_response") return of_gemini(record);
    if (!counts_in_logs(record.client) && tells_usage(record.attributes))
        return of_conventions(record, "otel-log", span_of(json));
    return std::nullopt;
}

std::optional<Time> moment_of(OtlpAttributes const& from, Json const& json) {
    if (auto const said = parse_time(from.text({"event.timestamp"}))) return *said;
    for (auto const* const name : {"timeUnixNano", "endTimeUnixNano", "observedTimeUnixNano"})
        if (auto const at = otlp_time(json, name)) return at;
    return std::nullopt;
}

void keep(UsageReports& found, UsageReport report) {
    bool const is_sound = !report.model.empty() && !report.call_id.empty() && report.input_tokens >= 0 &&
                          report.output_tokens >= 0;
    if (is_sound)
        found.reports.push_back(std::move(report));
    else
        found.unreadable += 1;
}

}  // namespace

UsageReports usage_in_logs(Json const& body) {
    UsageReports found;
    otlp_each(
        body, {"resourceLogs", "scopeLogs", "logRecords"},
        [&](Json const& json, Json const* resource, std::string const& scope) {
            OtlpAttributes const attributes(otlp_member(json, "attributes"), resource);
            Record const record{attributes, otlp_client(attributes, scope), moment_of(attributes, json)};
            if (auto report = in_log(record, json)) keep(found, *std::move(report));
        });
    return found;
}

UsageReports usage_in_spans(Json const& body) {
    UsageReports found;
    otlp_each(
        body, {"resourceSpans", "scopeSpans", "spans"},
        [&](Json const& json, Json const* resource, std::string const& scope) {
            OtlpAttributes const attributes(otlp_member(json, "attributes"), resource);
            Record const record{attributes, otlp_client(attributes, scope), moment_of(attributes, json)};
            if (counts_in_logs(record.client) || !tells_usage(attributes)) return;
            keep(found, of_conventions(record, "otel-span", span_of(json)));
        });
    return found;
}

}  // namespace fleet::ops
