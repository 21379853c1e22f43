#pragma once
// Where a setup happens, as a command sees it.
#include "cli/context.hpp"
#include "cli/setup/clients.hpp"

namespace fleet::cli {

// `command` "": `fleet` where PATH leads to this program, else where this program is. Files of the user get
// the whole path: a client started from a desktop has another PATH. Throws not_configured without a home.
SetupChoice setup_choice(Context& context, SetupScope scope, std::string const& command, bool fail_closed);

// The same, but with the command and the closing that the client's files have now: those are choices, no
// drift.
SetupChoice choice_as_written(Context& context, ClientInfo const& client, SetupScope scope);

std::filesystem::path state_dir_of(Context& context);

// Its program is in PATH, or it has left its directory in the home.
bool is_in_use(ClientInfo const& client, Context& context);

}  // namespace fleet::cli
