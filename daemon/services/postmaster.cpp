#include "services/postmaster.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>

#include <signal.h>
#include <sys/shm.h>
#include <unistd.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

template <class T>
T number_in(std::string_view text, T otherwise) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    T value{};
    auto const result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec == std::errc{} ? value : otherwise;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line);) {
        while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
        lines.push_back(line);
    }
    return lines;
}

std::string slurp(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

template <class Visit>
void each_process(Visit visit) {
    std::error_code problem;
    for (auto const& entry : fs::directory_iterator("/proc", problem)) {
        auto const pid = number_in<pid_t>(entry.path().filename().string(), 0);
        if (pid > 0) visit(pid);
    }
}

// /proc/<pid>/stat is "pid (name) state ppid …", and the name may hold anything.
pid_t parent_of(pid_t pid) {
    auto const stat = slurp("/proc/" + std::to_string(pid) + "/stat");
    auto const end = stat.rfind(')');
    if (end == std::string::npos || end + 4 > stat.size()) return 0;
    return number_in<pid_t>(std::string_view(stat).substr(end + 4), 0);
}

std::optional<std::int64_t> kilobytes(fs::path const& path, std::string_view name) {
    for (auto const& line : lines_of(slurp(path)))
        if (line.starts_with(name)) {
            auto rest = std::string_view(line).substr(name.size());
            rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
            return number_in<std::int64_t>(rest, 0);
        }
    return std::nullopt;
}

std::optional<std::int64_t> memory_of(pid_t pid) {
    auto const directory = fs::path("/proc") / std::to_string(pid);
    auto memory = kilobytes(directory / "smaps_rollup", "Pss:");
    if (!memory) memory = kilobytes(directory / "status", "VmRSS:");
    if (!memory) return std::nullopt;
    return *memory * 1024;
}

}  // namespace

std::optional<PostmasterPid> parse_postmaster_pid(std::string_view text) {
    auto const lines = lines_of(text);
    if (lines.size() < 2) return std::nullopt;
    PostmasterPid result;
    // A backend in single-user mode writes its number negated.
    result.pid = std::abs(number_in<pid_t>(lines[0], 0));
    if (result.pid == 0) return std::nullopt;
    result.data = lines[1];
    if (lines.size() > 2) result.started = Time(std::chrono::seconds(number_in<std::int64_t>(lines[2], 0)));
    if (lines.size() > 3) result.port = number_in(lines[3], 0);
    if (lines.size() > 4) result.socket_directory = lines[4];
    if (lines.size() > 6)
        if (auto const space = lines[6].find_last_of(' '); space != std::string::npos)
            result.shared_memory_id = number_in(std::string_view(lines[6]).substr(space), -1);
    if (lines.size() > 7) result.status = lines[7];
    return result;
}

std::optional<PostmasterPid> read_postmaster_pid(fs::path const& data) {
    return parse_postmaster_pid(slurp(data / "postmaster.pid"));
}

Owner owner_of(pid_t pid, fs::path const& data) {
    if (pid == ::getpid()) return Owner::foreign;
    if (::kill(pid, 0) != 0 && errno == ESRCH) return Owner::nobody;
    // A server changes into its data directory. Whose directory we may not read is not our server.
    std::error_code problem;
    auto const where = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", problem);
    if (problem) return Owner::foreign;
    auto const here = fs::weakly_canonical(data, problem);
    return !problem && where == here ? Owner::ours : Owner::foreign;
}

std::vector<pid_t> processes_in(fs::path const& data) {
    std::vector<pid_t> found;
    each_process([&](pid_t pid) {
        if (owner_of(pid, data) == Owner::ours) found.push_back(pid);
    });
    return found;
}

std::uint64_t attached_to(int shared_memory_id) {
    if (shared_memory_id < 0) return 0;
    shmid_ds facts{};
    if (::shmctl(shared_memory_id, IPC_STAT, &facts) != 0) return 0;
    return facts.shm_nattch;
}

std::optional<std::int64_t> memory_of_family(pid_t pid) {
    auto total = memory_of(pid);
    if (!total) return std::nullopt;
    each_process([&](pid_t other) {
        if (parent_of(other) == pid) *total += memory_of(other).value_or(0);
    });
    return total;
}

}  // namespace fleet::services
