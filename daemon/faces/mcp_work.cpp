// Tools that are made of several operations: sorties and missions.
#include "faces/mcp_call.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::faces {

namespace {

store::Fence fence_of(Json& args) {
    store::Fence fence{
        .kind = "sortie", .id = text_or(args, "sortie_id", ""), .token = number_or(args, "token", 0)};
    args.erase("token");
    return fence;
}

Error needed(std::string message, std::string field) {
    return make_error(ErrorCode::invalid_field, std::move(message), std::move(field));
}

// What was done stays done; the model must know of it to go on.
Error after(Error error, std::string_view done) {
    error.message = fmt::format("{}; {}", done, error.message);
    return error;
}

Json dependencies(Json const& names) {
    Json out = Json::array();
    for (Json const& name : names) out.push_back(Json{{"id", name}});
    return out;
}

asio::awaitable<Result<Json>> mission_for(McpCall& call, Json args) {
    if (args.contains("mission_id")) {
        Json of{{"mission_id", args.at("mission_id")}};
        co_return co_await call.operation("missions.show", std::move(of));
    }
    if (!args.contains("title")) co_return needed("a new mission needs a title", "/title");
    for (auto const* name : {"sorties", "start"}) args.erase(name);
    co_return co_await call.operation("missions.create", std::move(args));
}

}  // namespace

asio::awaitable<McpOutcome> mcp_claim_sortie(McpCall& call, Json args) {
    if (auto known = call.need_callsign(); !known) co_return known.error();
    Result<Json> claimed = make_error(ErrorCode::internal);
    if (args.contains("sortie_id")) {
        Json of{{"sortie_id", args.at("sortie_id")}};
        claimed = co_await call.operation("sorties.claim", std::move(of));
    } else {
        claimed = co_await call.operation("sorties.claim_next", std::move(args));
    }
    if (!claimed) co_return claimed.error();
    auto const id = text_or(*claimed, "sortie_id", "");
    auto const token = number_or(*claimed, "token", 0);
    store::Fence fence{.kind = "sortie", .id = id, .token = token};
    Json of{{"sortie_id", id}};
    auto started = co_await call.operation("sorties.start", std::move(of), std::move(fence));
    if (!started) {
        auto const done = fmt::format("{} is yours with token {}, but it was not started", id, token);
        co_return after(started.error(), done);
    }
    Json sortie = *std::move(claimed);
    sortie.update(*started);
    sortie["token"] = token;
    co_return sortie;
}

asio::awaitable<McpOutcome> mcp_report_progress(McpCall& call, Json args) {
    if (auto known = call.need_callsign(); !known) co_return known.error();
    auto const fence = fence_of(args);
    Json const id = args.at("sortie_id");
    auto const blocked = text_or(args, "blocked", "");
    auto const unblocked = text_or(args, "unblocked", "");
    for (auto const* name : {"blocked", "unblocked"}) args.erase(name);
    if (!blocked.empty() && !unblocked.empty())
        co_return needed("say either blocked or unblocked", "/blocked");
    bool const has_progress = args.contains("percent");
    if (!has_progress && blocked.empty() && unblocked.empty())
        co_return needed("say percent, blocked or unblocked", "/percent");

    Result<Json> last = make_error(ErrorCode::internal);
    if (!unblocked.empty()) {
        Json of{{"sortie_id", id}, {"resolution", unblocked}};
        last = co_await call.operation("sorties.unblock", std::move(of), fence);
        if (!last) co_return last.error();
    }
    if (has_progress) {
        last = co_await call.operation("sorties.progress", std::move(args), fence);
        if (!last) co_return last.error();
    }
    if (!blocked.empty()) {
        Json of{{"sortie_id", id}, {"reason", blocked}};
        last = co_await call.operation("sorties.block", std::move(of), fence);
    }
    co_return last;
}

asio::awaitable<McpOutcome> mcp_finish_sortie(McpCall& call, Json args) {
    if (auto known = call.need_callsign(); !known) co_return known.error();
    auto fence = fence_of(args);
    auto const outcome = text_or(args, "outcome", "");
    args.erase("outcome");
    if (outcome == "completed") co_return co_await call.operation("sorties.complete", std::move(args), fence);
    if (outcome == "review")
        co_return co_await call.operation("sorties.request_review", std::move(args), fence);
    Json of{{"sortie_id", args.at("sortie_id")}};
    if (outcome == "returned") co_return co_await call.operation("sorties.return", std::move(of), fence);
    auto const summary = text_or(args, "summary", "");
    if (summary.empty()) co_return needed("is needed with outcome failed: what went wrong", "/summary");
    of["error"] = Json{{"kind", "failed"}, {"message", summary.substr(0, 4'000)}};
    co_return co_await call.operation("sorties.fail", std::move(of), fence);
}

asio::awaitable<McpOutcome> mcp_plan_mission(McpCall& call, Json args) {
    Json wanted = args.value("sorties", Json::array());
    bool const is_new = !args.contains("mission_id");
    bool const starts = is_new && flag_or(args, "start", true);
    auto mission = co_await mission_for(call, std::move(args));
    if (!mission) co_return mission.error();
    auto const id = text_or(*mission, "mission_id", "");
    Json made = Json::array();
    for (Json& sortie : wanted) {
        for (auto it = sortie.begin(); it != sortie.end();)
            it = it->is_null() ? sortie.erase(it) : std::next(it);
        sortie["mission_id"] = id;
        if (sortie.contains("depends_on")) sortie["depends_on"] = dependencies(sortie["depends_on"]);
        Json one = sortie;
        auto created = co_await call.operation("sorties.create", std::move(one));
        if (!created) {
            Error error = created.error();
            error.field = fmt::format("/sorties/{}{}", made.size(), error.field);
            auto const done = fmt::format("mission {} has {} of {} sorties and is not started", id,
                                          made.size(), wanted.size());
            error.hint = fmt::format(
                "Call plan_mission with mission_id {} and the sorties that are missing. {}", id, error.hint);
            co_return after(std::move(error), done);
        }
        made.push_back(*std::move(created));
    }
    auto status = text_or(*mission, "status", "");
    if (starts) {
        Json of{{"mission_id", id}};
        auto started = co_await call.operation("missions.start", std::move(of));
        if (!started) co_return after(started.error(), fmt::format("mission {} was made, not started", id));
        status = text_or(*started, "status", status);
    }
    co_return Json{{"mission_id", id}, {"status", status}, {"sorties", std::move(made)}};
}

}  // namespace fleet::faces
