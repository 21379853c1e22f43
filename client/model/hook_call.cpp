// What a client told, read into one form. The names of members are those that the clients' own packages and
// reference pages give; docs/guide/hooks.md says which.
#include "model/hook_events.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

namespace fleet {

namespace {

std::string first_of(Json const& object, std::initializer_list<std::string_view> names) {
    for (auto const name : names) {
        auto text = text_or(object, name, "");
        if (!text.empty()) return text;
    }
    return {};
}

Json member(Json const& object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    auto const found = object.find(std::string(name));
    return found == object.end() ? Json(nullptr) : *found;
}

// Arguments of a tool; some clients give them as the JSON text that the model wrote.
Json arguments(Json const& input, std::initializer_list<std::string_view> names) {
    for (auto const name : names) {
        Json value = member(input, name);
        if (value.is_object()) return value;
        if (!value.is_string()) continue;
        auto parsed = parse_json(value.get<std::string>());
        if (parsed && parsed->is_object()) return *std::move(parsed);
        // A patch as it is, without an object around it.
        return Json{{"command", value}};
    }
    return Json::object();
}

void take_tool(HookCall& call, std::string tool, Json const& args) {
    call.tool = std::move(tool);
    auto writes = tool_writes(call.tool, args);
    call.is_edit = writes.is_edit;
    call.is_shell = writes.is_shell;
    call.files = std::move(writes.files);
}

// Claude Code, Codex and Gemini: the same members; Copilot's second spelling has them, too.
void read_snake(HookCall& call, Json const& input) {
    call.session_id = text_or(input, "session_id", "");
    call.cwd = text_or(input, "cwd", "");
    call.source = text_or(input, "source", "");
    call.reason = text_or(input, "reason", "");
    call.model = text_or(input, "model", "");
    call.is_reminded = flag_or(input, "stop_hook_active", false);
    take_tool(call, text_or(input, "tool_name", ""), arguments(input, {"tool_input"}));
}

void read_copilot(HookCall& call, Json const& input) {
    read_snake(call, input);
    if (!input.contains("sessionId") && !input.contains("toolName") && call.session_id.size()) return;
    call.session_id = first_of(input, {"sessionId", "session_id"});
    take_tool(call, first_of(input, {"toolName", "tool_name"}), arguments(input, {"toolArgs", "tool_input"}));
}

void read_cursor(HookCall& call, Json const& input) {
    read_snake(call, input);
    call.session_id = first_of(input, {"conversation_id", "session_id"});
    if (call.cwd.empty()) {
        Json const roots = member(input, "workspace_roots");
        if (roots.is_array() && !roots.empty() && roots.front().is_string())
            call.cwd = roots.front().get<std::string>();
    }
    // Cursor counts how often it was told to go on.
    call.is_reminded = number_or(input, "loop_count", 0) > 0;
    if (call.event == "beforeShellExecution" || call.event == "afterShellExecution")
        take_tool(call, "Shell", Json{{"command", text_or(input, "command", "")}});
    if (call.event == "afterFileEdit")
        take_tool(call, "Edit", Json{{"file_path", text_or(input, "file_path", "")}});
}

// {"input": …, "output": …, "directory": …}: what OpenCode hands to a plugin, and where it works.
void read_opencode(HookCall& call, Json const& input) {
    Json const given = member(input, "input");
    Json const output = member(input, "output");
    Json const happened = member(member(given, "event"), "properties");
    Json const info = member(happened, "info");
    call.session_id = first_of(given, {"sessionID"});
    if (call.session_id.empty()) call.session_id = first_of(happened, {"sessionID"});
    if (call.session_id.empty()) call.session_id = first_of(info, {"id"});
    call.cwd = first_of(input, {"directory", "worktree"});
    if (auto const own = first_of(info, {"directory"}); !own.empty()) call.cwd = own;
    call.model = text_or(member(given, "model"), "modelID", "");
    call.source = call.moment == HookMoment::session_start ? "startup" : "";
    call.reason = call.moment == HookMoment::session_end ? "deleted" : "";
    Json args = member(given, "args");
    if (!args.is_object()) args = member(output, "args");
    take_tool(call, text_or(given, "tool", ""), args.is_object() ? args : Json::object());
}

Error unknown(std::string message, std::vector<std::string_view> const& known) {
    Error error = make_error(ErrorCode::not_found, std::move(message));
    error.hint = fmt::format("Known are {}.", fmt::join(known, ", "));
    return error;
}

// The event that the input itself names.
std::string said_event(HookDialect dialect, Json const& input) {
    if (dialect == HookDialect::opencode) return text_or(member(member(input, "input"), "event"), "type", "");
    return text_or(input, "hook_event_name", "");
}

}  // namespace

Result<HookCall> read_hook(std::string_view client, std::string_view event, Json const& input) {
    auto const* known = find_hook_client(client);
    if (!known) return unknown(fmt::format("no hooks of {} are known", client), hook_clients());
    if (!input.is_object())
        return make_error(ErrorCode::invalid_field, "the input of a hook is a JSON object", "/hook_input");
    auto const said = said_event(known->dialect, input);
    // OpenCode tells all that happens under the name `event`; most of it is of no interest.
    bool const is_inside = event.empty() || event == "event";
    auto const name = is_inside && !said.empty() ? std::string_view(said) : event;
    auto const* found = find_hook_event(*known, name);
    if (!found && known->dialect == HookDialect::opencode && is_inside && !said.empty())
        found = find_hook_event(*known, "event");
    if (!found && name.empty())
        return make_error(ErrorCode::invalid_field,
                          fmt::format("{} does not say in its input which hook this is: name it", client),
                          "/event");
    if (!found) return unknown(fmt::format("{} has no hook {}", client, name), hook_events(client));
    HookCall call;
    call.client = known->name;
    call.event = found->name;
    call.moment = found->moment;
    switch (known->dialect) {
        case HookDialect::claude:
        case HookDialect::gemini: read_snake(call, input); break;
        case HookDialect::copilot: read_copilot(call, input); break;
        case HookDialect::cursor: read_cursor(call, input); break;
        case HookDialect::opencode: read_opencode(call, input); break;
    }
    if (call.moment != HookMoment::other && call.session_id.empty() && call.cwd.empty())
        return make_error(ErrorCode::invalid_field, "the input names neither a session nor a directory",
                          "/hook_input/session_id");
    return call;
}

}  // namespace fleet
