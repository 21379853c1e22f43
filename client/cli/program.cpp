#include "cli/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cstdlib>
#include <sstream>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

std::vector<char*> arguments_of(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words) out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

bool is_program(fs::path const& path) {
    std::error_code error;
    return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

[[noreturn]] void become(std::vector<char*>& arguments, int output) {
    int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup2(nothing, 0);
    ::dup2(output, 1);
    ::dup2(nothing, 2);
    ::execvp(arguments.front(), arguments.data());
    ::_exit(127);
}

}  // namespace

std::optional<std::string> output_of(std::vector<std::string> const& command) {
    std::vector<std::string> words = command;
    auto arguments = arguments_of(words);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
    pid_t child = ::fork();
    if (child == 0) become(arguments, ends[1]);
    ::close(ends[1]);
    std::string out;
    std::array<char, 4096> buffer{};
    while (child > 0) {
        ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
        if (got <= 0) break;
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    if (child <= 0 || ::waitpid(child, &status, 0) != child) return std::nullopt;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
    return out;
}

std::optional<fs::path> find_program(std::string const& name) {
    std::error_code error;
    fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (!error) {
        // In a build tree the two programs stand in sister folders.
        for (fs::path const& place :
             {self.parent_path() / name, self.parent_path().parent_path() / "daemon" / name,
              self.parent_path().parent_path() / "sbin" / name}) {
            if (is_program(place)) return place;
        }
    }
    char const* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (!folder.empty() && is_program(fs::path(folder) / name)) return fs::path(folder) / name;
    }
    return std::nullopt;
}

}  // namespace fleet::cli
