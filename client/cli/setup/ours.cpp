#include "cli/setup/ours.hpp"

#include <fmt/format.h>

namespace fleet::cli {

bool is_our_program(std::string_view command) {
    return command == "fleet" || command.ends_with("/fleet");
}

bool is_our_hook(std::string_view command, std::string_view client) {
    auto const call = fmt::format(" hook {}", client);
    for (auto at = command.find(call); at != std::string_view::npos; at = command.find(call, at + 1)) {
        auto program = command.substr(0, at);
        if (program.ends_with('\'') || program.ends_with('"')) program.remove_suffix(1);
        auto const start = program.find_last_of(" '\";");
        auto const word = start == std::string_view::npos ? program : program.substr(start + 1);
        auto const end = at + call.size();
        auto const ends =
            end == command.size() || std::string_view(" /'\";").find(command[end]) != std::string_view::npos;
        if (ends && is_our_program(word)) return true;
    }
    return false;
}

Error taken(std::string const& file, std::string const& server) {
    auto error = make_error(
        ErrorCode::already_exists,
        fmt::format("{} has an MCP server \"{}\" already that runs another program", file, server));
    error.hint = "Give that server another name, then run this again; nothing was changed.";
    return error;
}

}  // namespace fleet::cli
