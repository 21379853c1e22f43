#pragma once
// The guard's files among the hooks of a repository. A hook that was there before is renamed, never
// rewritten: its bytes, its mode and its times are those of the file that comes back.
#include <fleet/result.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

namespace fs = std::filesystem;

inline constexpr std::string_view guarded_hooks[] = {"pre-commit", "pre-push"};

enum class GuardState {
    absent,    // git would run nothing
    foreign,   // git would run something else
    on_guard,  // git runs the guard
    passed_on  // git runs another tool's hook, which has kept the guard's and runs it
};

struct GitHookFile {
    std::string name{};
    GuardState state = GuardState::absent;
    fs::path guard{};        // where the guard's file is, if it is somewhere
    fs::path kept{};         // what was there before and runs first, if there is something
    bool is_current = true;  // the guard's file is what this program would write
};

struct GuardFiles {
    fs::path folder{};
    std::vector<GitHookFile> hooks{};
    std::int64_t since = 0;  // seconds since 1970: commits made before are not asked about

    bool is_on_guard() const;
};

// What is there.
GuardFiles look_at_hooks(fs::path const& folder, fs::path const& program);

struct GuardChange {
    std::string name{};
    std::string what{};  // "installed", "installed before what was there", "renewed", "there already", …
};

// Writes the guard's hooks; nothing changes when they are there. Errors: internal (a file that cannot be
// written), version_conflict (another tool has replaced the guard's hook, and what the guard kept differs).
Result<std::vector<GuardChange>> install_hooks(fs::path const& folder, fs::path const& program,
                                               std::int64_t now);
// Puts back what was there.
Result<std::vector<GuardChange>> uninstall_hooks(fs::path const& folder);

// The text of the guard's hook.
std::string hook_script(std::string_view name, fs::path const& program);

}  // namespace fleet::cli
