// fleetd's flags.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace fleet::app {

struct Invocation {
    bool foreground = false;
    bool print_config = false;
    std::optional<std::filesystem::path> config{};
    std::map<std::string, std::string> flags{};  // setting → value
};

// What to print and the exit code, when that is all.
struct Said {
    std::string text;
    int exit_code = 0;  // 0: to stdout, else to stderr
};

std::variant<Invocation, Said> read_command_line(int argc, char const* const* argv);

std::string_view program_version();

}  // namespace fleet::app
