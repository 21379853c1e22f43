#pragma once
// One MCP server in a config.toml that belongs to somebody else (Codex).
#include <fleet/result.hpp>

#include <string>
#include <vector>

namespace fleet::cli {

struct TomlServer {
    std::string command{};
    std::vector<std::string> args{};
    // Variables that the client hands on to the server; it hands on next to none by itself.
    std::vector<std::string> variables{};
};

enum class TomlState { missing, same, differs, foreign };

// foreign: a server of that name runs another program. Errors: not_configured with "name:line:column: what".
Result<TomlState> toml_server_state(std::string const& text, std::string const& name,
                                    std::string const& server, TomlServer const& wanted);

// The text with the server in it; what somebody added to its table stays. Proven by reading it again.
// Errors: not_configured, already_exists (foreign).
Result<std::string> with_toml_server(std::string const& text, std::string const& name,
                                     std::string const& server, TomlServer const& wanted);

// The text without the server and the tables below it.
Result<std::string> without_toml_server(std::string const& text, std::string const& name,
                                        std::string const& server);

}  // namespace fleet::cli
