// The directory that backups stand in: how one appears whole or not at all, what there is, and what may go.
#pragma once

#include "backups/manifest.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace fleet::backups {

// A directory under a temporary name beside its final one. The destructor removes it unless `appear` was
// called; what a killed process left is removed by the next `make` in the same parent.
class Unfinished {
public:
    // Errors: already_exists (the final name is taken), disk_full, not_configured.
    static Result<Unfinished> make(std::filesystem::path final_path);
    Unfinished(Unfinished&& other) noexcept;
    Unfinished& operator=(Unfinished&&) = delete;
    ~Unfinished();

    std::filesystem::path const& path() const { return path_; }
    std::filesystem::path const& final_path() const { return final_path_; }
    // Flushes every file and directory in it, and gives it its name. Blocks. Errors: already_exists,
    // disk_full.
    Result<void> appear();

private:
    Unfinished(std::filesystem::path path, std::filesystem::path final_path, int lock)
        : path_(std::move(path)), final_path_(std::move(final_path)), lock_(lock) {}
    std::filesystem::path path_;
    std::filesystem::path final_path_;
    int lock_ = -1;  // descriptor of the directory
};

struct Listed {
    std::filesystem::path path;
    Manifest manifest;
    std::uint64_t bytes = 0;

    Json to_json() const;
};
// Every backup below `folder` with a readable manifest, the newest first.
std::vector<Listed> list_backups(std::filesystem::path const& folder);

// "2026-11-21T105200Z-logical-1234": sorts by time, and no name of a file system minds it.
std::string backup_name(Time at, std::string_view kind, std::int64_t seq);

struct Keep {
    std::size_t last = 24;  // so many of the newest stay
    int days = 7;           // and of each of so many days before, the newest
};
// Which of those that the schedule made may go. What a person made is never among them. `all` is the newest
// first and of one kind.
std::vector<std::filesystem::path> to_drop(std::vector<Listed> const& all, Keep keep);

}  // namespace fleet::backups
