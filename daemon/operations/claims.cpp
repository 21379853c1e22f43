// Claiming work, and waiting until there is some.
#include "operations/state.hpp"

#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::ops {

namespace {

using Clock = std::chrono::steady_clock;

// What a claim found: an answer that holds work, or one (a refusal, an empty list) that says there is none.
struct Claimed {
    Result<Answer> answer;
    bool is_empty = false;
    bool is_for_nobody = false;                      // no other pilot would have found anything, either
};

Claimed judged(Result<Answer> answer) {
    if (!answer) {
        bool const is_empty = answer.error().code == ErrorCode::nothing_ready;
        Json const& detail = answer.error().detail;
        bool const is_for_nobody =
            is_empty && detail.is_object() && number_or(detail, "ready_for_others", 1) == 0;
        return {std::move(answer), is_empty, is_for_nobody};
    }
    auto const body = parse_json(answer->json);
    bool const is_empty =
        body && body->is_object() && body->contains("orders") && body->at("orders").empty();
    return {std::move(answer), is_empty, false};
}

// A claim that found nothing has written nothing: its key is free for the next try, and a repeat of the whole
// request by the client finds the answer of the try that found something.
asio::awaitable<Result<Answer>> claim(Operations::State& state, Operation const& operation,
                                      std::string_view line, Request request) {
    Millis const wait = taken_wait(request);
    auto const deadline = Clock::now() + wait;
    if (wait == Millis(0)) co_return co_await act_by_table(state, operation, std::move(request));
    if (auto error = state.polls.refuse()) co_return std::move(*error);
    auto const project = text_or(request.args, "project", request.project);
    Topic topic{project, std::string(line)};
    LongPoll poll(state.polls, std::move(topic), request.leaving);
    for (;;) {
        auto copy = request;
        auto answer = co_await act_by_table(state, operation, std::move(copy));
        auto claimed = judged(std::move(answer));
        if (!claimed.is_empty) co_return std::move(claimed.answer);
        if (poll.is_stopping()) co_return make_error(ErrorCode::stopping);
        if (poll.is_over() || Clock::now() >= deadline) co_return std::move(claimed.answer);
        if (claimed.is_for_nobody) poll.tell_nothing_left();
        if (!request.caller.callsign.empty()) state.beats.touch(project, request.caller.callsign);
        auto const until = std::min(deadline, Clock::now() + sign_of_life);
        co_await poll.wait(until);
    }
}

}  // namespace

void bind_claims(Operations::State& state) {
    struct Claim {
        std::string_view operation;
        std::string_view line;
    };
    for (Claim const one : {Claim{"sorties.claim_next", "sorties"}, Claim{"work_orders.claim", "orders"}})
        state.handlers[std::string(one.operation)] = [&state, one](Request request) {
            return claim(state, *find_operation(one.operation), one.line, std::move(request));
        };
}

}  // namespace fleet::ops
