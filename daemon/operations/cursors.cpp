// Durable cursors: how far a named consumer has come.
#include "operations/state.hpp"

#include <fleet/json.hpp>

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

}  // namespace

void bind_cursors(Operations::State& state) {
    state.handlers["cursors.advance"] = [&state](Request request) {
        return advance(state, std::move(request), "name");
    };
    state.handlers["ack"] = [&state](Request request) {
        return advance(state, std::move(request), "cursor");
    };
}

}  // namespace fleet::ops
