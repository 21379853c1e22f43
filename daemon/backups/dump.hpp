// Making a logical backup: one snapshot, pg_dump of it, and where the log stood in that very snapshot.
#pragma once

#include "backups/database.hpp"
#include "backups/folder.hpp"
#include "backups/manifest.hpp"
#include "backups/worker.hpp"
#include "observe/log.hpp"
#include "services/binaries.hpp"
#include "services/provider.hpp"

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>

namespace fleet::backups {

inline constexpr std::string_view dump_name = "database.dump";  // pg_dump -Fc
inline constexpr std::string_view roles_name = "roles.sql";     // what the dump takes for granted

// What every kind of copy works with; all of it outlives the work.
struct Bench {
    asio::any_io_executor loop;
    observe::Log& log;
    Worker& worker;
    services::PlacesToLook places{};
    std::filesystem::path folder{};       // of backups
    std::filesystem::path runtime_dir{};  // for what must not be seen: 0700
    std::string host_id{};
    std::string hostname{};
    std::string version{};  // of this program
};

struct BackupRequest {
    std::filesystem::path path{};  // the final name; empty: one is chosen in the folder
    std::string made_by{};         // "schedule", or who asked
};

// What was made, where.
struct Made {
    std::filesystem::path path;
    Manifest manifest;

    std::uint64_t bytes() const;
    Json to_json() const;
};

// A manifest with everything that does not come from the files.
Manifest manifest_of(Bench const& bench, Facts const& facts, std::string kind, std::string made_by);

// Digests, seals, flushes and names what stands in `unfinished`. Errors: disk_full, already_exists.
asio::awaitable<Result<Made>> finish(Bench& bench, std::shared_ptr<Unfinished> unfinished, Manifest manifest,
                                     std::vector<std::string> names);

// Errors: away, binaries_missing, wrong_major, disk_full, already_exists, forbidden (rights of the DSN).
asio::awaitable<Result<Made>> make_logical(Bench& bench, std::string dsn, BackupRequest request,
                                           services::Progress progress);

}  // namespace fleet::backups
