#pragma once
// Which project the current directory belongs to.
#include <fleet/result.hpp>
#include <fleet/workspace.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::cli {

namespace fs = std::filesystem;

struct Place {
    fs::path cwd;  // canonical
    fs::path top;  // what project-relative paths start from: the git top level, else where .fleet is
    std::optional<fs::path> config{};  // .fleet/config.toml
    std::string project{};             // the key in it

    fs::path local() const { return top / ".fleet" / "local"; }
};

// Looks upward from `cwd` for .fleet/config.toml, not beyond the git top level. Errors: not_configured (a
// config.toml that cannot be read, with the line).
Result<Place> find_place(fs::path const& cwd);

// The remote `origin` of the repository at `top`; "" when there is none.
std::string git_remote(fs::path const& top);
std::string git_branch(fs::path const& top);

// What `fleet init` writes. An existing config.toml is left alone. Errors: internal with the file that
// failed.
Result<bool> write_project_files(fs::path const& top, std::string_view project);
// .fleet/local, private to the user and ignored by git.
Result<void> make_local(Place const& place);

}  // namespace fleet::cli
