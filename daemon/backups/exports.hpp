// The log as sorted lines of JSON under zstd, readable without FleetTools and without PostgreSQL; and read
// back.
#pragma once

#include "backups/dump.hpp"

#include <fleet/result.hpp>

#include <string>
#include <vector>

namespace fleet::backups {

inline constexpr std::string_view events_name = "events.ndjson.zst";  // by seq, as they were stored
inline constexpr std::string_view texts_name =
    "texts.ndjson.zst";  // by digest; erased ones without their text

// One snapshot: events, texts, and a digest of each table of the state at that seq. Errors as make_logical.
asio::awaitable<Result<Made>> make_export(Bench& bench, std::string dsn, BackupRequest request,
                                          services::Progress progress);

struct ExportChecked {
    Manifest manifest;
    std::int64_t events = 0;
    bool compared = false;  // false when the schema of the export's time had other tables
    std::vector<std::string>
        differences{};  // tables whose state, made from the export, is not that of its time

    Json to_json(std::filesystem::path const& path) const;
};

// Compares every byte with the manifest, loads the events into a schema of their own in that database, folds
// them, and compares the state with the one at the time of the export. Nothing of the database changes.
// Errors: backup_damaged, backup_unknown, away, internal.
asio::awaitable<Result<ExportChecked>> check_export(Bench& bench, std::string dsn, std::filesystem::path path,
                                                    services::Progress progress);

}  // namespace fleet::backups
