// What the fleet has to say, in the form that each client reads.
#include "model/hook_events.hpp"

#include <fleet/assert.hpp>

#include <string>

namespace fleet {

namespace {

// Claude Code and Codex. `permissionDecision` is never "allow": that would skip what the person is asked.
Json claude_answer(HookCall const& call, HookReply const& reply) {
    Json answer = Json::object();
    Json own{{"hookEventName", call.event}};
    if (call.moment == HookMoment::before_tool && !reply.deny.empty()) {
        own["permissionDecision"] = "deny";
        own["permissionDecisionReason"] = reply.deny;
    }
    if (!reply.context.empty() && hook_takes_context(call)) own["additionalContext"] = reply.context;
    if (own.size() > 1) answer["hookSpecificOutput"] = std::move(own);
    if (!reply.go_on.empty()) {
        answer["decision"] = "block";
        answer["reason"] = reply.go_on;
    }
    if (!reply.notice.empty()) answer["systemMessage"] = reply.notice;
    return answer;
}

Json gemini_answer(HookCall const& call, HookReply const& reply) {
    Json answer = Json::object();
    auto const& refusal = call.moment == HookMoment::stop ? reply.go_on : reply.deny;
    if (!refusal.empty()) {
        answer["decision"] = "deny";
        answer["reason"] = refusal;
    }
    if (!reply.context.empty() && hook_takes_context(call))
        answer["hookSpecificOutput"] =
            Json{{"hookEventName", call.event}, {"additionalContext", reply.context}};
    if (!reply.notice.empty()) answer["systemMessage"] = reply.notice;
    return answer;
}

Json copilot_answer(HookCall const& call, HookReply const& reply) {
    Json answer = Json::object();
    if (!reply.deny.empty()) {
        answer["permissionDecision"] = "deny";
        answer["permissionDecisionReason"] = reply.deny;
        // With the names of VS Code the decision is looked for where Claude Code has it.
        bool const is_pascal = call.event.front() >= 'A' && call.event.front() <= 'Z';
        if (is_pascal) answer["hookSpecificOutput"] = claude_answer(call, reply)["hookSpecificOutput"];
    }
    if (!reply.go_on.empty()) {
        answer["decision"] = "block";
        answer["reason"] = reply.go_on;
    }
    if (!reply.context.empty() && hook_takes_context(call)) answer["additionalContext"] = reply.context;
    return answer;
}

Json cursor_answer(HookCall const& call, HookReply const& reply) {
    Json answer = Json::object();
    if (!reply.deny.empty()) {
        answer["permission"] = "deny";
        answer["user_message"] = reply.deny;
        answer["agent_message"] = reply.deny;
    }
    if (!reply.go_on.empty()) answer["followup_message"] = reply.go_on;
    if (!reply.context.empty() && hook_takes_context(call)) answer["additional_context"] = reply.context;
    return answer;
}

// The plugin throws `deny` as an error, and hands `context` on.
Json opencode_answer(HookCall const& call, HookReply const& reply) {
    Json answer = Json::object();
    if (!reply.deny.empty()) answer["deny"] = reply.deny;
    if (!reply.go_on.empty()) answer["go_on"] = reply.go_on;
    if (!reply.context.empty() && hook_takes_context(call)) answer["context"] = reply.context;
    if (!reply.notice.empty()) answer["notice"] = reply.notice;
    return answer;
}

}  // namespace

bool hook_takes_context(HookCall const& call) {
    auto const* client = find_hook_client(call.client);
    auto const* event = client ? find_hook_event(*client, call.event) : nullptr;
    return event && event->takes_context;
}

Json hook_answer(HookCall const& call, HookReply const& reply) {
    auto const* client = find_hook_client(call.client);
    FLEET_ASSERT(client, "a hook that was read is of a client that is known");
    switch (client->dialect) {
        case HookDialect::claude: return claude_answer(call, reply);
        case HookDialect::gemini: return gemini_answer(call, reply);
        case HookDialect::copilot: return copilot_answer(call, reply);
        case HookDialect::cursor: return cursor_answer(call, reply);
        case HookDialect::opencode: return opencode_answer(call, reply);
    }
    return Json::object();
}

}  // namespace fleet
