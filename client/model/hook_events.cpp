#include "model/hook_events.hpp"

#include <algorithm>
#include <array>

namespace fleet {

namespace {

using enum HookMoment;

constexpr std::array claude_events{
    HookEvent{"SessionStart", session_start, true},
    HookEvent{"UserPromptSubmit", prompt, true},
    HookEvent{"PreToolUse", before_tool, true},
    HookEvent{"PostToolUse", after_tool, true},
    HookEvent{"PreCompact", before_compaction},
    HookEvent{"Stop", stop},
    HookEvent{"SubagentStart", subagent_start, true},
    HookEvent{"SubagentStop", subagent_stop},
    HookEvent{"SessionEnd", session_end},
    HookEvent{"PostToolUseFailure", other},
    HookEvent{"PostCompact", other},
    HookEvent{"Notification", other},
    HookEvent{"StopFailure", other},
    HookEvent{"PermissionRequest", other},
};

constexpr std::array codex_events{
    HookEvent{"SessionStart", session_start, true},
    HookEvent{"UserPromptSubmit", prompt, true},
    HookEvent{"PreToolUse", before_tool, true},
    HookEvent{"PostToolUse", after_tool, true},
    HookEvent{"PreCompact", before_compaction},
    HookEvent{"Stop", stop},
    HookEvent{"SubagentStart", subagent_start, true},
    HookEvent{"SubagentStop", subagent_stop},
    HookEvent{"SessionEnd", session_end},
    HookEvent{"PostCompact", other},
    HookEvent{"PermissionRequest", other},
    HookEvent{"Interrupt", other},
};

constexpr std::array gemini_events{
    HookEvent{"SessionStart", session_start, true},
    HookEvent{"BeforeAgent", prompt, true},
    HookEvent{"BeforeTool", before_tool},
    HookEvent{"AfterTool", after_tool, true},
    HookEvent{"PreCompress", before_compaction},
    HookEvent{"AfterAgent", stop},
    HookEvent{"SessionEnd", session_end},
    HookEvent{"Notification", other},
    HookEvent{"BeforeModel", other},
    HookEvent{"AfterModel", other},
    HookEvent{"BeforeToolSelection", other},
};

// Copilot takes each name in two spellings; with the second its input has the members of Claude's.
constexpr std::array copilot_events{
    HookEvent{"sessionStart", session_start, true},
    HookEvent{"SessionStart", session_start, true},
    HookEvent{"userPromptSubmitted", prompt},
    HookEvent{"UserPromptSubmit", prompt},
    HookEvent{"preToolUse", before_tool},
    HookEvent{"PreToolUse", before_tool},
    HookEvent{"postToolUse", after_tool},
    HookEvent{"PostToolUse", after_tool},
    HookEvent{"preCompact", before_compaction},
    HookEvent{"PreCompact", before_compaction},
    HookEvent{"agentStop", stop},
    HookEvent{"Stop", stop},
    HookEvent{"subagentStart", subagent_start, true},
    HookEvent{"subagentStop", subagent_stop},
    HookEvent{"SubagentStop", subagent_stop},
    HookEvent{"sessionEnd", session_end},
    HookEvent{"SessionEnd", session_end},
    HookEvent{"postToolUseFailure", other},
    HookEvent{"PostToolUseFailure", other},
    HookEvent{"errorOccurred", other},
    HookEvent{"ErrorOccurred", other},
    HookEvent{"permissionRequest", other},
    HookEvent{"notification", other},
};

constexpr std::array cursor_events{
    HookEvent{"sessionStart", session_start, true},
    HookEvent{"beforeSubmitPrompt", prompt},
    HookEvent{"preToolUse", before_tool},
    HookEvent{"beforeShellExecution", before_tool},
    HookEvent{"postToolUse", after_tool, true},
    HookEvent{"afterFileEdit", after_tool},
    HookEvent{"afterShellExecution", after_tool},
    HookEvent{"preCompact", before_compaction},
    HookEvent{"stop", stop},
    HookEvent{"subagentStart", subagent_start},
    HookEvent{"subagentStop", subagent_stop},
    HookEvent{"sessionEnd", session_end},
    HookEvent{"beforeReadFile", other},
    HookEvent{"beforeMCPExecution", other},
    HookEvent{"afterMCPExecution", other},
    HookEvent{"afterAgentResponse", other},
    HookEvent{"afterAgentThought", other},
    HookEvent{"postToolUseFailure", other},
};

// The names by which OpenCode calls a plugin; `event` carries the kind of event inside.
constexpr std::array opencode_events{
    HookEvent{"session.created", session_start, true},
    HookEvent{"chat.message", prompt, true},
    HookEvent{"tool.execute.before", before_tool},
    HookEvent{"tool.execute.after", after_tool, true},
    HookEvent{"experimental.session.compacting", before_compaction, true},
    HookEvent{"session.idle", stop},
    HookEvent{"session.deleted", session_end},
    HookEvent{"event", other},
};

constexpr std::array clients{
    HookClient{"claude-code", HookDialect::claude, claude_events},
    HookClient{"codex", HookDialect::claude, codex_events},
    HookClient{"copilot", HookDialect::copilot, copilot_events},
    HookClient{"cursor", HookDialect::cursor, cursor_events},
    HookClient{"gemini", HookDialect::gemini, gemini_events},
    HookClient{"opencode", HookDialect::opencode, opencode_events},
};

// Letters and digits alone, small: "pre-tool-use" and "PreToolUse" are one name.
std::string bare(std::string_view name) {
    std::string letters;
    for (char const c : name) {
        if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) letters += c;
    }
    return letters;
}

}  // namespace

std::string_view hook_moment_word(HookMoment moment) {
    switch (moment) {
        case session_start: return "session_start";
        case prompt: return "prompt";
        case before_tool: return "before_tool";
        case after_tool: return "after_tool";
        case before_compaction: return "before_compaction";
        case stop: return "stop";
        case subagent_start: return "subagent_start";
        case subagent_stop: return "subagent_stop";
        case session_end: return "session_end";
        case other: break;
    }
    return "other";
}

HookClient const* find_hook_client(std::string_view name) {
    auto const found = std::ranges::find(clients, name, &HookClient::name);
    return found == clients.end() ? nullptr : &*found;
}

HookEvent const* find_hook_event(HookClient const& client, std::string_view name) {
    auto const exact = std::ranges::find(client.events, name, &HookEvent::name);
    if (exact != client.events.end()) return &*exact;
    auto const wanted = bare(name);
    auto const alike =
        std::ranges::find_if(client.events, [&](HookEvent const& one) { return bare(one.name) == wanted; });
    return alike == client.events.end() ? nullptr : &*alike;
}

std::vector<std::string_view> hook_clients() {
    std::vector<std::string_view> names;
    for (HookClient const& one : clients) names.push_back(one.name);
    return names;
}

std::vector<std::string_view> hook_events(std::string_view client) {
    std::vector<std::string_view> names;
    if (auto const* known = find_hook_client(client))
        for (HookEvent const& one : known->events) names.push_back(one.name);
    return names;
}

std::string_view hook_event_named(std::string_view client, std::string_view event) {
    auto const* known = find_hook_client(client);
    auto const* found = known ? find_hook_event(*known, event) : nullptr;
    return found ? found->name : std::string_view();
}

}  // namespace fleet
