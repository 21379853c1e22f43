// Sessions of agent programs, and the question before an edit.
#include "operations/state.hpp"

#include "auth/secrets.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>
#include <fleet/workspace.hpp>

namespace fleet::ops {

namespace {

// What is left out of the question is what the settings say.
asio::awaitable<Result<Answer>> edit(Operations::State& state, Request request) {
    auto const& hooks = state.parts.hooks;
    if (!request.args.contains("policy")) request.args["policy"] = hooks.policy;
    if (!request.args.contains("ttl_seconds"))
        request.args["ttl_seconds"] = std::chrono::duration_cast<std::chrono::seconds>(hooks.ttl).count();
    co_return co_await act_by_table(state, *find_operation("sessions.edit"), std::move(request));
}

}  // namespace

void fill_place(Request& request) {
    auto const cwd = text_or(request.args, "cwd", "");
    // Who may do everything here could read the directory itself.
    if (cwd.empty() || !request.caller.has_role(auth::operator_role)) return;
    auto const place = find_workspace(cwd);
    if (!place) return;
    if (!request.args.contains("worktree")) request.args["worktree"] = place->top.string();
    if (text_or(request.args, "project", request.project).empty()) request.project = place->project;
}

asio::awaitable<Result<Answer>> open_session(Operations::State& state, Request request) {
    if (request.caller.is_bound) request.args["callsign"] = request.caller.callsign;
    // Only the hash goes to the database; the token itself is said once, here.
    auto const token = auth::draw_token();
    Json drawn{{"pilot_id", new_id("plt")}, {"token_hash", auth::sha256_hex(token)}};
    auto row = co_await submit(state, "open_session", std::move(request), std::move(drawn));
    if (!row) co_return row.error();
    Json opened = row->result_json();
    bool const is_new = text_or(opened, "outcome", "") == "registered";
    if (is_new && !row->replayed) opened["token"] = token;
    Answer answer = answer_of(opened);
    answer.seq = row->seq;
    answer.replayed = row->replayed;
    co_return answer;
}

void bind_sessions(Operations::State& state) {
    state.handlers["sessions.open"] = [&state](Request request) {
        return open_session(state, std::move(request));
    };
    state.handlers["sessions.edit"] = [&state](Request request) { return edit(state, std::move(request)); };
}

}  // namespace fleet::ops
