#pragma once
// What a setup has written, told apart from what a person has.
#include <fleet/error.hpp>

#include <string>
#include <string_view>

namespace fleet::cli {

// The name of our MCP server in every client.
inline constexpr std::string_view server_name = "fleet";
// Of what setup writes; raised when the shape changes, so that `fleet setup status` can say "older".
inline constexpr int setup_version = 1;

// Whether a command word is this program: `fleet`, or a path that ends with it.
bool is_our_program(std::string_view command);

// Whether a hook's command line asks `fleet hook CLIENT…`, with or without what stands in front.
bool is_our_hook(std::string_view command, std::string_view client);

// A server of our name that is not ours.
Error taken(std::string const& file, std::string const& server);

}  // namespace fleet::cli
