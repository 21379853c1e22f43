#include "services/binaries.hpp"

#include "services/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr int version_limit_ms = 2000;

// What `program --version` prints. Some milliseconds; a program that hangs is killed after two seconds.
std::string ask_version(fs::path const& program) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    auto name = program.string();
    std::string flag = "--version";
    std::array<char*, 3> arguments{name.data(), flag.data(), nullptr};
    pid_t pid = -1;
    auto const failed = ::posix_spawn(&pid, name.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::string text;
    if (failed == 0) {
        std::array<char, 256> buffer{};
        pollfd ready{ends[0], POLLIN, 0};
        while (::poll(&ready, 1, version_limit_ms) == 1) {
            auto const n = ::read(ends[0], buffer.data(), buffer.size());
            if (n <= 0 || text.size() > 4096) break;
            text.append(buffer.data(), static_cast<std::size_t>(n));
        }
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    ::close(ends[0]);
    return text;
}

bool has_programs(fs::path const& directory) {
    return ::access((directory / "postgres").c_str(), X_OK) == 0 &&
           ::access((directory / "initdb").c_str(), X_OK) == 0;
}

std::optional<Binaries> look_into(fs::path const& directory) {
    if (!has_programs(directory)) return std::nullopt;
    auto const version = version_in(ask_version(directory / "postgres"));
    auto const major = major_of(version);
    if (major == 0) return std::nullopt;
    return Binaries{directory, major, version};
}

std::string versions(std::vector<Binaries> const& found) {
    std::string text;
    for (auto const& one : found)
        text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", one.version, one.directory.string());
    return text;
}

// "15.16" and "15beta1" open data of "15", but not of "1"; "9.6.24" opens "9.6".
bool opens(std::string_view version, std::string_view data_version) {
    if (!version.starts_with(data_version)) return false;
    auto const rest = version.substr(data_version.size());
    return rest.empty() || rest.front() < '0' || rest.front() > '9';
}

}  // namespace

std::string version_in(std::string_view words) {
    constexpr std::string_view mark = "(PostgreSQL) ";
    auto const at = words.find(mark);
    if (at == std::string_view::npos) return {};
    auto rest = words.substr(at + mark.size());
    return std::string(rest.substr(0, rest.find_first_of(" \n")));
}

int major_of(std::string_view version) {
    int major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    return major;
}

namespace {

std::vector<fs::path> directories_of(PlacesToLook const& places) {
    std::vector<fs::path> directories;
    std::error_code problem;
    if (!places.configured.empty()) {
        directories = {places.configured, places.configured / "bin"};
    } else {
        for (auto const& entry : fs::directory_iterator(places.versioned, problem))
            directories.push_back(entry.path() / "bin");
        std::string_view rest = places.path;
        while (!rest.empty()) {
            auto const end = std::min(rest.find(':'), rest.size());
            if (end > 0 && rest.front() == '/') directories.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return directories;
}

}  // namespace

std::vector<Binaries> installed_binaries(PlacesToLook const& places) {
    std::vector<Binaries> found;
    for (auto const& directory : directories_of(places))
        if (auto one = look_into(directory)) found.push_back(*std::move(one));
    std::stable_sort(found.begin(), found.end(),
                     [](auto const& a, auto const& b) { return a.major > b.major; });
    return found;
}

Result<Binaries> choose_binaries(PlacesToLook const& places, std::optional<std::string> const& data_version) {
    auto const found = installed_binaries(places);
    if (found.empty()) {
        if (!places.configured.empty())
            return failure(
                ErrorCode::binaries_missing,
                fmt::format("postgres_bin_dir is {}, but there are no initdb and postgres that can be run",
                            places.configured.string()),
                "Set it to the directory that has them, or leave it away to have it looked for; "
                "Debian: `apt install postgresql`.");
        return failure(
            ErrorCode::binaries_missing,
            fmt::format("no initdb and postgres in {}/*/bin nor in PATH", places.versioned.string()));
    }
    for (auto const& one : found)
        if (data_version ? opens(one.version, *data_version) : one.major >= oldest_major) return one;
    if (data_version)
        return failure(
            ErrorCode::wrong_major,
            fmt::format("the data were made by PostgreSQL {}, and only {} is installed", *data_version,
                        versions(found)),
            fmt::format(
                "Install PostgreSQL {} or set postgres_bin_dir to its programs; the data stay as they are.",
                *data_version));
    return failure(ErrorCode::binaries_missing,
                   fmt::format("PostgreSQL {} or newer is needed, found {}", oldest_major, versions(found)));
}

Result<ClientProgram> choose_client(PlacesToLook const& places, std::string const& program, int server_major,
                                    bool exactly) {
    std::optional<ClientProgram> best;
    std::string others;
    auto directories = directories_of(places);
    if (!places.configured.empty()) {
        // What was configured is where the server is from; its clients may be the distribution's.
        auto usual = places;
        usual.configured.clear();
        for (auto const& directory : directories_of(usual)) directories.push_back(directory);
    }
    for (auto const& directory : directories) {
        auto const path = directory / program;
        if (::access(path.c_str(), X_OK) != 0) continue;
        auto const version = version_in(ask_version(path));
        auto const major = major_of(version);
        auto const fits = exactly ? major == server_major : major >= server_major;
        if (!fits)
            others += fmt::format("{}{} in {}", others.empty() ? "" : ", ", version, directory.string());
        if (fits && (!best || major < best->major)) best = ClientProgram{path, major, version};
    }
    if (best) return *std::move(best);
    return failure(
        ErrorCode::binaries_missing,
        fmt::format("no {} for a PostgreSQL {} server{}", program, server_major,
                    others.empty() ? "" : "; found " + others),
        fmt::format("Install the client programs of PostgreSQL {}: `apt install postgresql-client-{}`, "
                    "or set postgres_bin_dir.",
                    server_major, server_major));
}

}  // namespace fleet::services
