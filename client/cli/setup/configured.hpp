#pragma once
// What a client's own files say today, read as the client reads them.
#include "cli/setup/clients.hpp"

namespace fleet::cli {

struct Configured {
    std::vector<std::string> server{};  // command and arguments of our MCP server; empty when there is none
    std::string edit_hook{};            // the command line asked before an edit; "" when there is none
    std::string edit_event{};
    bool is_closed = false;  // an edit is refused when the hook cannot run
};

// What cannot be read counts as not there.
Configured configured(ClientInfo const& client, SetupChoice const& choice);

}  // namespace fleet::cli
