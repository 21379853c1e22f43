// What a running server leaves for others to read: postmaster.pid, /proc, its shared memory.
#pragma once

#include <fleet/time.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace fleet::services {

// The lines of postmaster.pid. Only the first three are there from the beginning.
struct PostmasterPid {
    pid_t pid = 0;
    std::filesystem::path data;
    Time started{};
    int port = 0;
    std::filesystem::path socket_directory;
    int shared_memory_id = -1;
    std::string status;  // "starting", "ready", "stopping", …
};

std::optional<PostmasterPid> parse_postmaster_pid(std::string_view text);
// Empty when there is no such file, or nothing in it that can be read.
std::optional<PostmasterPid> read_postmaster_pid(std::filesystem::path const& data);

enum class Owner {
    nobody,   // no process has that number
    ours,     // a server that runs in `data`
    foreign,  // another program got the number
};
Owner owner_of(pid_t pid, std::filesystem::path const& data);

// Processes that run inside `data`: leftover backends of a server that was killed.
std::vector<pid_t> processes_in(std::filesystem::path const& data);
// How many processes are attached to a shared memory segment; 0 when it is gone.
std::uint64_t attached_to(int shared_memory_id);

// Memory of a process and its children: the sum of PSS, or of RSS where PSS may not be read. Empty when the
// process is not there.
std::optional<std::int64_t> memory_of_family(pid_t pid);

}  // namespace fleet::services
