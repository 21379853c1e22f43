// Which client has which hooks. Internal to this room.
#pragma once

#include <fleet/hooks.hpp>

#include <span>
#include <string_view>

namespace fleet {

// How a client writes its input and reads its answers.
enum class HookDialect { claude, gemini, copilot, cursor, opencode };

struct HookEvent {
    std::string_view name;
    HookMoment moment;
    bool takes_context = false;  // text for the model is read from the answer
};
struct HookClient {
    std::string_view name;
    HookDialect dialect;
    std::span<HookEvent const> events;
};

// Null when it is not known.
HookClient const* find_hook_client(std::string_view name);
// Null when the client has no such hook.
HookEvent const* find_hook_event(HookClient const& client, std::string_view name);

// The files that a call of a tool writes, and what kind of tool it is.
struct ToolWrites {
    bool is_edit = false;
    bool is_shell = false;
    std::vector<std::string> files{};
};
ToolWrites tool_writes(std::string_view tool, Json const& input);

}  // namespace fleet
