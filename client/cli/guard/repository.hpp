#pragma once
// The git repository around a directory, asked with git itself: linked worktrees, submodules, core.hooksPath
// and the variables that git sets for its hooks are its business.
#include <fleet/result.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

namespace fs = std::filesystem;

class Git {
public:
    explicit Git(fs::path directory, bool is_foreign = false)
        : directory_(std::move(directory)), is_foreign_(is_foreign) {}

    // What git printed. Errors: internal with what git said.
    Result<std::string> out(std::vector<std::string> const& words, std::string_view input = {}) const;
    // The same without the last line break; nothing when git says no.
    std::optional<std::string> line(std::vector<std::string> const& words, std::string_view input = {}) const;

private:
    fs::path directory_;
    // Another repository than the one whose hook runs: its variables would lead astray.
    bool is_foreign_;
};

struct Repository {
    fs::path top;     // of the worktree
    fs::path common;  // the git directory that all worktrees share
    fs::path hooks;   // where git looks for hooks
    std::string
        hooks_scope{};  // who set core.hooksPath: local, worktree, global, system, command; "": nobody
    std::optional<fs::path> superproject{};  // whose submodule it is

    // The main worktree, where that is another one.
    std::optional<fs::path> main_worktree() const;
};

// Errors: not_found (no repository, or one without a worktree), internal (git is missing).
Result<Repository> find_repository(fs::path const& directory, bool is_foreign = false);

// Worktrees of the submodules that are checked out, deepest ones too.
Result<std::vector<fs::path>> submodules_of(Repository const& repository);

}  // namespace fleet::cli
