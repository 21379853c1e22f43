#include "cli/setup/configured.hpp"

#include "cli/setup/files.hpp"
#include "cli/setup/ours.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

Json json_in(fs::path const& file) {
    auto const text = content_of(file).value_or("");
    auto const edit = JsonEdit::open(text, file.string());
    return edit ? edit->value() : Json::object();
}

Json member(Json const& object, std::string_view name) {
    return object.is_object() && object.contains(name) ? object.at(std::string(name)) : Json();
}

std::vector<std::string> words_of(Json const& server) {
    std::vector<std::string> words;
    auto const take = [&](Json const& value) {
        if (value.is_string()) words.push_back(value.get<std::string>());
        if (!value.is_array()) return;
        for (auto const& one : value)
            if (one.is_string()) words.push_back(one.get<std::string>());
    };
    take(member(server, "command"));
    if (!words.empty()) take(member(server, "args"));
    return words;
}

std::vector<std::string> toml_words(fs::path const& file) {
    std::vector<std::string> words;
    try {
        auto const root = toml::parse(content_of(file).value_or(""));
        auto const server = root["mcp_servers"][server_name];
        if (auto const command = server["command"].value<std::string>()) words.push_back(*command);
        if (auto const* args = server["args"].as_array(); args != nullptr && !words.empty())
            for (auto const& one : *args) words.push_back(one.value_or(std::string()));
    } catch (toml::parse_error const&) {
        words.clear();
    }
    return words;
}

void take_hook(Configured& found, ClientInfo const& client, std::string const& event, Json const& hook) {
    auto const line = hook_command(hook);
    if (!is_our_hook(line, client.hook)) return;
    found.edit_hook = line;
    found.edit_event = event;
    found.is_closed = flag_or(hook, "failClosed", false) || text_or(hook, "onFailure", "") == "block" ||
                      (line.find("|| exit 0") == std::string::npos && fs::path(line).is_relative());
}

}  // namespace

Configured configured(ClientInfo const& client, SetupChoice const& choice) {
    Configured found;
    if (client.name == "codex")
        found.server = toml_words(mcp_file(client, choice));
    else
        found.server = words_of(member(
            member(json_in(mcp_file(client, choice)), client.name == "opencode" ? "mcp" : "mcpServers"),
            server_name));
    if (!found.server.empty() && !is_our_program(found.server.front())) found.server.clear();
    if (client.name == "opencode") {
        std::error_code error;
        if (fs::exists(hook_file(client, choice), error)) found.edit_event = "tool.execute.before";
        if (!found.edit_event.empty() && !found.server.empty())
            found.edit_hook = fmt::format("{} hook opencode/tool.execute.before", found.server.front());
        return found;
    }
    auto const hooks = member(json_in(hook_file(client, choice)), "hooks");
    for (auto const* event : {"PreToolUse", "BeforeTool", "preToolUse"})
        for (auto const& entry : member(hooks, event)) {
            take_hook(found, client, event, entry);
            for (auto const& inner : member(entry, "hooks")) take_hook(found, client, event, inner);
        }
    return found;
}

}  // namespace fleet::cli
