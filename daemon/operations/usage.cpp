// Telemetry of agent programs: whose session it is, then one report of usage after the other.
#include "operations/otlp.hpp"
#include "operations/state.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <map>
#include <utility>

namespace fleet::ops {

namespace {

struct Owner {
    std::string project{};
    std::string callsign{};
};
using Owners = std::map<std::pair<std::string, std::string>, Owner>;  // by client and session
using Reader = UsageReports (*)(Json const& body);

// What the exporter is told: everything was taken, or how much was not and why.
struct Outcome {
    std::size_t counted = 0;
    std::size_t rejected = 0;
    std::string why{};

    void reject(std::string reason) {
        rejected += 1;
        if (why.empty()) why = std::move(reason);
    }
};

asio::awaitable<Result<Owners>> owners_of(Operations::State& state, std::vector<UsageReport> const& reports) {
    Owners owners;
    Json sessions = Json::array();
    for (auto const& report : reports)
        if (!report.session_id.empty() && owners.try_emplace({report.client, report.session_id}).second)
            sessions.push_back({{"client", report.client}, {"session_id", report.session_id}});
    if (sessions.empty()) co_return owners;
    Json filter{{"sessions", std::move(sessions)}};
    auto items = co_await state.parts.reads.list("list_session_owners", std::move(filter));
    if (!items) co_return items.error();
    for (auto const& item : *items) {
        auto const row = parse_json(item.json);
        if (!row) co_return row.error();
        owners[{text_or(*row, "client", ""), text_or(*row, "session_id", "")}] = {
            text_or(*row, "project", ""), text_or(*row, "callsign", "")};
    }
    co_return owners;
}

// A pilot's token is that pilot; else what the program was told to say of itself; else its session; else what
// the request says.
Owner owner_of(UsageReport const& report, Request const& request, Owners const& owners) {
    if (request.caller.is_bound) return {request.caller.project, request.caller.callsign};
    if (!report.project.empty() && !report.callsign.empty()) return {report.project, report.callsign};
    auto const found = owners.find({report.client, report.session_id});
    if (found != owners.end() && !found->second.callsign.empty()) return found->second;
    return {request.project, request.caller.callsign};
}

Json usage_args(UsageReport const& report, Owner const& owner) {
    Json args{{"project", owner.project},
              {"pilot", owner.callsign},
              {"model", report.model},
              {"input_tokens", report.input_tokens},
              {"output_tokens", report.output_tokens},
              {"cache_read_tokens", report.cache_read_tokens},
              {"cache_write_tokens", report.cache_write_tokens},
              {"call_id", report.call_id},
              {"client", report.client},
              {"source", report.source}};
    if (!report.session_id.empty()) args["session_id"] = report.session_id;
    if (report.cost_micros) args["cost_micros"] = *report.cost_micros;
    if (report.called_at) args["called_at"] = time_text(*report.called_at);
    if (report.period_from) args["period_from"] = time_text(*report.period_from);
    return args;
}

// Of a name that came from outside, what a message can hold.
std::string shown(std::string const& text) {
    constexpr std::size_t most = 80;
    return text.size() > most ? text.substr(0, most) + "…" : text;
}

// Errors: only those after which the exporter should come again.
asio::awaitable<Result<void>> record_one(Operations::State& state, Request const& request,
                                         UsageReport const& report, Owner owner, Outcome& outcome) {
    if (owner.project.empty() || owner.callsign.empty()) {
        outcome.reject(
            fmt::format("nobody knows whose session {} of {} is: switch on the hooks (fleet setup), or set "
                        "OTEL_RESOURCE_ATTRIBUTES=fleet.project=KEY,fleet.callsign=CALLSIGN",
                        shown(report.session_id), shown(report.client)));
        co_return Result<void>();
    }
    Request one;
    one.caller = request.caller;
    one.args = usage_args(report, owner);
    auto row = co_await submit(state, "record_usage", std::move(one));
    if (row) {
        outcome.counted += 1;
        co_return Result<void>();
    }
    auto const status = http_status(row.error());
    constexpr int too_many = 429;
    constexpr int server_errors = 500;
    if (status == too_many || status >= server_errors) co_return row.error();
    outcome.reject(row.error().message);
    co_return Result<void>();
}

asio::awaitable<Result<Answer>> ingest(Operations::State& state, Request request, Reader read,
                                       std::string_view rejected_member) {
    auto found = read(request.args);
    Outcome outcome;
    if (found.unreadable > 0) {
        outcome.rejected = found.unreadable;
        outcome.why = "a record about usage has no model, session or time, or a count that is none";
    }
    auto owners = co_await owners_of(state, found.reports);
    if (!owners) co_return owners.error();
    for (auto const& report : found.reports) {
        auto owner = owner_of(report, request, *owners);
        auto done = co_await record_one(state, request, report, std::move(owner), outcome);
        if (!done) co_return done.error();
    }
    Json body = Json::object();
    if (outcome.rejected > 0)
        body["partialSuccess"] = Json{{std::string(rejected_member), std::to_string(outcome.rejected)},
                                      {"errorMessage", outcome.why}};
    co_return answer_of(body);
}

void bind_one(Operations::State& state, std::string name, Reader read, std::string_view rejected_member) {
    state.handlers.emplace(std::move(name), [&state, read, rejected_member](Request request) {
        return ingest(state, std::move(request), read, rejected_member);
    });
}

}  // namespace

void bind_usage(Operations::State& state) {
    bind_one(state, "otlp.logs", usage_in_logs, "rejectedLogRecords");
    bind_one(state, "otlp.traces", usage_in_spans, "rejectedSpans");
    bind_one(state, "otlp.metrics", usage_in_metrics, "rejectedDataPoints");
}

}  // namespace fleet::ops
