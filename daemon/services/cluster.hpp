// The private cluster on disk: where things are, how it is made whole or not at all, what its files say.
#pragma once

#include "services/account.hpp"
#include "services/binaries.hpp"

#include <fleet/result.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::services {

inline constexpr std::string_view cluster_user = "fleet";
inline constexpr std::string_view cluster_database = "fleet";
inline constexpr std::string_view loopback = "127.0.0.1";

// Everything below one directory, which belongs to the daemon's account; `data`, `run` and what is in them
// belong to the server's.
struct ClusterPaths {
    std::filesystem::path root;

    std::filesystem::path data() const { return root / "data"; }
    std::filesystem::path recovering() const { return root / "data.recovering"; }
    std::filesystem::path recovery_log() const { return log_directory() / "recovery.log"; }
    std::filesystem::path archives() const { return root / "archive"; }
    // What was in its place before a restore: "data.before-20261121T105200".
    std::filesystem::path before(std::string const& stamp) const { return root / ("data.before-" + stamp); }
    std::filesystem::path unfinished() const { return root / "data.new"; }
    std::filesystem::path password() const { return root / "password"; }
    std::filesystem::path pgpass() const { return root / "pgpass"; }  // the same for psql
    std::filesystem::path port() const { return root / "port"; }      // that was chosen at first start
    std::filesystem::path lock() const { return root / "lock"; }
    std::filesystem::path log_directory() const { return root / "log"; }
    std::filesystem::path log() const { return log_directory() / "postgres.log"; }
    std::filesystem::path initdb_log() const { return log_directory() / "initdb.log"; }
    std::filesystem::path initdb_password() const { return root / "initdb.password"; }  // while initdb runs
    std::filesystem::path socket_directory() const { return root / "run"; }
};

struct ServerConf {
    std::filesystem::path socket_directory;
    int port = 0;
    std::int64_t shared_buffers_bytes = 0;
    std::filesystem::path archive{};  // of finished WAL; empty: none is kept
    int archive_seconds = 60;         // an unfinished piece is archived after so long
    std::vector<std::string> more{};  // lines of its own, last
};
// fleet.conf, included by postgresql.conf and written anew at each start; ALTER SYSTEM overrides it.
std::string server_conf(ServerConf const& conf);
// The part of it that is about archiving: archive_mode, archive_timeout and archive_command, or nothing.
std::string archive_lines(ServerConf const& conf);
// A value inside postgresql.conf.
std::string conf_value(std::string_view value);
// What PostgreSQL runs for each finished piece of WAL: beside its place first, flushed, then named.
std::string archive_command(std::filesystem::path const& archive);
// The other way; `present` is a data directory whose own WAL is looked at when the archive does not have a
// piece.
std::string restore_command(std::filesystem::path const& archive, std::filesystem::path const& present);
// Sixteen hex digits that tell this cluster from all others. Errors: wrong_major when it cannot be read.
Result<std::string> system_identifier(std::filesystem::path const& data);
// pg_hba.conf: scram for everybody, from this machine only.
std::string access_rules();
std::string pgpass_lines(ServerConf const& conf, std::string_view password);

// What data/PG_VERSION says ("15"); empty when there are no data. Errors: wrong_major when it cannot be read.
Result<std::optional<std::string>> data_version(ClusterPaths const& paths);

// Makes the cluster's directories with the right owners. Errors: not_configured, disk_full.
Result<void> make_directories(ClusterPaths const& paths, std::optional<Account> const& account);

// The socket's directory: the first candidate whose paths fit into 107 bytes and that `account` may reach.
Result<std::filesystem::path> choose_socket_directory(std::vector<std::filesystem::path> const& candidates,
                                                      std::optional<Account> const& account);

// 32 letters and digits, from the kernel.
std::string draw_password();

// Why a server or initdb ended, from the last lines of its log: the catalogue's error for what is known, else
// `internal` with the last line that says something.
Error why_it_ended(std::string_view program, std::vector<std::string> const& lines, int port);

// Removes what start() ever made in `paths.root`, and nothing else; the directory itself when it is empty
// then.
Result<void> remove_cluster(ClusterPaths const& paths);

}  // namespace fleet::services
