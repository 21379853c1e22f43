// Hooks of agent programs: each is answered in its client's own form, in time.
#include "operations/hook_moments.hpp"
#include "operations/hook_texts.hpp"

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

asio::awaitable<Result<Answer>> answer_hook(Operations::State& state, HookSessions& sessions,
                                            Request request) {
    Json input = request.args.contains("hook_input") ? request.args.at("hook_input") : Json(nullptr);
    if (input.is_object() && !input.contains("cwd") && request.args.contains("cwd"))
        input["cwd"] = request.args.at("cwd");
    auto call = read_hook(text_or(request.args, "client", ""), text_or(request.args, "event", ""), input);
    if (!call) co_return call.error();
    Hook hook;
    hook.call = *std::move(call);
    request.args = Json::object();
    hook.request = std::move(request);
    if (hook.call.moment == HookMoment::other) co_return answer_of(Json::object());
    auto reply = co_await in_time(state, sessions, hook);
    if (!reply) {
        // A hook that fails must not stop an agent, unless the edit was to be denied in just this case.
        HookReply failed;
        bool const is_write = hook.call.moment == HookMoment::before_tool && !hook.call.files.empty();
        if (is_write && fails_closed(state, hook)) failed.deny = unanswered_text(reply.error());
        reply = std::move(failed);
    }
    co_return answer_of(hook_answer(hook.call, *reply));
}

}  // namespace

void bind_hooks(Operations::State& state) {
    auto sessions = std::make_shared<HookSessions>(state);
    state.handlers["hooks.answer"] = [&state, sessions](Request request) {
        return answer_hook(state, *sessions, std::move(request));
    };
}

}  // namespace fleet::ops
