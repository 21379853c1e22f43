// Putting a logical backup in place: into a database of its own, checked there, then under its final name in
// one step. Whatever fails before that step leaves everything as it was.
#pragma once

#include "backups/dump.hpp"

#include <fleet/result.hpp>

#include <functional>
#include <optional>
#include <string>

namespace fleet::backups {

struct RestoreRequest {
    std::filesystem::path path;
    std::string dsn;                  // of the server; its database is the target unless `into` names another
    std::string into{};               // a database beside the present one
    bool verify = true;               // compare every column of the state with the log before the switch
    bool replace = false;             // a target that holds work is renamed and kept
    Json redactions = Json::array();  // texts erased since, by digest
};

struct Restored {
    std::string database;
    std::string kept_as{};  // the database that was there before; "" when none was, or it was empty
    Manifest manifest;
    std::string incarnation{};
    std::int64_t redacted_again = 0;
    bool verified = false;

    Json to_json() const;
};

// Brings the schema of that database up to date.
using Migrate = std::function<asio::awaitable<Result<void>>(std::string dsn, services::Progress progress)>;

// Errors: backup_damaged, backup_unknown, schema_newer, wrong_major (the server is older than the backup's),
// database_not_empty, binaries_missing, away, disk_full, internal (the state is not what the log says).
asio::awaitable<Result<Restored>> restore_logical(Bench& bench, RestoreRequest request, Migrate migrate,
                                                  services::Progress progress);

// What every restored database needs before anybody works with it: the schema of this program, another
// incarnation, redactions, statistics, and the check of its state.
asio::awaitable<Result<void>> make_usable(Bench& bench, std::string dsn, RestoreRequest const& request,
                                          Migrate migrate, services::Progress progress, Restored& restored);

// Texts erased since any of the backups were made, kept beside them: by digest, never the text.
Result<void> keep_ledger(std::filesystem::path const& folder, Json const& redactions);
Json read_ledger(std::filesystem::path const& folder);

}  // namespace fleet::backups
