// Durable cursors: how far a named consumer has come.
#include "operations/state.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::ops {

namespace {

asio::awaitable<Result<Answer>> advance(Operations::State& state, Request request,
                                        std::string_view name_field) {
    bus::CursorName name{.project = text_or(request.args, "project", request.project),
                         .consumer = text_or(request.args, name_field, "")};
    std::int64_t const seq = number_or(request.args, "seq", 0);
    auto event_id = text_or(request.args, "event_id", "");
    auto moved = co_await state.parts.cursors.advance(std::move(name), seq, std::move(event_id));
    if (!moved) co_return moved.error();
    Json const body{{"moved", moved->moved}, {"at", moved->at}};
    co_return answer_of(body);
}

asio::awaitable<Result<Answer>> drop(Operations::State& state, Request request) {
    bus::CursorName cursor{.project = text_or(request.args, "project", request.project),
                           .consumer = text_or(request.args, "name", "")};
    Json const body{{"dropped", true}, {"name", cursor.consumer}};
    auto missing = make_error(ErrorCode::not_found,
                              fmt::format("there is no cursor {} in {}", cursor.consumer, cursor.project),
                              "/name");
    missing.hint = "`fleet cursors list` shows those there are.";
    auto dropped = co_await state.parts.cursors.drop(std::move(cursor));
    if (!dropped) co_return dropped.error();
    if (!*dropped) co_return missing;
    co_return answer_of(body);
}

}  // namespace

void bind_cursors(Operations::State& state) {
    state.handlers["cursors.drop"] = [&state](Request request) { return drop(state, std::move(request)); };
    state.handlers["cursors.advance"] = [&state](Request request) {
        return advance(state, std::move(request), "name");
    };
    state.handlers["ack"] = [&state](Request request) {
        return advance(state, std::move(request), "cursor");
    };
}

}  // namespace fleet::ops
