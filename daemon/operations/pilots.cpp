// Pilots: identities, their tokens, their signs of life.
#include "operations/state.hpp"

#include "auth/secrets.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::ops {

namespace {

// A pilot's token acts as that pilot and for nobody else.
std::optional<Error> check_own(Request const& request) {
    auto const callsign = text_or(request.args, "callsign", "");
    if (!request.caller.is_bound || callsign == request.caller.callsign) return std::nullopt;
    return make_error(ErrorCode::forbidden, fmt::format("this is the token of {}", request.caller.callsign),
                      "/callsign");
}

asio::awaitable<Result<Answer>> register_pilot(Operations::State& state, Request request) {
    if (auto error = check_own(request)) co_return std::move(*error);
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
    co_return answer;
}

// A pilot that comes back after it was taken for gone is the same pilot.
asio::awaitable<Result<void>> revive(Operations::State& state, Request request) {
    request.args = Json{{"callsign", text_or(request.args, "callsign", "")}, {"to", "active"}};
    request.idempotency_key.clear();
    auto row = co_await submit(state, "set_pilot_status", std::move(request), Json::object());
    if (!row) co_return row.error();
    co_return Result<void>();
}

asio::awaitable<Result<Answer>> beat(Operations::State& state, Request request) {
    if (auto error = check_own(request)) co_return std::move(*error);
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
        auto revived = co_await revive(state, std::move(request));
        if (!revived) co_return revived.error();
        status = "active";
    }
    auto const now = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
    Json const body{
        {"callsign", callsign}, {"status", status}, {"until", time_text(now + state.parts.pilot_lease)}};
    co_return answer_of(body);
}

// The version in If-Match is compared with the one that is shown: who has read an older state is told so. The
// transition itself is decided in the database.
asio::awaitable<Result<void>> check_version(Operations::State& state, Request const& request) {
    std::int64_t const wanted = *request.if_match;
    Json filter{{"project", text_or(request.args, "project", request.project)},
                {"callsign", text_or(request.args, "callsign", "")}};
    auto item = co_await state.parts.reads.show("show_pilot", std::move(filter));
    if (!item) co_return item.error();
    auto const pilot = parse_json(item->json);
    std::int64_t const now = pilot ? number_or(*pilot, "stream_version", 0) : 0;
    if (now != wanted)
        co_return make_error(ErrorCode::if_match_failed,
                             fmt::format("If-Match names version {}, the pilot is at {}", wanted, now), "",
                             Json{{"version", now}});
    co_return Result<void>();
}

asio::awaitable<Result<Answer>> own_by_table(Operations::State& state, std::string_view name,
                                             Request request) {
    if (auto error = check_own(request)) co_return std::move(*error);
    if (request.if_match) {
        auto checked = co_await check_version(state, request);
        if (!checked) co_return checked.error();
    }
    co_return co_await act_by_table(state, *find_operation(name), std::move(request));
}

}  // namespace

void bind_pilots(Operations::State& state) {
    state.handlers["pilots.register"] = [&state](Request request) {
        return register_pilot(state, std::move(request));
    };
    state.handlers["pilots.beat"] = [&state](Request request) { return beat(state, std::move(request)); };
    for (std::string_view const name : {"pilots.update", "pilots.change_capabilities", "pilots.deregister"})
        state.handlers[std::string(name)] = [&state, name](Request request) {
            return own_by_table(state, name, std::move(request));
        };
}

}  // namespace fleet::ops
