// Appending to the log.
#include "operations/state.hpp"

#include <fleet/json.hpp>

#include <utility>

namespace fleet::ops {

namespace {

// The path of a field of the one event, as the caller wrote it: "/events/0/type" is "/type".
Error of_one_event(Error error) {
    constexpr std::string_view first = "/events/0";
    if (error.field.starts_with(first)) error.field.erase(0, first.size());
    return error;
}

Answer appended(store::ActRow row) {
    Answer answer;
    answer.status = 201;
    answer.seq = row.seq;
    answer.replayed = row.replayed;
    answer.json = std::move(row.result);
    return answer;
}

asio::awaitable<Result<Answer>> append_one(Operations::State& state, Request request) {
    Json event = Json::object();
    Json args = Json::object();
    for (auto& [name, value] : request.args.items()) {
        bool const is_of_the_request = name == "project" || name == "expected_version" || name == "metadata";
        if (value.is_null()) continue;
        (is_of_the_request ? args : event)[name] = std::move(value);
    }
    args["events"] = Json::array({std::move(event)});
    request.args = std::move(args);
    auto row = co_await submit(state, "append", std::move(request));
    if (!row) co_return of_one_event(std::move(row).error());
    auto const result = row->result_json();
    auto answer = appended(*std::move(row));
    if (result.contains("events") && !result["events"].empty())
        answer.location = "/events/" + text_or(result["events"][0], "event_id", "");
    co_return answer;
}

asio::awaitable<Result<Answer>> append_batch(Operations::State& state, Request request) {
    auto row = co_await submit(state, "append", std::move(request));
    if (!row) co_return row.error();
    co_return appended(*std::move(row));
}

}  // namespace

void bind_events(Operations::State& state) {
    state.handlers["events.append"] = [&state](Request request) {
        return append_one(state, std::move(request));
    };
    state.handlers["events.append_batch"] = [&state](Request request) {
        return append_batch(state, std::move(request));
    };
}

}  // namespace fleet::ops
