#include "faces/mcp_call.hpp"

#include "auth/secrets.hpp"

#include <fleet/callsign.hpp>
#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>

namespace fleet::faces {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t key_max = 180;
constexpr Millis away_limit{5'000};
constexpr Millis away_pause{100};

// In the words of the tools: what they call an argument, and what they do about it.
Error for_models(Error error) {
    if (error.field.starts_with("/fence")) error.field = "/token";
    if (error.field == "/actor") {
        error.field = "/callsign";
        error.hint = "Call start_session with this callsign, or without one for a new pilot.";
    }
    return error;
}

Result<std::string> taken_text(Json& args, std::string const& name) {
    auto const found = args.find(name);
    if (found == args.end()) return std::string();
    auto text = found->get<std::string>();  // its type was checked
    args.erase(found);
    return text;
}

}  // namespace

asio::awaitable<Result<void>> McpCall::settle(Json& args, bool begins) {
    auto const named_project = taken_text(args, "project");
    auto const named = taken_text(args, "callsign");
    if (!named->empty() && *named != caller_.callsign) {
        if (caller_.is_bound)
            co_return make_error(ErrorCode::forbidden,
                                 fmt::format("this is the token of {}", caller_.callsign), "/callsign");
        caller_.callsign = *named;
    }
    if (!named_project->empty()) project_ = *named_project;
    if (auto error = auth::keep_to_project(caller_, project_)) co_return std::move(*error);
    bool const is_known = (begins || !caller_.callsign.empty()) && !project_.empty();
    if (is_known || session_.id.empty()) co_return Result<void>();

    Json of{{"client", session_.client}, {"session_id", session_.id}};
    auto found = co_await operation("sessions.show", std::move(of));
    // Not opened yet: then nobody acts, which only those tools refuse that need a pilot.
    if (!found && found.error().code != ErrorCode::not_found) co_return found.error();
    if (!found) co_return Result<void>();
    auto const home = text_or(*found, "project", "");
    if (project_.empty()) project_ = home;
    if (!begins && caller_.callsign.empty() && project_ == home)
        caller_.callsign = text_or(*found, "callsign", "");
    co_return Result<void>();
}

void McpCall::become(std::string project, std::string callsign) {
    project_ = std::move(project);
    caller_.callsign = std::move(callsign);
}

Result<void> McpCall::need_callsign() const {
    if (!caller_.callsign.empty()) return Result<void>();
    Error error = make_error(ErrorCode::invalid_field, "nobody says who acts", "/callsign");
    error.hint = "Call start_session, then pass the callsign it gives.";
    return error;
}

// A database that is being started, or was lost for a moment, is no reason to bother a model.
asio::awaitable<Result<ops::Answer>> McpCall::patiently(Operation const& known, ops::Request request) {
    auto const until = Clock::now() + away_limit;
    asio::steady_timer pause(state_.parts.loop);
    for (;;) {
        auto again = request;
        auto answer = co_await state_.call(known, std::move(again));
        bool const is_away = !answer && answer.error().code == ErrorCode::away;
        if (!is_away || Clock::now() >= until || (leaving_ && leaving_->is_gone())) co_return answer;
        pause.expires_after(away_pause);
        auto [ignored] = co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        (void)ignored;
    }
}

asio::awaitable<Result<Json>> McpCall::operation(std::string_view name, Json args,
                                                 std::optional<store::Fence> fence) {
    Operation const* const known = find_operation(name);
    if (!known) co_return make_error(ErrorCode::not_found, fmt::format("there is no operation {}", name));
    if (auto error = check_input(*known, args)) co_return std::move(*error);
    ops::Request request;
    request.args = std::move(args);
    for (auto it = request.args.begin(); it != request.args.end();)
        it = it->is_null() ? request.args.erase(it) : std::next(it);
    request.caller = caller_;
    request.project = project_;
    request.fence = std::move(fence);
    // The operations of a tool come in the same order each time, so each of them has its own key.
    operations_ += 1;
    auto const whole = key_.size() <= key_max ? key_ : auth::sha256_hex(key_);
    request.idempotency_key = fmt::format("{}.{}", whole, operations_);
    request.leaving = leaving_;
    auto answer = co_await patiently(*known, std::move(request));
    if (!answer) co_return for_models(std::move(answer).error());
    auto text = std::move(answer->json);
    auto document = co_await state_.parse(std::move(text));
    co_return document;
}

}  // namespace fleet::faces
