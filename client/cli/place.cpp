#include "cli/place.hpp"

#include "cli/program.hpp"
#include "cli/toml_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace fleet::cli {
namespace {

std::optional<fs::path> upward(fs::path const& from, fs::path const& what) {
    std::error_code error;
    for (fs::path folder = from;; folder = folder.parent_path()) {
        if (fs::exists(folder / what, error)) return folder;
        if (folder == folder.parent_path()) return std::nullopt;
    }
}

Result<void> write_file(fs::path const& file, std::string_view text) {
    std::ofstream out(file, std::ios::trunc);
    out << text;
    out.close();
    if (out) return {};
    return make_error(ErrorCode::internal,
                      fmt::format("{} cannot be written: {}", file.string(), std::strerror(errno)));
}

Result<void> make_folder(fs::path const& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) return {};
    return make_error(ErrorCode::internal,
                      fmt::format("{} cannot be made: {}", folder.string(), error.message()));
}

Result<void> ignore_local(fs::path const& top) {
    fs::path file = top / ".fleet" / ".gitignore";
    std::error_code error;
    if (fs::exists(file, error)) return {};
    return write_file(file, "# What belongs to one checkout: tokens of its pilots.\nlocal/\n");
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
}

}  // namespace

Result<Place> find_place(fs::path const& cwd) {
    Place place;
    place.cwd = cwd;
    auto git = upward(cwd, ".git");
    auto fleet = upward(cwd, fs::path(".fleet") / "config.toml");
    // A repository inside another project's folder is a project of its own.
    if (git && fleet && git->native().size() > fleet->native().size()) fleet.reset();
    place.top = git ? *git : fleet.value_or(cwd);
    if (!fleet) return place;
    place.config = *fleet / ".fleet" / "config.toml";
    auto key = read_project_key(*place.config);
    if (!key) return key.error();
    place.project = *key;
    return place;
}

std::string git_remote(fs::path const& top) {
    return trimmed(
        output_of({"git", "-C", top.string(), "config", "--get", "remote.origin.url"}).value_or(""));
}

std::string git_branch(fs::path const& top) {
    return trimmed(output_of({"git", "-C", top.string(), "symbolic-ref", "--short", "HEAD"}).value_or(""));
}

Result<bool> write_project_files(fs::path const& top, std::string_view project) {
    fs::path folder = top / ".fleet";
    fs::path config = folder / "config.toml";
    if (auto made = make_folder(folder); !made) return made.error();
    if (auto ignored = ignore_local(top); !ignored) return ignored.error();
    std::error_code error;
    if (fs::exists(config, error)) return false;
    std::string quoted;
    for (char c : project) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    auto text = fmt::format(
        "# FleetTools: which project this code base is. Commit this file.\nproject = \"{}\"\n", quoted);
    if (auto written = write_file(config, text); !written) return written.error();
    return true;
}

Result<void> make_local(Place const& place) {
    if (auto made = make_folder(place.local()); !made) return made;
    std::error_code error;
    fs::permissions(place.local(), fs::perms::owner_all, error);
    return ignore_local(place.top);
}

}  // namespace fleet::cli
