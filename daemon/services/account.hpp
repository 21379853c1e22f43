// Whose account the server runs as. Postgres refuses to be root, so a daemon of root runs it as somebody
// else.
#pragma once

#include <fleet/result.hpp>

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

namespace fleet::services {

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

// Empty when the server runs as the daemon's own account. For root: `wanted` when it is given, else
// fleettools, postgres or nobody, the first that exists. Errors: not_configured.
Result<std::optional<Account>> server_account(std::string const& wanted);

// The first directory above `path` that `account` may not pass, judged by mode bits.
std::optional<std::filesystem::path> closed_parent(std::filesystem::path const& path, Account const& account);

// Makes `path` with exactly this mode, owned by `account` or by us; its parents with 0755. An existing
// directory must have the right owner; its mode is corrected. Errors: not_configured, disk_full.
Result<void> make_directory(std::filesystem::path const& path, mode_t mode,
                            std::optional<Account> const& account);

// Replaces `path` with `text` so that a reader sees the old or the new text, whole, even after a power cut.
Result<void> write_file(std::filesystem::path const& path, std::string const& text, mode_t mode,
                        std::optional<Account> const& account = std::nullopt);
Result<std::string> read_file(std::filesystem::path const& path);
// Makes what was renamed or created in `directory` survive a power cut.
Result<void> sync_directory(std::filesystem::path const& directory);

}  // namespace fleet::services
