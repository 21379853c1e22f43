// Pilots: identities, their tokens, their signs of life.
#include "operations/state.hpp"

#include "auth/secrets.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>

#include <fmt/format.h>

namespace fleet::ops {

namespace {

asio::awaitable<Result<Answer>> register_pilot(Operations::State& state, Request request) {
    // Only the hash goes to the database; the token itself is said once, here.
    auto const token = auth::draw_token();
    Json drawn{{"pilot_id", new_id("plt")}, {"token_hash", auth::sha256_hex(token)}};
    auto row = co_await submit(state, "register_pilot", std::move(request), std::move(drawn));
    if (!row) co_return row.error();
    Json pilot = row->result_json();
    // A repeat gets no token: the one that counts was told with the first answer, and only its hash was kept.
    if (!row->replayed) pilot["token"] = token;
    Answer answer = answer_of(pilot, 201);
    answer.seq = row->seq;
    answer.replayed = row->replayed;
    answer.location = "/pilots/" + text_or(pilot, "callsign", "");
    answer.version = version_in(answer.json);
    co_return answer;
}

// A pilot that comes back after it was taken for gone is the same pilot.
asio::awaitable<Result<void>> make_active(Operations::State& state, Request request) {
    request.args = Json{{"callsign", text_or(request.args, "callsign", "")}, {"to", "active"}};
    request.idempotency_key.clear();
    request.fence.reset();
    auto row = co_await submit(state, "set_pilot_status", std::move(request), Json::object());
    if (!row) co_return row.error();
    co_return Result<void>();
}

asio::awaitable<Result<Answer>> beat(Operations::State& state, Request request) {
    auto project = text_or(request.args, "project", request.project);
    auto const callsign = text_or(request.args, "callsign", "");
    request.project = project;
    std::string name = callsign;
    auto found = co_await state.beats.beat(std::move(project), std::move(name));
    if (!found) co_return found.error();
    std::string status = *std::move(found);
    if (status == "unknown")
        co_return make_error(ErrorCode::not_found, fmt::format("no pilot {} in this project", callsign),
                             "/callsign");
    if (status == "deregistered")
        co_return make_error(
            ErrorCode::transition_refused,
            fmt::format("{} is deregistered; register it with resume to come back", callsign), "/callsign",
            Json{{"found", status}});
    if (status == "stale") {
        auto revived = co_await make_active(state, std::move(request));
        if (!revived) co_return revived.error();
        status = "active";
    }
    auto const now = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
    Json const body{
        {"callsign", callsign}, {"status", status}, {"until", time_text(now + state.parts.pilot_lease)}};
    co_return answer_of(body);
}

Request revival(std::string project, std::string callsign) {
    Request request;
    request.caller = auth::system_identity();
    request.caller.callsign = callsign;
    request.project = std::move(project);
    request.args["callsign"] = std::move(callsign);
    return request;
}

asio::awaitable<void> make_active_again(Operations::State& state, Request request) {
    auto ignored = co_await make_active(state, std::move(request));
    (void)ignored;                                   // its next command or beat tries again
    state.reviving -= 1;
    state.changed.cancel();
}

}  // namespace

asio::awaitable<Result<void>> make_active_now(Operations::State& state, std::string project,
                                              std::string callsign) {
    auto request = revival(std::move(project), std::move(callsign));
    auto made = co_await make_active(state, std::move(request));
    co_return made;
}

void revive(Operations::State& state, std::string project, std::string callsign) {
    if (state.is_stopping) return;
    state.reviving += 1;
    auto request = revival(std::move(project), std::move(callsign));
    asio::co_spawn(state.parts.loop, make_active_again(state, std::move(request)),
                   [](std::exception_ptr failure) {
                       if (failure) std::rethrow_exception(failure);
                   });
}

void bind_pilots(Operations::State& state) {
    state.handlers["pilots.register"] = [&state](Request request) {
        return register_pilot(state, std::move(request));
    };
    state.handlers["pilots.beat"] = [&state](Request request) { return beat(state, std::move(request)); };
}

}  // namespace fleet::ops
