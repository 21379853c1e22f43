// Reserving files, and waiting for them.
#include "operations/waits.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace fleet::ops {

namespace {

using Clock = std::chrono::steady_clock;

// The database's clock may be a little behind ours; it decides what is past the deadline.
constexpr Millis grace{20};

struct InLine {
    std::string reservation_id;
    std::int64_t since = 0;                          // seq of the wait's beginning
    Clock::time_point deadline;
    Json answer;                                     // what the database said: conflicts, message
};

// How a wait ended, as far as the log has told.
struct Ended {
    std::string outcome;                             // "granted", "timeout", "cancelled", "deadlock"
    Json reservation = nullptr;                      // granted: the body of the answer
    std::optional<std::int64_t> seq{};
};

Json granted_body(Json const& event, Json const& data, std::int64_t waited_ms) {
    return Json{{"outcome", "granted"},
                {"reservation_id", text_or(event, "stream_id", "")},
                {"token", number_or(event, "seq", 0)},
                {"expires_at", text_or(data, "expires_at", "")},
                {"extended", false},
                {"patterns", data.value("patterns", Json::array())},
                {"mode", text_or(data, "mode", "")},
                {"displaced", Json::array()},
                {"waited_ms", waited_ms}};
}

Answer answer_of_grant(Json body, std::optional<std::int64_t> seq) {
    bool const is_new = !flag_or(body, "extended", false) && !flag_or(body, "dry_run", false);
    Answer answer = answer_of(body, is_new ? 201 : 200);
    answer.seq = seq;
    if (body.contains("reservation_id"))
        answer.location = "/reservations/" + text_or(body, "reservation_id", "");
    return answer;
}

Error wait_error(InLine const& wait, std::string_view outcome, std::string_view waited) {
    auto const who = text_or(wait.answer, "message", "");
    Json detail = Json::object();
    detail["outcome"] = std::string(outcome);
    for (auto const* name : {"conflicts", "count", "patterns", "mode"})
        if (wait.answer.contains(name)) detail[name] = wait.answer[name];
    if (outcome == "deadlock") return make_error(ErrorCode::deadlock, {}, "/patterns", std::move(detail));
    if (outcome == "timeout")
        return make_error(ErrorCode::wait_ended,
                          fmt::format("waited {} in vain. When it began: {}", waited, who), "/patterns",
                          std::move(detail));
    return make_error(ErrorCode::wait_ended, "the wait was cancelled", "/patterns", std::move(detail));
}

// Reads what the log says about the wait; true when it has ended.
bool read_events(bus::Batch const& batch, std::int64_t& waited_ms, Ended& ended) {
    for (auto const& event : batch.events) {
        if (event->type != "file_reserved" && event->type != "file_wait_ended") continue;
        auto const envelope = Json::parse(event->json, nullptr, false);   // our own database wrote it
        if (!envelope.is_object() || !envelope.contains("data")) continue;
        Json const& data = envelope["data"];
        if (event->type == "file_reserved") {
            ended.outcome = "granted";
            ended.reservation = granted_body(envelope, data, waited_ms);
            ended.seq = event->seq;
            return true;
        }
        waited_ms = number_or(data, "waited_ms", 0);
        ended.outcome = text_or(data, "outcome", "");
        if (ended.outcome != "granted") return true;   // the grant itself comes next
    }
    return false;
}

// Gives up the wait; what was granted at the last moment counts.
asio::awaitable<Result<Ended>> give_up(Operations::State& state, Request who, InLine const& line,
                                       std::string_view outcome) {
    std::string id = line.reservation_id;
    auto row = co_await end_wait(state, std::move(who), std::move(id), outcome);
    if (!row) co_return row.error();
    auto const result = row->result_json();
    Ended ended{.outcome = text_or(result, "outcome", outcome)};
    if (result.contains("granted") && result["granted"].is_object()) {
        ended.outcome = "granted";
        ended.reservation = result["granted"];
        ended.seq = number_or(ended.reservation, "token", 0);
    }
    co_return ended;
}

// Holds the request until the log says how its wait ended, the deadline passes, the client goes, or the
// daemon stops.
asio::awaitable<Result<Ended>> stand_in_line(Operations::State& state, Request who, InLine const& line) {
    using namespace asio::experimental::awaitable_operators;
    bus::Filter filter;
    filter.stream_id = line.reservation_id;
    auto const subscriber = state.parts.bus.follow(std::move(filter), line.since);
    auto const project = text_or(who.args, "project", who.project);
    Wait wait(state, project, who.leaving);
    Ended ended;
    std::int64_t waited_ms = 0;
    for (;;) {
        if (wait.is_over()) co_return co_await give_up(state, std::move(who), line, "cancelled");
        auto const rest = std::chrono::ceil<Millis>(line.deadline - Clock::now());
        if (rest <= Millis(0)) co_return co_await give_up(state, std::move(who), line, "timeout");
        auto const limit = std::min(rest, sign_of_life);
        auto first = co_await (subscriber->next(limit) || wait.woken());
        if (first.index() == 1) continue;
        auto& batch = std::get<0>(first);
        if (!batch) co_return batch.error();
        if (read_events(*batch, waited_ms, ended)) co_return ended;
        if (batch->goodbye) co_return make_error(ErrorCode::stopping);
        if (!who.caller.callsign.empty()) state.beats.touch(project, who.caller.callsign);
    }
}

std::optional<Error> check_wait(Operations::State const& state, Request const& request) {
    Millis const wait = std::chrono::seconds(number_or(request.args, "wait_seconds", 0));
    if (wait == Millis(0)) return std::nullopt;
    if (wait > state.parts.wait_max)
        return make_error(ErrorCode::invalid_field,
                          fmt::format("a wait may last {} at most", duration_text(state.parts.wait_max)),
                          "/wait_seconds");
    if (state.is_stopping) return make_error(ErrorCode::stopping);
    if (state.waits.size() < state.parts.waits_max) return std::nullopt;
    Error error = make_error(
        ErrorCode::too_many,
        fmt::format("{} requests wait for files already, which is the limit", state.parts.waits_max));
    error.retry_after_seconds = 5;
    return error;
}

asio::awaitable<Result<Answer>> reserve(Operations::State& state, Request request) {
    if (auto error = check_wait(state, request)) co_return std::move(*error);
    if (!request.args.contains("ttl_seconds") || request.args["ttl_seconds"].is_null())
        request.args["ttl_seconds"] =
            std::chrono::ceil<std::chrono::seconds>(state.parts.reservation_ttl).count();
    Millis const wait = std::chrono::seconds(number_or(request.args, "wait_seconds", 0));
    auto const deadline = Clock::now() + wait + grace;

    // A retry with the key of a request that lost its place (its connection broke) stands in line anew.
    for (bool is_again = false;; is_again = true) {
        auto copy = request;
        if (is_again) copy.idempotency_key.clear();
        Json drawn{{"reservation_id", new_id("rsv")}};
        auto row = co_await submit(state, "reserve", std::move(copy), std::move(drawn));
        if (!row) co_return row.error();
        Json body = row->result_json();
        if (text_or(body, "outcome", "") != "waiting") {
            auto answer = answer_of_grant(std::move(body), row->seq);
            answer.replayed = row->replayed;
            co_return answer;
        }
        InLine line{.reservation_id = text_or(body, "reservation_id", ""), .since = row->seq.value_or(0),
                    .deadline = deadline, .answer = std::move(body)};
        auto who = request;
        auto ended = co_await stand_in_line(state, std::move(who), line);
        if (!ended) co_return ended.error();
        if (ended->outcome == "granted") co_return answer_of_grant(std::move(ended->reservation), ended->seq);
        if (state.is_stopping) co_return make_error(ErrorCode::stopping);
        bool const may_stand_again = row->replayed && ended->outcome == "cancelled" && !is_again
                                     && !(request.leaving && request.leaving->is_gone());
        if (!may_stand_again) co_return wait_error(line, ended->outcome, duration_text(wait));
    }
}

}  // namespace

void bind_reservations(Operations::State& state) {
    state.handlers["reservations.reserve"] = [&state](Request request) {
        return reserve(state, std::move(request));
    };
}

}  // namespace fleet::ops
