// What a backup says about itself, and whether its bytes are still those that were written.
#pragma once

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::backups {

inline constexpr int format_version = 1;
inline constexpr std::string_view manifest_name = "manifest.json";
inline constexpr std::string_view sums_name = "SHA256SUMS";  // as sha256sum(1) reads it

struct FileDigest {
    std::string name;  // inside the backup's directory
    std::uint64_t bytes = 0;
    std::string sha256;
};

// Where the log stood, in the very snapshot that was copied.
struct LogPlace {
    std::string incarnation{};
    std::int64_t seq = 0;
    std::string event_id{};  // "" while the log is empty
};

struct Manifest {
    std::string kind;     // "logical", "physical", "export"
    std::string made_at;  // RFC 3339
    std::string made_by;  // "schedule", or who asked
    std::string host_id{};
    std::string hostname{};
    std::string fleet_version{};
    int schema_version = 0;
    std::string schema_digest{};  // of functions and views
    std::string server_version{};
    std::string database{};
    LogPlace log{};
    Json tools = Json::object();  // program → version
    Json more = Json::object();   // what belongs to one kind only
    std::vector<FileDigest> files{};

    Json to_json() const;
    // Of the server that was copied: 15.
    int server_major() const;
};

// SHA-256 of a file in lower-case hex, and its length. Blocks for as long as reading takes. Errors:
// not_found, not_configured (unreadable).
Result<FileDigest> digest_file(std::filesystem::path const& file, std::string name);

// Digests `names`, and writes both the manifest and SHA256SUMS, each flushed to the disk, mode 0600. Blocks.
// Errors: disk_full, not_configured.
Result<void> seal(std::filesystem::path const& directory, Manifest& manifest,
                  std::vector<std::string> const& names);

// Errors: not_found (no manifest there), backup_damaged (unreadable), backup_unknown (another format).
Result<Manifest> read_manifest(std::filesystem::path const& directory);

// The same, after every byte was compared. Errors: backup_damaged with the name of each file that was changed
// or is missing. Blocks.
Result<Manifest> check_backup(std::filesystem::path const& directory);

}  // namespace fleet::backups
