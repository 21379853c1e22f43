// What the machine has to give: ports, disk, a lock between processes.
#pragma once

#include <fleet/result.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fleet::services {

// True when a server could listen on 127.0.0.1:`port` now.
bool port_is_free(int port);
// A port that is free now; another program may take it before it is used.
Result<int> free_port();

// Bytes that an ordinary account may still write below `path` (which need not exist yet).
Result<std::uint64_t> free_bytes(std::filesystem::path const& path);

inline constexpr std::size_t socket_path_max = 107;  // sun_path, without the final NUL
// With room for five digits of port, so that a later change of it cannot break it.
bool socket_path_fits(std::filesystem::path const& directory);

// flock(2) on a file, given back by the destructor or by the end of the process, however it ends. The file
// holds the pid of who has it.
class FileLock {
public:
    // Empty when another process has it. Errors: not_configured, disk_full.
    static Result<std::optional<FileLock>> try_take(std::filesystem::path const& path);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    ~FileLock();

private:
    explicit FileLock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

// The pid in a lock file, or 0.
int lock_holder(std::filesystem::path const& path);

}  // namespace fleet::services
