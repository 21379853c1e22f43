#include <fleet/session_environment.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace fleet {
namespace {

std::string file_text(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

pid_t parent_of(pid_t process) {
    auto const stat = file_text(fmt::format("/proc/{}/stat", process));
    // The name of the program may hold anything, a bracket too: what follows the last one is plain.
    auto const end = stat.rfind(')');
    if (end == std::string::npos) return 0;
    std::istringstream rest(stat.substr(end + 1));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    return rest ? parent : 0;
}

Environment environment_in(std::string text) {
    return [text = std::move(text)](std::string_view name) {
        for (std::size_t begin = 0; begin < text.size();) {
            auto const end = std::min(text.find('\0', begin), text.size());
            std::string_view const entry(text.data() + begin, end - begin);
            if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
                return std::string(entry.substr(name.size() + 1));
            begin = end + 1;
        }
        return std::string();
    };
}

}  // namespace

Environment own_environment() {
    return [](std::string_view name) {
        char const* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::string() : std::string(value);
    };
}

std::vector<Environment> parent_environments() {
    std::vector<Environment> found;
    // Deeper than any chain of programs that start one another.
    constexpr std::size_t most = 64;
    for (pid_t process = ::getppid(); process > 1 && found.size() < most; process = parent_of(process)) {
        auto text = file_text(fmt::format("/proc/{}/environ", process));
        if (text.empty()) break;  // another account's
        found.push_back(environment_in(std::move(text)));
    }
    return found;
}

Result<std::vector<SessionName>> sessions_from_environment() {
    return sessions_of(own_environment(), parent_environments);
}

Result<std::optional<SessionName>> session_from_environment() {
    auto found = sessions_from_environment();
    if (!found) return found.error();
    return found->empty() ? std::optional<SessionName>() : std::optional<SessionName>(found->front());
}

}  // namespace fleet
