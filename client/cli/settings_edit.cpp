#include "cli/settings_edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

// A basic string of TOML.
std::string quoted(std::string const& value) {
    std::string text = "\"";
    for (char const c : value) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
    }
    return text + '"';
}

// Whether the line sets `key`; one that is commented out does not.
bool sets(std::string const& line, std::string const& key) {
    auto const at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line.compare(at, key.size(), key) != 0) return false;
    auto const after = line.find_first_not_of(" \t", at + key.size());
    return after != std::string::npos && line[after] == '=';
}

}  // namespace

std::string with_settings(std::string const& text, SettingChanges const& changes) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    for (auto const& [key, value] : changes) {
        auto const name = key;
        auto const at =
            std::find_if(lines.begin(), lines.end(), [&](auto const& line) { return sets(line, name); });
        if (at != lines.end() && value.empty())
            lines.erase(at);
        else if (at != lines.end())
            *at = fmt::format("{} = {}", key, quoted(value));
        else if (!value.empty())
            lines.push_back(fmt::format("{} = {}", key, quoted(value)));
    }
    std::string out;
    for (auto const& line : lines) out += line + "\n";
    return out;
}

Result<void> change_settings(fs::path const& file, SettingChanges const& changes) {
    std::string before;
    {
        std::ifstream in(file);
        std::ostringstream all;
        all << in.rdbuf();
        before = all.str();
    }
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    auto const unfinished = fs::path(file.string() + ".new");
    {
        std::ofstream out(unfinished, std::ios::trunc);
        out << with_settings(before, changes) << std::flush;
        if (!out)
            return make_error(
                ErrorCode::not_configured,
                fmt::format("{} cannot be written: {}", unfinished.string(), std::strerror(errno)));
    }
    auto const rights = fs::exists(file, error) ? fs::status(file, error).permissions()
                                                : fs::perms::owner_read | fs::perms::owner_write;
    fs::permissions(unfinished, rights, error);
    fs::rename(unfinished, file, error);
    if (!error) return {};
    return make_error(ErrorCode::not_configured,
                      fmt::format("{} cannot be written: {}", file.string(), error.message()));
}

}  // namespace fleet::cli
