#include <fleet/workspace.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <optional>

namespace fleet {

namespace {

namespace fs = std::filesystem;

bool is_there(fs::path const& path) {
    std::error_code error;
    return fs::exists(path, error);
}

std::optional<fs::path> upward(fs::path const& from, fs::path const& what) {
    for (fs::path folder = from;; folder = folder.parent_path()) {
        if (is_there(folder / what)) return folder;
        if (folder == folder.parent_path()) return std::nullopt;
    }
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    auto const begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

std::string first_line(fs::path const& file) {
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return trimmed(line);
}

// Where the repository keeps what all its worktrees share.
fs::path git_folder(fs::path const& top) {
    fs::path folder = top / ".git";
    std::error_code error;
    if (fs::is_directory(folder, error)) return folder;
    auto line = first_line(folder);
    constexpr std::string_view mark = "gitdir: ";
    if (!line.starts_with(mark)) return {};
    folder = top / line.substr(mark.size());
    auto const common = first_line(folder / "commondir");
    return common.empty() ? folder : folder / common;
}

std::string remote_url(fs::path const& top) {
    std::ifstream in(git_folder(top) / "config");
    std::string line;
    bool is_origin = false;
    while (std::getline(in, line)) {
        auto const text = trimmed(line);
        if (text.starts_with('[')) is_origin = text == R"([remote "origin"])";
        auto const equals = text.find('=');
        if (!is_origin || equals == std::string::npos || trimmed(text.substr(0, equals)) != "url") continue;
        return trimmed(text.substr(equals + 1));
    }
    return {};
}

void cut_from(std::string& text, std::string_view mark) {
    if (auto at = text.find(mark); at != std::string::npos) text.erase(0, at + mark.size());
}

// The text behind `key = `, in either kind of quotes; nothing when it is not one text on one line.
std::optional<std::string> text_in_quotes(std::string_view value) {
    if (value.empty() || (value.front() != '"' && value.front() != '\'')) return std::nullopt;
    char const quote = value.front();
    std::string text;
    for (std::size_t i = 1; i < value.size(); ++i) {
        if (value[i] == quote) {
            auto const rest = trimmed(value.substr(i + 1));
            return rest.empty() || rest.front() == '#' ? std::optional(text) : std::nullopt;
        }
        bool const is_escaped = quote == '"' && value[i] == '\\' && i + 1 < value.size();
        text += is_escaped ? value[++i] : value[i];
    }
    return std::nullopt;
}

// Of the file's TOML only three keys at its top matter here, each a text on a line of its own.
Result<void> take_config(Workspace& workspace, fs::path const& file) {
    std::map<std::string, std::string*, std::less<>> const wanted{
        {"project", &workspace.project},
        {"hook_policy", &workspace.hook_policy},
        {"hook_on_failure", &workspace.hook_on_failure}};
    std::ifstream in(file);
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        auto const said = trimmed(line);
        if (said.starts_with('[')) break;  // a table: what follows is not at the top
        auto const equals = said.find('=');
        if (equals == std::string::npos || said.starts_with('#')) continue;
        auto const key = wanted.find(trimmed(std::string_view(said).substr(0, equals)));
        if (key == wanted.end()) continue;
        auto text = text_in_quotes(trimmed(std::string_view(said).substr(equals + 1)));
        if (!text)
            return make_error(ErrorCode::not_configured, fmt::format("{}:{}: {} is not a text in quotes",
                                                                     file.string(), number, key->first));
        *key->second = *std::move(text);
    }
    workspace.is_configured = !workspace.project.empty();
    return {};
}

fs::path joined(fs::path const& cwd, std::string_view file) {
    fs::path const path = fs::path(std::string(file));
    return path.is_absolute() ? path : cwd / path;
}

// What is there is resolved, what is not yet is taken by its name; a link to what is not there yet, too:
// writing it makes what it points at.
std::optional<fs::path> resolved(fs::path path) {
    constexpr int links_max = 40;  // as the kernel has it
    std::error_code error;
    for (int links = 0; links < links_max; ++links) {
        path = fs::weakly_canonical(path, error);
        if (error) return std::nullopt;
        auto const target = fs::read_symlink(path, error);
        if (error) return path;
        path = path.parent_path() / target;
    }
    return std::nullopt;
}

std::optional<std::string> below(fs::path const& top, fs::path const& file) {
    auto name = file.lexically_relative(top).generic_string();
    while (name.ends_with('/')) name.pop_back();
    if (name.empty() || name == "." || name == ".." || name.starts_with("../")) return std::nullopt;
    return name;
}

}  // namespace

std::string key_from_remote(std::string_view remote) {
    std::string text = trimmed(remote);
    bool const has_scheme = text.find("://") != std::string::npos;
    bool const is_path = text.starts_with('/') || text.starts_with('.') || text.starts_with("file://");
    while (text.ends_with('/')) text.pop_back();
    if (text.ends_with(".git")) text.erase(text.size() - 4);
    while (text.ends_with('/')) text.pop_back();
    if (is_path) return fs::path(text).filename().string();

    cut_from(text, "://");
    auto slash = text.find('/');
    if (auto at = text.find('@'); at != std::string::npos && (slash == std::string::npos || at < slash))
        text.erase(0, at + 1);
    auto const colon = text.find(':');
    slash = text.find('/');
    if (colon != std::string::npos && (slash == std::string::npos || colon < slash)) {
        // host:path of scp, or host:port/path of a URL.
        if (has_scheme && slash != std::string::npos)
            text.erase(colon, slash - colon);
        else
            text[colon] = '/';
    }
    auto const host = std::min(text.find('/'), text.size());
    for (std::size_t i = 0; i < host; ++i)
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
    return text;
}

Result<Workspace> find_workspace(fs::path const& directory) {
    std::error_code error;
    auto const from = fs::canonical(directory, error);
    if (error || !fs::is_directory(from, error))
        return make_error(ErrorCode::not_found, fmt::format("there is no directory {}", directory.string()));
    Workspace workspace;
    auto const git = upward(from, ".git");
    auto fleet = upward(from, fs::path(".fleet") / "config.toml");
    // A repository inside another project's folder is a project of its own.
    if (git && fleet && git->native().size() > fleet->native().size()) fleet.reset();
    workspace.top = git ? *git : fleet.value_or(from);
    if (fleet) {
        auto taken = take_config(workspace, *fleet / ".fleet" / "config.toml");
        if (!taken) return taken.error();
    }
    if (workspace.project.empty() && git) workspace.project = key_from_remote(remote_url(*git));
    return workspace;
}

std::optional<std::string> path_in_project(Workspace const& workspace, fs::path const& cwd,
                                           std::string_view file) {
    auto const resolved_path = resolved(joined(cwd, file));
    if (!resolved_path) return std::nullopt;
    fs::path const& path = *resolved_path;
    fs::path folder = path.parent_path();
    while (folder != workspace.top && folder != folder.parent_path()) {
        if (is_there(folder / ".git") || is_there(folder / ".fleet" / "config.toml")) break;
        folder = folder.parent_path();
    }
    if (folder == workspace.top) return below(workspace.top, path);
    auto const other = find_workspace(folder);
    bool const is_ours = other && !workspace.project.empty() && other->project == workspace.project;
    if (is_ours) return below(other->top, path);
    // A repository inside that says nothing of itself is part of what surrounds it.
    if (other && other->project.empty()) return below(workspace.top, path);
    return std::nullopt;
}

std::optional<std::string> path_below(fs::path const& top, fs::path const& cwd, std::string_view file) {
    return below(top.lexically_normal(), joined(cwd, file).lexically_normal());
}

}  // namespace fleet
