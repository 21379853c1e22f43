// Which files a call of a tool writes.
#include "model/hook_events.hpp"

#include <fleet/json.hpp>

#include <algorithm>
#include <array>

namespace fleet {

namespace {

// By their names without what divides words: Claude Code's, Codex's, Gemini's, Copilot's, Cursor's,
// OpenCode's and those of the file servers that MCP clients use.
constexpr std::array<std::string_view, 23> edit_tools{
    "applypatch", "create",    "createfile",    "delete",        "deletefile",     "edit",
    "editfile",   "editfiles", "editnotebook",  "movefile",      "multiedit",      "notebookedit",
    "patch",      "replace",   "replaceinfile", "searchreplace", "strreplace",     "strreplaceeditor",
    "updatefile", "write",     "writefile",     "writetofile",   "createdirectory"};
constexpr std::array<std::string_view, 9> shell_tools{"bash",       "execcommand",   "localshell",
                                                      "powershell", "runinterminal", "runshellcommand",
                                                      "shell",      "shellcommand",  "terminal"};
constexpr std::array<std::string_view, 10> path_members{
    "file_path",  "filePath", "path",        "notebook_path", "target_file",
    "targetFile", "filename", "destination", "source",        "relative_workspace_path"};
constexpr std::array<std::string_view, 4> patch_members{"patchText", "patch", "command", "input"};

std::string bare_tool(std::string_view name) {
    // mcp__filesystem__write_file is write_file.
    if (auto const last = name.rfind("__"); last != std::string_view::npos) name.remove_prefix(last + 2);
    std::string letters;
    for (char const c : name) {
        if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c - 'A' + 'a');
        if (c >= 'a' && c <= 'z') letters += c;
    }
    return letters;
}

void add(std::vector<std::string>& files, std::string file) {
    if (file.empty() || std::ranges::find(files, file) != files.end()) return;
    files.push_back(std::move(file));
}

void add_named(std::vector<std::string>& files, Json const& object) {
    if (object.is_string()) return add(files, object.get<std::string>());
    for (auto const name : path_members) add(files, text_or(object, name, ""));
}

void add_listed(std::vector<std::string>& files, Json const& input, std::string_view name) {
    auto const list = input.find(std::string(name));
    if (list == input.end() || !list->is_array()) return;
    for (Json const& one : *list)
        if (one.is_object() || one.is_string()) add_named(files, one);
}

// ["bash", "-lc", "the line"]
bool is_shell_line(Json const& words) {
    if (words.size() != 3 || !words.at(0).is_string() || !words.at(1).is_string() || !words.at(2).is_string())
        return false;
    auto const program = words.at(0).get<std::string>();
    auto const option = words.at(1).get<std::string>();
    bool const is_shell = program.ends_with("sh") || program.ends_with("shell") || program.ends_with(".exe");
    return is_shell && option.starts_with('-') && option.find_first_of("cC") != std::string::npos;
}

// One word of a command line, whatever it holds.
std::string in_quotes(std::string_view word) {
    std::string text = "'";
    for (char const c : word) {
        if (c == '\'') text += "'\\'";
        text += c;
    }
    return text + "'";
}

// One line of a command, or several, as its words.
std::string command_of(Json const& input) {
    auto const found = input.find("command");
    if (found == input.end()) return text_or(input, "cmd", "");
    if (found->is_string()) return found->get<std::string>();
    std::string line;
    if (!found->is_array()) return line;
    if (is_shell_line(*found)) return found->at(2).get<std::string>();
    for (Json const& word : *found)
        if (word.is_string()) line += (line.empty() ? "" : " ") + in_quotes(word.get<std::string>());
    return line;
}

}  // namespace

std::vector<std::string> patched_files(std::string_view patch) {
    constexpr std::array<std::string_view, 4> heads{
        "*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "};
    std::vector<std::string> files;
    while (!patch.empty()) {
        auto const end = std::min(patch.find('\n'), patch.size());
        auto line = patch.substr(0, end);
        patch.remove_prefix(std::min(end + 1, patch.size()));
        while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
        while (line.starts_with(' ')) line.remove_prefix(1);
        for (auto const head : heads)
            if (line.starts_with(head)) add(files, std::string(line.substr(head.size())));
    }
    return files;
}

ToolWrites tool_writes(std::string_view tool, Json const& input) {
    ToolWrites writes;
    auto const name = bare_tool(tool);
    if (std::ranges::find(shell_tools, name) != shell_tools.end()) {
        writes.is_shell = true;
        auto const command = command_of(input);
        writes.files = shell_writes(command);
        for (auto& file : patched_files(command)) add(writes.files, std::move(file));
        return writes;
    }
    if (std::ranges::find(edit_tools, name) == edit_tools.end()) return writes;
    // One tool of some clients reads, too, by a word in its arguments.
    if (text_or(input, "command", "") == "view") return writes;
    writes.is_edit = true;
    for (auto const member : patch_members)
        for (auto& file : patched_files(text_or(input, member, ""))) add(writes.files, std::move(file));
    add_named(writes.files, input);
    for (auto const list : {"files", "edits", "file_paths", "paths"}) add_listed(writes.files, input, list);
    return writes;
}

}  // namespace fleet
