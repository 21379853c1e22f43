// Hooks of agent programs: each is answered in its client's own form, in time.
#include "operations/hook_moments.hpp"
#include "operations/hook_texts.hpp"
#include "operations/transcripts.hpp"

#include <fleet/json.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <optional>

namespace fleet::ops {

namespace {

// From the session to the reply. A directory of no project has nothing to say.
asio::awaitable<Result<HookReply>> reply_to(Operations::State& state, HookSessions& sessions, Hook& hook) {
    if (state.parts.unavailable)
        if (auto error = state.parts.unavailable()) co_return std::move(*error);
    bool const is_start = hook.call.moment == HookMoment::session_start;
    auto found = co_await sessions.find(hook.call, hook.request, is_start);
    if (!found) co_return found.error();
    if (!*found) co_return HookReply();
    hook.session = **std::move(found);
    state.beats.touch(hook.session.project, hook.session.callsign);
    auto reply = co_await act_on(state, sessions, hook);
    if (hook.is_renamed) sessions.forget(hook.call);
    if (reply || reply.error().code != ErrorCode::not_found) co_return reply;
    // The session that was remembered has ended, here or on another host: it is opened again, once.
    sessions.forget(hook.call);
    found = co_await sessions.find(hook.call, hook.request, true);
    if (!found) co_return found.error();
    if (!*found) co_return HookReply();
    hook.session = **std::move(found);
    co_return co_await act_on(state, sessions, hook);
}

asio::awaitable<void> limit_of(Millis limit) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, limit);
    co_await timer.async_wait(asio::use_awaitable);
}

// What stands before an edit is answered in time, whatever the database does; the rest may take its time.
asio::awaitable<Result<HookReply>> in_time(Operations::State& state, HookSessions& sessions, Hook& hook) {
    if (hook.call.moment != HookMoment::before_tool) co_return co_await reply_to(state, sessions, hook);
    using namespace asio::experimental::awaitable_operators;
    auto work = reply_to(state, sessions, hook);
    auto timer = limit_of(state.parts.hooks.limit);
    auto first = co_await (std::move(work) || std::move(timer));
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return make_error(ErrorCode::away, "the database did not answer in time");
}

// Where a turn ends its transcript says what the calls of its model used.
void note_usage(Transcripts& transcripts, Hook const& hook, std::string const& path) {
    auto const moment = hook.call.moment;
    bool const ends_a_turn = moment == HookMoment::stop || moment == HookMoment::subagent_stop ||
                             moment == HookMoment::before_compaction || moment == HookMoment::session_end;
    if (path.empty() || !ends_a_turn || hook.call.client != "claude-code" || !hook.session.may_look) return;
    transcripts.follow(
        {path, hook.call.client, session_id_of(hook.call), hook.session.project, hook.session.callsign},
        hook.request);
}

asio::awaitable<Result<Answer>> answer_hook(Operations::State& state, HookSessions& sessions,
                                            Transcripts& transcripts, Request request) {
    Json input = request.args.contains("hook_input") ? request.args.at("hook_input") : Json(nullptr);
    if (input.is_object() && !input.contains("cwd") && request.args.contains("cwd"))
        input["cwd"] = request.args.at("cwd");
    auto const transcript = input.is_object() ? text_or(input, "transcript_path", "") : std::string();
    std::string on_failure;
    if (input.is_object()) on_failure = text_or(input, hook_on_failure_member, "");
    auto call = read_hook(text_or(request.args, "client", ""), text_or(request.args, "event", ""), input);
    if (!call) co_return call.error();
    Hook hook;
    hook.call = *std::move(call);
    hook.on_failure = std::move(on_failure);
    request.args = Json::object();
    hook.request = std::move(request);
    if (hook.call.moment == HookMoment::other) co_return answer_of(Json::object());
    auto reply = co_await in_time(state, sessions, hook);
    if (!reply) {
        // A hook that fails must not stop an agent, unless the edit was to be denied in just this case.
        HookReply failed;
        bool const is_write = hook.call.moment == HookMoment::before_tool && !hook.call.files.empty();
        // Whose session it is was not found out; what its project says stands in a file.
        if (is_write && hook.on_failure.empty() && hook.session.place.top.empty())
            hook.session.place =
                co_await sessions.look(hook.call.cwd, hook.request.caller.has_role(auth::operator_role));
        if (is_write && fails_closed(state, hook)) failed.deny = unanswered_text(reply.error());
        reply = std::move(failed);
    }
    note_usage(transcripts, hook, transcript);
    co_return answer_of(hook_answer(hook.call, *reply));
}

}  // namespace

void bind_hooks(Operations::State& state) {
    auto sessions = std::make_shared<HookSessions>(state);
    auto transcripts = std::make_shared<Transcripts>(state);
    state.handlers["hooks.answer"] = [&state, sessions, transcripts](Request request) {
        return answer_hook(state, *sessions, *transcripts, std::move(request));
    };
}

}  // namespace fleet::ops
