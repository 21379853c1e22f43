// Base backups, the WAL that is archived after them, and a fleet as it was at a point in time.
#pragma once

#include "backups/restore.hpp"
#include "services/provider.hpp"

#include <fleet/result.hpp>

#include <optional>
#include <string>

namespace fleet::backups {

// A copy of the whole server by pg_basebackup, which archived WAL is replayed onto. Where the log stood is
// asked after it has ended: everything later can be reached from it. Errors as make_logical.
asio::awaitable<Result<Made>> make_physical(Bench& bench, std::string dsn, BackupRequest request,
                                            services::Progress progress);

// What to go back to; one of them, or none for as far as the WAL goes.
struct PointInTime {
    std::optional<Time> time{};
    std::optional<std::int64_t>
        seq{};  // the last event to be there; those of the same transaction come along
};

struct RecoverRequest {
    std::filesystem::path base{};  // a physical backup; empty: the newest that lies before the point
    PointInTime point{};
    std::string present_dsn{};  // of the present database, "" when it does not answer
    bool verify = true;
    Json redactions = Json::array();
};

// The newest base before the point, of the cluster whose WAL is archived in `archive`. Errors: not_found.
Result<Listed> choose_base(std::vector<Listed> const& all, RecoverRequest const& request,
                           std::filesystem::path const& archive);

// Replays, makes usable, verifies and switches. The caller starts the server afterwards, whether it went well
// or not. Errors: not_configured (another provider), not_found (no base, or the point lies outside),
// backup_damaged, away, internal.
asio::awaitable<Result<Restored>> recover(Bench& bench, services::Provider& provider, RecoverRequest request,
                                          Migrate migrate, services::Progress progress,
                                          std::function<asio::awaitable<Result<std::string>>()> take);

// Removes archived WAL that no base which is kept needs; how many pieces.
std::size_t drop_old_wal(std::filesystem::path const& archive, std::vector<Listed> const& bases);
// The first piece of WAL that a base needs, without its timeline: sixteen hex digits; "" when it does not
// say.
std::string first_wal_of(Listed const& base);

}  // namespace fleet::backups
