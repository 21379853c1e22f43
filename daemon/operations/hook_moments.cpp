// What happened becomes signs of life, reservations and checkpoints; what there is to tell is gathered.
#include "operations/hook_moments.hpp"
#include "operations/hook_texts.hpp"

#include <fleet/briefing.hpp>
#include <fleet/json.hpp>

#include <algorithm>
#include <optional>

namespace fleet::ops {

namespace {

constexpr std::size_t paths_max = 64;  // of one question; those of a larger edit go in several
constexpr std::size_t touched_max = 500;
constexpr std::size_t path_characters_max = 255;
constexpr std::size_t hook_name_max = 60;

std::int64_t seconds(Millis time) {
    return std::chrono::ceil<std::chrono::seconds>(time).count();
}

Json name_of(Hook const& hook) {
    return {{"client", hook.call.client}, {"session_id", session_id_of(hook.call)}};
}

// A session may have gone on as another pilot since it was remembered.
void be_who_acted(Hook& hook, Json const& answer) {
    auto callsign = text_or(answer, "callsign", "");
    if (callsign.empty() || callsign == hook.session.callsign) return;
    hook.session.callsign = std::move(callsign);
    hook.is_renamed = true;
}

asio::awaitable<Result<Json>> note(Operations::State& state, Hook& hook, Json args) {
    args.update(name_of(hook));
    args["hook"] = hook.call.event.substr(0, hook_name_max);
    auto request = request_of(hook.request, hook.session, std::move(args));
    auto row = co_await submit(state, "note_session", std::move(request));
    if (!row) co_return row.error();
    auto noted = row->result_json();
    be_who_acted(hook, noted);
    co_return noted;
}

// True if a message waits that the session was not shown. Looking costs a read; only what is there costs
// more.
asio::awaitable<bool> has_mail(Operations::State& state, Hook const& hook) {
    auto item = co_await state.parts.reads.show("session_binding", name_of(hook));
    if (!item) co_return false;
    auto row = parse_json(item->json);
    co_return row&& flag_or(*row, "has_mail", false);
}

// Names that can be reserved.
std::vector<std::string> short_enough(std::vector<std::string> names) {
    std::erase_if(names, [](std::string const& name) { return name.size() > path_characters_max; });
    return names;
}

std::string policy_of(Operations::State const& state, Hook const& hook) {
    auto const& said = hook.session.place.hook_policy;
    bool const is_known = said == "enforce" || said == "warn" || said == "off";
    return is_known ? said : state.parts.hooks.policy;
}

asio::awaitable<Result<Json>> ask(Operations::State& state, Hook& hook, std::vector<std::string> paths) {
    Json args = name_of(hook);
    args["paths"] = std::move(paths);
    args["policy"] = policy_of(state, hook);
    args["ttl_seconds"] = seconds(state.parts.hooks.ttl);
    auto request = request_of(hook.request, hook.session, std::move(args));
    auto row = co_await submit(state, "edit_files", std::move(request));
    if (!row) co_return row.error();
    auto decision = row->result_json();
    be_who_acted(hook, decision);
    co_return decision;
}

// The decision on all files of the edit; the first that is not "allow" ends it.
asio::awaitable<Result<Json>> decide(Operations::State& state, HookSessions& sessions, Hook& hook) {
    auto names = co_await sessions.names(hook.session, hook.call);
    names = short_enough(std::move(names));
    Json decision{{"decision", "allow"}};
    for (std::size_t begin = 0; begin < names.size(); begin += paths_max) {
        auto const end = std::min(begin + paths_max, names.size());
        std::vector<std::string> some(names.begin() + static_cast<std::ptrdiff_t>(begin),
                                      names.begin() + static_cast<std::ptrdiff_t>(end));
        auto again = some;
        auto answer = co_await ask(state, hook, std::move(some));
        if (!answer && answer.error().code == ErrorCode::not_found) {
            // It ended meanwhile, here or on another host: what acts is alive.
            sessions.forget(hook.call);
            auto found = co_await sessions.find(hook.call, hook.request, true);
            if (!found) co_return found.error();
            if (!*found) co_return decision;
            hook.session = **std::move(found);
            answer = co_await ask(state, hook, std::move(again));
        }
        if (!answer) co_return answer.error();
        decision = *std::move(answer);
        if (text_or(decision, "decision", "") != "allow") break;
    }
    co_return decision;
}

asio::awaitable<Result<HookReply>> before_tool(Operations::State& state, HookSessions& sessions, Hook& hook) {
    HookReply reply;
    if (hook.call.files.empty()) co_return reply;
    auto decision = co_await decide(state, sessions, hook);
    if (!decision) co_return decision.error();
    auto const word = text_or(*decision, "decision", "allow");
    if (word == "deny") reply.deny = denial_text(*decision);
    if (word == "warn") {
        reply.context = warning_text(*decision);
        if (!hook_takes_context(hook.call)) reply.notice = reply.context;
    }
    co_return reply;
}

asio::awaitable<Result<HookReply>> after_tool(Operations::State& state, HookSessions& sessions, Hook& hook) {
    HookReply reply;
    auto names = co_await sessions.names(hook.session, hook.call);
    names = short_enough(std::move(names));
    auto const& options = state.parts.hooks;
    bool const takes_mail = hook_takes_context(hook.call) && options.mail_max > 0;
    bool is_mail_due = takes_mail && sessions.may_look_for_mail(hook.call, options.mail_pause);
    if (is_mail_due) is_mail_due = co_await has_mail(state, hook);
    if (names.empty() && !is_mail_due) co_return reply;
    while (names.size() > touched_max) {
        auto const rest = names.end() - static_cast<std::ptrdiff_t>(touched_max);
        Json more{{"touched", std::vector<std::string>(rest, names.end())}};
        names.erase(rest, names.end());
        auto noted = co_await note(state, hook, std::move(more));
        if (!noted) co_return noted.error();
    }
    Json args = Json::object();
    if (!names.empty()) args["touched"] = std::move(names);
    if (is_mail_due) {
        args["mail_max"] = options.mail_max;
        args["mail_pause_seconds"] = seconds(options.mail_pause);
    }
    auto noted = co_await note(state, hook, std::move(args));
    if (!noted) co_return noted.error();
    reply.context = mail_text(*noted);
    co_return reply;
}

asio::awaitable<Result<HookReply>> prompt(Operations::State& state, HookSessions& sessions, Hook& hook) {
    HookReply reply;
    auto const& options = state.parts.hooks;
    if (options.mail_max == 0 || !hook_takes_context(hook.call)) co_return reply;
    sessions.may_look_for_mail(hook.call, Millis(0));
    bool const is_there = co_await has_mail(state, hook);
    if (!is_there) co_return reply;
    Json args{{"mail_max", options.mail_max}};
    auto noted = co_await note(state, hook, std::move(args));
    if (!noted) co_return noted.error();
    reply.context = mail_text(*noted);
    co_return reply;
}

// The briefing of the session's pilot, cut to a budget.
asio::awaitable<std::string> briefing_of(Operations::State& state, Hook const& hook, std::int64_t budget) {
    if (budget <= 0) co_return std::string();
    Json filter{{"project", hook.session.project}, {"callsign", hook.session.callsign}};
    auto item = co_await state.parts.reads.show("briefing", std::move(filter));
    if (!item) co_return std::string();
    auto facts = parse_json(item->json);
    if (!facts) co_return std::string();
    co_return make_briefing(*facts, budget).text;
}

asio::awaitable<Result<HookReply>> session_start(Operations::State& state, Hook& hook) {
    HookReply reply;
    if (!hook_takes_context(hook.call)) co_return reply;
    auto text = co_await briefing_of(state, hook, state.parts.hooks.briefing_tokens);
    reply.context = welcome_text(hook.session.opened);
    if (!text.empty()) reply.context += "\n" + text;
    Json args{{"injected", "briefing"}, {"injected_bytes", reply.context.size()}};
    auto noted = co_await note(state, hook, std::move(args));
    if (!noted) co_return noted.error();
    co_return reply;
}

// A checkpoint of what the pilot is at; a pilot that is at nothing has nothing to lose.
asio::awaitable<Result<HookReply>> before_compaction(Operations::State& state, HookSessions& sessions,
                                                     Hook& hook) {
    HookReply reply;
    // Gemini CLI says PreCompress before each call of its model, whether it compresses or not.
    bool const cries_wolf = hook.call.client == "gemini";
    if (cries_wolf && !sessions.may_take_checkpoint(hook.call, std::chrono::minutes(5))) co_return reply;
    Json touched{{"tell_touched", true}};
    auto noted = co_await note(state, hook, std::move(touched));
    if (!noted) co_return noted.error();
    Json args{{"trigger", "compaction"}};
    auto request = request_of(hook.request, hook.session, std::move(args));
    auto const& operation = *find_operation("checkpoints.create");
    auto taken = co_await act_by_table(state, operation, std::move(request));
    bool const is_at_nothing = !taken && taken.error().code == ErrorCode::not_found;
    if (!taken && !is_at_nothing) co_return taken.error();
    if (!hook_takes_context(hook.call)) co_return reply;
    constexpr std::int64_t compaction_tokens = 600;
    reply.context = co_await briefing_of(state, hook, compaction_tokens);
    Json told{{"injected", "recap"}, {"injected_bytes", reply.context.size()}};
    auto recap = co_await note(state, hook, std::move(told));
    if (!recap) co_return recap.error();
    co_return reply;
}

asio::awaitable<Result<HookReply>> stop(Operations::State& state, Hook& hook) {
    HookReply reply;
    Json args{{"tell_touched", true}};
    // Who goes on because of a hook is let go: a reminder must never be a loop.
    if (!hook.call.is_reminded) args["promises"] = true;
    auto noted = co_await note(state, hook, std::move(args));
    if (!noted) co_return noted.error();
    reply.go_on = promises_text(*noted);
    co_return reply;
}

asio::awaitable<Result<HookReply>> subagent_start(Operations::State& state, Hook& hook) {
    HookReply reply;
    if (!hook_takes_context(hook.call)) co_return reply;
    Json filter{{"project", hook.session.project}, {"limit", 50}};
    auto items = co_await state.parts.reads.list("list_reservations", std::move(filter));
    if (!items) co_return items.error();
    Json held = Json::array();
    for (auto const& item : *items)
        if (auto one = parse_json(item.json)) held.push_back(*std::move(one));
    reply.context = subagent_text(hook.session.callsign, held);
    Json told{{"injected", "briefing"}, {"injected_bytes", reply.context.size()}};
    auto noted = co_await note(state, hook, std::move(told));
    if (!noted) co_return noted.error();
    co_return reply;
}

asio::awaitable<Result<HookReply>> subagent_stop(Operations::State& state, Hook& hook) {
    Json args{{"tell_touched", true}};
    auto noted = co_await note(state, hook, std::move(args));
    if (!noted) co_return noted.error();
    co_return HookReply();
}

asio::awaitable<Result<HookReply>> session_end(Operations::State& state, HookSessions& sessions, Hook& hook) {
    Json args = name_of(hook);
    if (!hook.call.reason.empty()) args["reason"] = hook.call.reason.substr(0, 100);
    auto request = request_of(hook.request, hook.session, std::move(args));
    sessions.forget(hook.call);
    auto row = co_await submit(state, "close_session", std::move(request));
    if (!row && row.error().code != ErrorCode::not_found) co_return row.error();
    co_return HookReply();
}

}  // namespace

bool fails_closed(Operations::State const& state, Hook const& hook) {
    auto const& said = hook.on_failure.empty() ? hook.session.place.hook_on_failure : hook.on_failure;
    if (said == "open" || said == "closed") return said == "closed";
    return state.parts.hooks.fails_closed;
}

asio::awaitable<Result<HookReply>> act_on(Operations::State& state, HookSessions& sessions, Hook& hook) {
    switch (hook.call.moment) {
        case HookMoment::before_tool: co_return co_await before_tool(state, sessions, hook);
        case HookMoment::after_tool: co_return co_await after_tool(state, sessions, hook);
        case HookMoment::prompt: co_return co_await prompt(state, sessions, hook);
        case HookMoment::session_start: co_return co_await session_start(state, hook);
        case HookMoment::before_compaction: co_return co_await before_compaction(state, sessions, hook);
        case HookMoment::stop: co_return co_await stop(state, hook);
        case HookMoment::subagent_start: co_return co_await subagent_start(state, hook);
        case HookMoment::subagent_stop: co_return co_await subagent_stop(state, hook);
        case HookMoment::session_end: co_return co_await session_end(state, sessions, hook);
        case HookMoment::other: break;
    }
    co_return HookReply();
}

}  // namespace fleet::ops
