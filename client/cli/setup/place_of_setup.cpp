#include "cli/setup/place_of_setup.hpp"

#include "cli/program.hpp"
#include "cli/setup/configured.hpp"
#include "cli/setup/own_line.hpp"
#include "cli/toml_file.hpp"

#include <cstdlib>

namespace fleet::cli {
namespace {

fs::path home_folder() {
    char const* home = std::getenv("HOME");
    if (home == nullptr || *home != '/')
        refuse(ErrorCode::not_configured, "HOME does not name a directory", "Set HOME, then run this again.");
    return home;
}

std::string own_command(SetupScope scope) {
    std::error_code error;
    auto const self = fs::read_symlink("/proc/self/exe", error);
    auto const found = in_path("fleet");
    bool const same = found && fs::equivalent(*found, self, error);
    if (!same) return self.string();
    return scope == SetupScope::project ? "fleet" : found->string();
}

}  // namespace

SetupChoice setup_choice(Context& context, SetupScope scope, std::string const& command, bool fail_closed) {
    SetupChoice choice;
    choice.scope = scope;
    choice.home = home_folder();
    choice.top = context.place().top;
    choice.command = command.empty() ? own_command(scope) : command;
    choice.fail_closed = fail_closed;
    return choice;
}

SetupChoice choice_as_written(Context& context, ClientInfo const& client, SetupScope scope) {
    auto choice = setup_choice(context, scope, "", false);
    auto const there = configured(client, choice);
    if (!there.server.empty() && there.server.front() != choice.command) {
        // A path that leads to nothing is drift.
        std::error_code error;
        auto const& word = there.server.front();
        if (word == "fleet" ? in_path("fleet").has_value() : fs::exists(word, error)) choice.command = word;
    }
    choice.fail_closed = there.is_closed;
    return choice;
}

fs::path state_dir_of(Context& context) {
    return state_dir(context.settings());
}

bool is_in_use(ClientInfo const& client, Context&) {
    std::error_code error;
    return in_path(std::string(client.program)).has_value() ||
           fs::exists(home_folder() / std::string(client.folder), error);
}

}  // namespace fleet::cli
