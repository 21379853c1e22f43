// Whether the files of a cluster still say what PostgreSQL wrote into them. Only reads; the server may run.
#pragma once

#include <fleet/time.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::services {

inline constexpr std::size_t page_size = 8192;  // of every server that distributions build

// The checksum that belongs into a page (page_size bytes) at `block` of its relation: PostgreSQL's own, a
// parallel FNV-1a (storage/checksum_impl.h).
std::uint16_t page_checksum(std::string_view page, std::uint32_t block);

struct Damage {
    std::string file;  // below the data directory
    std::string what;
};

struct PagesSeen {
    std::uint64_t pages = 0;
    bool has_checksums = true;
    bool is_whole = true;  // false: the time was over before the end
    std::uint64_t damaged_files = 0;
    std::vector<Damage> damaged{};  // one a file, damaged_told_max at most
    // The page that was changed last, as its place in the write-ahead log. Behind the end of that log it is
    // of a time that was lost.
    std::uint64_t latest_lsn = 0;
    std::string latest_file{};
};
inline constexpr std::size_t damaged_told_max = 20;

// Reads every page of every relation. Takes about a second a gigabyte of cached files; not for the loop's
// thread. Ends early when `stop` is set.
PagesSeen check_pages(std::filesystem::path const& data, Millis limit, std::atomic<bool> const& stop);

// Whether crash recovery finds what it begins with: the log from the last checkpoint's redo point to its
// record. Empty when it does, or when there is no cluster.
std::optional<Damage> check_wal(std::filesystem::path const& data);

}  // namespace fleet::services
