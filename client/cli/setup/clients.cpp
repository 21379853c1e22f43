#include "cli/setup/clients.hpp"

#include "cli/setup/files.hpp"
#include "cli/setup/ours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

// Seconds that a client gives to a hook; `fleet hook` itself ends long before.
constexpr int hook_limit = 5;

fs::path variable_or(char const* name, fs::path otherwise) {
    char const* value = std::getenv(name);
    return value == nullptr || *value != '/' ? std::move(otherwise) : fs::path(value);
}

// The directory of the client's own files.
fs::path folder_of(ClientInfo const& client, SetupChoice const& choice) {
    auto const in_project = choice.scope == SetupScope::project;
    if (client.name == "opencode" && !in_project)
        return variable_or("XDG_CONFIG_HOME", choice.home / ".config") / "opencode";
    if (client.name == "copilot" && in_project) return choice.top / ".github";
    auto const usual = fs::path(fmt::format(".{}", client.name));
    if (in_project) return choice.top / usual;
    if (client.name == "claude") return variable_or("CLAUDE_CONFIG_DIR", choice.home / usual);
    if (client.name == "codex") return variable_or("CODEX_HOME", choice.home / usual);
    if (client.name == "copilot") return variable_or("COPILOT_HOME", choice.home / usual);
    return choice.home / usual;
}

fs::path first_there(std::vector<fs::path> const& files, fs::path otherwise) {
    std::error_code error;
    for (auto const& file : files)
        if (fs::exists(file, error)) return file;
    return otherwise;
}

fs::path opencode_config(SetupChoice const& choice, fs::path const& folder) {
    auto const base = choice.scope == SetupScope::project ? choice.top : folder;
    std::vector<fs::path> files{base / "opencode.jsonc", base / "opencode.json"};
    if (choice.scope == SetupScope::project) {
        files.push_back(folder / "opencode.jsonc");
        files.push_back(folder / "opencode.json");
    }
    return first_there(files, base / "opencode.json");
}

// One word of a shell.
std::string shell_word(std::string const& word) {
    auto const plain =
        word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+@") ==
        std::string::npos;
    if (plain && !word.empty()) return word;
    std::string out = "'";
    for (char const c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

// Files of a project are for everybody who has it, also for those without FleetTools: there the hook is
// silent.
std::string hook_line(ClientInfo const& client, SetupChoice const& choice, std::string_view event) {
    auto const program = shell_word(choice.command);
    auto const call = fmt::format("{} hook {}/{}", program, client.hook, event);
    if (choice.scope == SetupScope::user || choice.fail_closed) return call;
    return fmt::format("command -v {} >/dev/null 2>&1 || exit 0; {}", program, call);
}

struct Event {
    std::string_view name;
    std::string_view matcher = "";
    bool is_edit = false;
};

std::vector<Event> events_of(std::string_view client) {
    // Gemini CLI calls PreCompress before every question to its model, whether it compresses or not.
    if (client == "gemini")
        return {
            {"SessionStart"}, {"BeforeAgent"}, {"BeforeTool", "write_file|replace|run_shell_command", true},
            {"AfterTool"},    {"AfterAgent"},  {"SessionEnd"}};
    if (client == "copilot")
        return {{"sessionStart"},
                {"userPromptSubmitted"},
                {"preToolUse", "edit|create|str_replace_editor|apply_patch|bash", true},
                {"postToolUse"},
                {"preCompact"},
                {"agentStop"},
                {"subagentStop"},
                {"sessionEnd"}};
    if (client == "cursor")
        return {{"sessionStart"},
                {"beforeSubmitPrompt"},
                {"preToolUse", "Write|Edit|StrReplace|Delete|TabWrite|Shell", true},
                {"afterFileEdit"},
                {"preCompact"},
                {"stop"},
                {"sessionEnd"}};
    auto const edits =
        client == "codex" ? "apply_patch|Edit|Write|Bash" : "Edit|MultiEdit|Write|NotebookEdit|Bash";
    return {{"SessionStart"},
            {"UserPromptSubmit"},
            {"PreToolUse", edits, true},
            {"PostToolUse"},
            {"PreCompact"},
            {"SubagentStart"},
            {"SubagentStop"},
            {"Stop"},
            {"SessionEnd"}};
}

WantedHook hook_of(ClientInfo const& client, SetupChoice const& choice, Event const& event) {
    auto const line = hook_line(client, choice, event.name);
    auto const closed = choice.fail_closed && event.is_edit;
    // Codex gives no more to a session's end, and warns of each that asks for it.
    auto const limit = client.name == "codex" && event.name == "SessionEnd" ? 3 : hook_limit;
    OrderedJson hook = OrderedJson::object();
    if (client.name == "gemini") {
        hook = {{"name", "fleet"}, {"type", "command"}, {"command", line}, {"timeout", hook_limit * 1'000}};
    } else if (client.name == "copilot") {
        hook = {{"type", "command"}, {"bash", line}, {"timeoutSec", hook_limit}};
    } else if (client.name == "cursor") {
        hook = {{"command", line}, {"timeout", hook_limit}};
        if (closed) hook["failClosed"] = true;
    } else {
        hook = {{"type", "command"}, {"command", line}, {"timeout", limit}};
        if (closed && client.name == "claude") hook["onFailure"] = "block";
    }
    return {std::string(event.name), std::string(event.matcher), std::move(hook)};
}

HookFile hook_shape(ClientInfo const& client) {
    HookFile how;
    how.client = client.hook;
    how.is_nested = client.name != "copilot" && client.name != "cursor";
    how.has_version = !how.is_nested;
    return how;
}

// Codex hands on a handful of variables; these say where fleetd is and who asks.
std::vector<std::string> const& variables() {
    static std::vector<std::string> const names{
        "XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME",    "XDG_CONFIG_HOME", "FLEET_CONFIG",
        "FLEET_ENDPOINT",  "FLEET_SOCKET",  "FLEET_RUNTIME_DIR", "FLEET_DATA_DIR",  "FLEET_STATE_DIR",
        "FLEET_AS",        "FLEET_PROJECT", "FLEET_SESSION",     "CODEX_THREAD_ID"};
    return names;
}

std::unique_ptr<Piece> mcp_piece(ClientInfo const& client, SetupChoice const& choice) {
    auto const file = mcp_file(client, choice);
    auto const name = std::string(server_name);
    if (client.name == "codex") return toml_server(file, {choice.command, {"mcp"}, variables()});
    if (client.name == "opencode")
        return json_server(file, {std::string("mcp"), name},
                           {{"type", "local"}, {"command", {choice.command, "mcp"}}, {"enabled", true}});
    OrderedJson server = OrderedJson::object();
    if (client.name == "claude") server["type"] = "stdio";
    if (client.name == "copilot") server["type"] = "local";
    server["command"] = choice.command;
    server["args"] = {"mcp"};
    if (client.name == "copilot") server["tools"] = {"*"};
    return json_server(file, {std::string("mcpServers"), name}, std::move(server));
}

// Whether a file of instructions leads to AGENTS.md without us.
bool leads_to_agents(fs::path const& file) {
    std::error_code error;
    if (fs::is_symlink(fs::symlink_status(file, error)))
        return fs::weakly_canonical(file, error).filename() == "AGENTS.md";
    auto const text = content_of(file).value_or("");
    // Where our block is, it stays ours to take out, whatever stands beside it by now.
    return text.find("@AGENTS.md") != std::string::npos && text.find("BEGIN FLEETTOOLS") == std::string::npos;
}

void add_instructions(ClientSetup& setup, SetupChoice const& choice) {
    setup.pieces.push_back(text_block(choice.top / "AGENTS.md", instructions_text()));
    std::error_code error;
    // Claude Code reads AGENTS.md where there is no CLAUDE.md; Gemini CLI reads GEMINI.md only.
    auto const is_claude = setup.info->name == "claude";
    if (!is_claude && setup.info->name != "gemini") return;
    auto const own = choice.top / (is_claude ? "CLAUDE.md" : "GEMINI.md");
    if (is_claude && !fs::exists(own, error)) return;
    if (!leads_to_agents(own)) setup.pieces.push_back(text_block(own, "@AGENTS.md"));
}

void add_notes(ClientSetup& setup, SetupChoice const& choice) {
    auto const in_project = choice.scope == SetupScope::project;
    auto const name = setup.info->name;
    auto& notes = setup.notes;
    if (in_project && choice.command != "fleet")
        notes.push_back(
            fmt::format("fleet is not in PATH, so {} was written: put fleet into PATH and run this again "
                        "before you commit these files",
                        choice.command));
    if (name == "claude" && in_project)
        notes.push_back(
            "Claude Code asks once whether it may use the server of .mcp.json: start `claude` and approve "
            "it");
    if (name == "codex" && in_project)
        notes.push_back("Codex reads .codex/ of a folder that it trusts: start `codex` and trust it");
    if (name == "codex")
        notes.push_back(
            "Codex runs new hooks only after you have looked at them: `/hooks` in `codex`, then trust them");
    if (name == "gemini" && in_project)
        notes.push_back("Gemini CLI reads .gemini/ of a folder that it trusts: start `gemini` and trust it");
    if (name == "copilot" && in_project)
        notes.push_back(
            "Copilot reads .github/hooks of a folder that it trusts: start `copilot` and trust it");
    if (name == "cursor")
        notes.push_back(
            "Cursor reads its hooks again when it starts; enable the server fleet under Settings, MCP");
}

}  // namespace

std::string_view scope_words(SetupScope scope) {
    return scope == SetupScope::project ? "project" : "user";
}

std::vector<ClientInfo> const& known_clients() {
    static std::vector<ClientInfo> const clients{
        {"claude", "Claude Code", "claude-code", "claude", ".claude"},
        {"codex", "Codex", "codex", "codex", ".codex"},
        {"opencode", "OpenCode", "opencode", "opencode", ".config/opencode"},
        {"gemini", "Gemini CLI", "gemini", "gemini", ".gemini"},
        {"copilot", "Copilot CLI", "copilot", "copilot", ".copilot"},
        {"cursor", "Cursor", "cursor", "cursor", ".cursor"},
    };
    return clients;
}

ClientInfo const* find_client(std::string_view name) {
    auto const& all = known_clients();
    auto const at = std::find_if(all.begin(), all.end(),
                                 [&](auto const& one) { return one.name == name || one.hook == name; });
    return at == all.end() ? nullptr : &*at;
}

fs::path mcp_file(ClientInfo const& client, SetupChoice const& choice) {
    auto const folder = folder_of(client, choice);
    auto const in_project = choice.scope == SetupScope::project;
    if (client.name == "claude") {
        if (in_project) return choice.top / ".mcp.json";
        return folder == choice.home / ".claude" ? choice.home / ".claude.json" : folder / ".claude.json";
    }
    if (client.name == "codex") return folder / "config.toml";
    if (client.name == "opencode") return opencode_config(choice, folder);
    if (client.name == "gemini") return folder / "settings.json";
    if (client.name == "copilot") return folder / (in_project ? "mcp.json" : "mcp-config.json");
    return folder / "mcp.json";
}

fs::path hook_file(ClientInfo const& client, SetupChoice const& choice) {
    auto const folder = folder_of(client, choice);
    if (client.name == "claude" || client.name == "gemini") return folder / "settings.json";
    if (client.name == "opencode") return folder / "plugins" / "fleet.js";
    if (client.name == "copilot") return folder / "hooks" / "fleet.json";
    return folder / "hooks.json";
}

ClientSetup client_setup(ClientInfo const& client, SetupChoice const& choice) {
    ClientSetup setup;
    setup.info = &client;
    setup.scope = choice.scope;
    // A directory that a variable names may be anywhere.
    auto const folder = folder_of(client, choice);
    auto const in_project = choice.scope == SetupScope::project;
    auto const below_home = folder.lexically_relative(choice.home).string().substr(0, 2) != "..";
    setup.fence = in_project ? choice.top : below_home ? choice.home : folder;
    setup.pieces.push_back(mcp_piece(client, choice));
    if (client.name == "opencode") {
        setup.pieces.push_back(
            own_file(hook_file(client, choice), std::string(plugin_mark), opencode_plugin(choice.command)));
    } else {
        std::vector<WantedHook> hooks;
        for (auto const& event : events_of(client.name)) hooks.push_back(hook_of(client, choice, event));
        setup.pieces.push_back(json_hooks(hook_file(client, choice), hook_shape(client), std::move(hooks)));
    }
    if (in_project) add_instructions(setup, choice);
    add_notes(setup, choice);
    return setup;
}

}  // namespace fleet::cli
