// Which project a directory of this machine belongs to, and what a file in it is called there.
#pragma once

#include <fleet/result.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// The same on every host: "git@github.com:acme/shop.git" and "https://github.com/acme/shop" give
// "github.com/acme/shop"; a path gives its last part. "" when nothing is left.
std::string key_from_remote(std::string_view remote);

struct Workspace {
    std::filesystem::path
        top{};  // canonical: the top of the git worktree, else where .fleet is, else the directory
    std::string project{};          // key; "" when nothing says one
    bool is_configured = false;     // by .fleet/config.toml; else `project` comes from the git remote
    std::string hook_policy{};      // what config.toml says: enforce, warn, off; "" when it does not
    std::string hook_on_failure{};  // open, closed
};

// Reads files only; no program is run. A repository inside another project's folder is one of its own; a
// linked worktree has the project of its repository. Errors: not_found (no such directory), not_configured (a
// config.toml that cannot be read, with the line).
Result<Workspace> find_workspace(std::filesystem::path const& directory);

// The name of a file in the project, whatever it was called: absolute or relative to `cwd`, through symbolic
// links, with "." and "..", there or not; also when it stands in another worktree of the same project.
// Nothing for a file outside of the project, and for the top itself.
std::optional<std::string> path_in_project(Workspace const& workspace, std::filesystem::path const& cwd,
                                           std::string_view file);

// The same without looking at any file: for a client on another machine.
std::optional<std::string> path_below(std::filesystem::path const& top, std::filesystem::path const& cwd,
                                      std::string_view file);

}  // namespace fleet
