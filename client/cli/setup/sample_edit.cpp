#include "cli/setup/sample_edit.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {

Json sample_edit(ClientInfo const& client, std::string const& event, std::string const& session,
                 std::filesystem::path const& folder, std::string const& file) {
    auto const path = (folder / file).string();
    auto const cwd = folder.string();
    if (client.name == "opencode")
        return {{"input", {{"tool", "edit"}, {"sessionID", session}, {"callID", "call_doctor"}}},
                {"output", {{"args", {{"filePath", path}, {"oldString", "a"}, {"newString", "b"}}}}},
                {"directory", cwd},
                {"worktree", cwd}};
    if (client.name == "copilot")
        return {{"sessionId", session},
                {"timestamp", 0},
                {"cwd", cwd},
                {"toolName", "edit"},
                {"toolArgs", json_text(Json{{"path", path}, {"old_str", "a"}, {"new_str", "b"}})}};
    Json input{{"session_id", session}, {"cwd", cwd}, {"hook_event_name", event}, {"transcript_path", ""}};
    if (client.name == "cursor") {
        input.erase("session_id");
        input["conversation_id"] = session;
        input["workspace_roots"] = Json::array({cwd});
    }
    if (client.name == "codex") {
        input["tool_name"] = "apply_patch";
        input["tool_input"] = {
            {"command",
             fmt::format("*** Begin Patch\n*** Update File: {}\n@@\n-a\n+b\n*** End Patch", file)}};
        return input;
    }
    input["tool_name"] = client.name == "gemini" ? "write_file" : "Write";
    input["tool_input"] = {{"file_path", path}, {"content", "b"}};
    return input;
}

std::string refusal_in(Json const& answer) {
    if (!answer.is_object()) return {};
    if (auto reason = text_or(answer, "deny", ""); !reason.empty()) return reason;
    if (text_or(answer, "decision", "") == "deny") return text_or(answer, "reason", "no reason");
    if (text_or(answer, "permission", "") == "deny")
        return text_or(answer, "agent_message", text_or(answer, "user_message", "no reason"));
    if (text_or(answer, "permissionDecision", "") == "deny")
        return text_or(answer, "permissionDecisionReason", "no reason");
    auto const inner = answer.find("hookSpecificOutput");
    return inner == answer.end() ? std::string() : refusal_in(*inner);
}

}  // namespace fleet::cli
