// Telemetry as the programs send it (recorded in tests/support/telemetry), and as it should not be.
#include "operations/otlp.hpp"

#include "support/catch.hpp"

#include <fleet/json.hpp>

#include <fstream>
#include <limits>
#include <sstream>

namespace {

using fleet::Json;
using fleet::ops::usage_in_logs;
using fleet::ops::usage_in_metrics;
using fleet::ops::usage_in_spans;
using fleet::ops::UsageReport;
using fleet::ops::UsageReports;

Json recorded(std::string const& name) {
    std::ifstream file(std::string(FLEET_SOURCE_DIR) + "/tests/support/telemetry/" + name + ".json");
    std::stringstream text;
    text << file.rdbuf();
    return fleet::parse_json(text.str()).value();
}

Json attribute(std::string const& key, Json value) {
    return {{"key", key}, {"value", std::move(value)}};
}

Json whole(std::int64_t number) {
    return {{"intValue", std::to_string(number)}};
}
Json text(std::string const& words) {
    return {{"stringValue", words}};
}

// One record of a service, with these attributes.
Json logs_of(std::string const& service, Json attributes, Json more = Json::object()) {
    more["attributes"] = std::move(attributes);
    Json resource{{"attributes", Json::array({attribute("service.name", text(service))})}};
    return {{"resourceLogs",
             Json::array({Json{
                 {"resource", std::move(resource)},
                 {"scopeLogs", Json::array({Json{{"logRecords", Json::array({std::move(more)})}}})}}})}};
}

Json claude_call(Json usage) {
    Json attributes =
        Json::array({attribute("event.name", text("api_request")), attribute("session.id", text("s")),
                     attribute("model", text("m")), attribute("request_id", text("req_1")),
                     attribute("event.timestamp", text("2026-01-31T12:00:00.125Z"))});
    for (auto& one : usage) attributes.push_back(std::move(one));
    return logs_of("claude-code", std::move(attributes));
}

UsageReport only(UsageReports found) {
    REQUIRE(found.reports.size() == 1);
    REQUIRE(found.unreadable == 0);
    return found.reports.front();
}

void is_the_call(UsageReport const& report) {
    CHECK(report.input_tokens == 100);
    CHECK(report.output_tokens == 20);
    CHECK(report.cache_read_tokens == 0);
    CHECK(report.cache_write_tokens == 0);
    REQUIRE(report.called_at);
    CHECK(fleet::time_text(*report.called_at).substr(0, 11) == "2026-11-21T");
    CHECK_FALSE(report.session_id.empty());
    CHECK(report.source == "otel-log");
    CHECK_FALSE(report.period_from);
}

}  // namespace

TEST_CASE("Claude Code names its call by the request, and what it paid", "[otlp]") {
    auto const report = only(usage_in_logs(recorded("claude-code.logs")));
    is_the_call(report);
    CHECK(report.client == "claude-code");
    CHECK(report.model == "claude-sonnet-4-5");
    CHECK(report.call_id == "req_011test1");
    CHECK(report.cost_micros == 600);
}

TEST_CASE("Codex tells of the end of an answer twice, and counts once", "[otlp]") {
    auto const report = only(usage_in_logs(recorded("codex.logs")));
    is_the_call(report);
    CHECK(report.client == "codex");
    CHECK(report.model == "gpt-5");
    CHECK_FALSE(report.cost_micros);
    CHECK(report.call_id == "codex:" + report.session_id + ":2026-11-21T15:14:09.954Z::120");
}

TEST_CASE("Gemini CLI tells of a call in two records, of which one counts", "[otlp]") {
    auto const report = only(usage_in_logs(recorded("gemini.logs")));
    is_the_call(report);
    CHECK(report.client == "gemini");
    CHECK(report.model == "scripted");
    CHECK(report.call_id.starts_with("gemini:" + report.session_id + ":2026-11-21T15:14:47.995Z:"));
}

TEST_CASE("the part of a cache is taken out of the input where the program leaves it in", "[otlp]") {
    auto const codex = only(usage_in_logs(logs_of(
        "codex_exec",
        Json::array(
            {attribute("event.name", text("codex.sse_event")),
             attribute("event.kind", text("response.completed")), attribute("conversation.id", text("s")),
             attribute("model", text("m")), attribute("input_token_count", text("1000")),
             attribute("output_token_count", text("50")), attribute("cached_token_count", whole(600)),
             attribute("cache_write_token_count", whole(100)), attribute("reasoning_token_count", whole(30)),
             attribute("event.timestamp", text("2026-01-31T12:00:00Z"))}))));
    CHECK(codex.input_tokens == 300);
    CHECK(codex.cache_read_tokens == 600);
    CHECK(codex.cache_write_tokens == 100);
    CHECK(codex.output_tokens == 50);
    auto const gemini = only(usage_in_logs(logs_of(
        "gemini-cli",
        Json::array({attribute("event.name", text("gemini_cli.api_response")),
                     attribute("session.id", text("s")), attribute("model", text("m")),
                     attribute("input_token_count", whole(1000)), attribute("output_token_count", whole(50)),
                     attribute("cached_content_token_count", whole(700)),
                     attribute("thoughts_token_count", whole(20)), attribute("tool_token_count", whole(5)),
                     attribute("event.timestamp", text("2026-01-31T12:00:00Z"))}))));
    CHECK(gemini.input_tokens == 305);
    CHECK(gemini.cache_read_tokens == 700);
    CHECK(gemini.output_tokens == 70);
}

TEST_CASE("money becomes whole once, however it is written", "[otlp]") {
    auto const cost = [](Json usage) {
        usage.push_back(attribute("input_tokens", whole(1)));
        usage.push_back(attribute("output_tokens", whole(1)));
        return only(usage_in_logs(claude_call(std::move(usage)))).cost_micros;
    };
    CHECK(cost(Json::array({attribute("cost_usd", Json{{"doubleValue", 0.0006000000000000001}})})) == 600);
    CHECK(cost(Json::array({attribute("cost_usd", text("0.0035"))})) == 3500);
    CHECK(cost(Json::array({attribute("cost_usd_micros", whole(7)), attribute("cost_usd", text("1"))})) == 7);
    CHECK_FALSE(cost(Json::array({attribute("cost_usd", Json{{"doubleValue", -1.0}})})));
    CHECK_FALSE(cost(Json::array()));
}

TEST_CASE("a record without sound counts is not counted, and said", "[otlp]") {
    auto const broken = [](Json input) {
        return usage_in_logs(claude_call(Json::array(
            {attribute("input_tokens", std::move(input)), attribute("output_tokens", whole(1))})));
    };
    for (auto const& value : {text("many"), Json{{"intValue", -1}}, Json{{"doubleValue", 1.5}},
                              Json{{"boolValue", true}}, Json::object(), Json{{"doubleValue", 1e300}}}) {
        auto const found = broken(value);
        CAPTURE(value.dump());
        CHECK(found.reports.empty());
        CHECK(found.unreadable == 1);
    }
    CHECK(broken(Json{{"doubleValue", 12.0}}).reports.size() == 1);
}

TEST_CASE("counts that nobody uses do not run over", "[otlp]") {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    auto const gemini = usage_in_logs(logs_of(
        "gemini-cli",
        Json::array({attribute("event.name", text("gemini_cli.api_response")),
                     attribute("session.id", text("s")), attribute("model", text("m")),
                     attribute("input_token_count", whole(1)), attribute("output_token_count", whole(most)),
                     attribute("thoughts_token_count", whole(most)),
                     attribute("event.timestamp", text("2026-01-31T12:00:00Z"))})));
    CHECK(gemini.unreadable == 1);
    auto body = recorded("gemini.metrics");
    for (auto& metric : body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"])
        if (metric["name"] == "gemini_cli.token.usage") {
            auto& points = metric["sum"]["dataPoints"];
            for (auto& point : points) point["asInt"] = 9'007'199'254'740'991;
            for (int i = 0; i < 3; ++i) points.insert(points.end(), points[0]);
        }
    auto const sum = only(usage_in_metrics(body));
    CHECK(sum.input_tokens <= 9'007'199'254'740'991);
    CHECK(sum.output_tokens == 9'007'199'254'740'991);
    auto const other = [](Json input) {
        return usage_in_logs(
            logs_of("my-agent", Json::array({attribute("gen_ai.request.model", text("m")),
                                             attribute("gen_ai.response.id", text("r")),
                                             attribute("gen_ai.usage.input_tokens", std::move(input))})));
    };
    CHECK(only(other(whole(3))).output_tokens == 0);
    CHECK(other(whole(-3)).unreadable == 1);
}

TEST_CASE("bodies of any shape are read without harm", "[otlp]") {
    for (auto const* body : {"{}", "{\"resourceLogs\": 1}", "{\"resourceLogs\": [1, null, {}]}",
                             "{\"resourceLogs\": [{\"scopeLogs\": [{\"logRecords\": [7, {\"attributes\": [3, "
                             "{\"key\": 1}]}]}]}]}",
                             "{\"resourceMetrics\": [{\"scopeMetrics\": [{\"metrics\": [{\"name\": "
                             "\"claude_code.token.usage\", \"sum\": 3}]}]}]}",
                             "{\"resourceSpans\": [{\"scopeSpans\": {}}]}"}) {
        auto const parsed = fleet::parse_json(body).value();
        CAPTURE(body);
        CHECK(usage_in_logs(parsed).reports.empty());
        CHECK(usage_in_spans(parsed).reports.empty());
        CHECK(usage_in_metrics(parsed).reports.empty());
    }
}

TEST_CASE("other programs are read by the conventions of OpenTelemetry", "[otlp]") {
    Json const span{{"spanId", "0123456789abcdef"},
                    {"endTimeUnixNano", "1769860800125000000"},
                    {"attributes", Json::array({attribute("gen_ai.request.model", text("gpt-5")),
                                                attribute("gen_ai.response.model", text("gpt-5-2025-08-07")),
                                                attribute("gen_ai.usage.input_tokens", whole(90)),
                                                attribute("gen_ai.usage.cache_read.input_tokens", whole(40)),
                                                attribute("gen_ai.usage.output_tokens", whole(7)),
                                                attribute("gen_ai.conversation.id", text("c"))})}};
    auto const body = [](Json one, std::string const& service) {
        Json resource{{"attributes", Json::array({attribute("service.name", text(service)),
                                                  attribute("fleet.project", text("shop")),
                                                  attribute("fleet.callsign", text("viper-1"))})}};
        return Json{{"resourceSpans",
                     Json::array({Json{
                         {"resource", std::move(resource)},
                         {"scopeSpans", Json::array({Json{{"spans", Json::array({std::move(one)})}}})}}})}};
    };
    auto const report = only(usage_in_spans(body(span, "my-agent")));
    CHECK(report.client == "my-agent");
    CHECK(report.model == "gpt-5-2025-08-07");
    CHECK(report.input_tokens == 50);
    CHECK(report.cache_read_tokens == 40);
    CHECK(report.output_tokens == 7);
    CHECK(report.call_id == "span:0123456789abcdef");
    CHECK(report.session_id == "c");
    CHECK(report.project == "shop");
    CHECK(report.callsign == "viper-1");
    CHECK(fleet::time_text(report.called_at.value()) == "2026-01-31T12:00:00.125Z");
    auto named = span;
    named["attributes"].push_back(attribute("gen_ai.response.id", text("resp_1")));
    CHECK(only(usage_in_spans(body(named, "my-agent"))).call_id == "resp_1");
    // Those that name each call in their logs are not counted by their spans, too.
    CHECK(usage_in_spans(body(span, "gemini-cli")).reports.empty());
}

TEST_CASE("the counters of one stretch of a session are one report", "[otlp]") {
    auto const claude = only(usage_in_metrics(recorded("claude-code.metrics")));
    CHECK(claude.client == "claude-code");
    CHECK(claude.model == "claude-sonnet-4-5");
    CHECK(claude.input_tokens == 100);
    CHECK(claude.output_tokens == 20);
    CHECK(claude.cost_micros == 600);
    CHECK(claude.source == "otel-counter");
    // The call that its logs tell of lies in the stretch: it is counted once.
    auto const call = only(usage_in_logs(recorded("claude-code.logs")));
    CHECK(claude.session_id == call.session_id);
    CHECK(*claude.period_from < *call.called_at);
    CHECK(*call.called_at <= *claude.called_at);
}

TEST_CASE("a counter that only grows is one stretch with one name", "[otlp]") {
    auto body = recorded("gemini.metrics");
    auto const first = only(usage_in_metrics(body));
    CHECK(first.client == "gemini");
    CHECK(first.input_tokens == 100);
    CHECK(first.output_tokens == 20);
    auto const call = only(usage_in_logs(recorded("gemini.logs")));
    CHECK(first.session_id == call.session_id);
    // The series begins when its first call is counted, a little after that call's own time.
    CHECK(*first.period_from - fleet::Millis(5'000) < *call.called_at);
    CHECK(*call.called_at <= *first.called_at);
    // Later the same series says more.
    for (auto& metric : body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"])
        if (metric["name"] == "gemini_cli.token.usage")
            for (auto& point : metric["sum"]["dataPoints"]) {
                point["timeUnixNano"] = "1795274188023000000";
                point["asInt"] = point["asInt"].get<int>() * 3;
            }
    auto const later = only(usage_in_metrics(body));
    CHECK(later.call_id == first.call_id);
    CHECK(later.input_tokens == 300);
    CHECK(*later.called_at > *first.called_at);
}
