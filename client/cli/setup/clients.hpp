#pragma once
// The clients that a setup knows: where each keeps its configuration, and what goes in.
#include "cli/setup/pieces.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

enum class SetupScope { project, user };
std::string_view scope_words(SetupScope scope);

struct ClientInfo {
    std::string_view name;     // of `fleet setup NAME`
    std::string_view title;    // for people
    std::string_view hook;     // of `fleet hook NAME`
    std::string_view program;  // by which it is seen to be installed
    std::string_view folder;   // below the home directory, by which it is seen to be in use
};
std::vector<ClientInfo> const& known_clients();
ClientInfo const* find_client(std::string_view name);

struct SetupChoice {
    SetupScope scope = SetupScope::project;
    std::filesystem::path top{};   // of the project
    std::filesystem::path home{};  // of the user
    std::string command{};         // by which this program is called
    // A hook that cannot run refuses the edit, where the client can say so.
    bool fail_closed = false;
};

struct ClientSetup {
    ClientInfo const* info = nullptr;
    SetupScope scope = SetupScope::project;
    // Symbolic links may not lead out of it.
    std::filesystem::path fence{};
    Pieces pieces{};
    // What the person has to do or to know afterwards.
    std::vector<std::string> notes{};
};

ClientSetup client_setup(ClientInfo const& client, SetupChoice const& choice);

// Both in its own words, for the client's file of that scope; used to prove them.
std::filesystem::path mcp_file(ClientInfo const& client, SetupChoice const& choice);
std::filesystem::path hook_file(ClientInfo const& client, SetupChoice const& choice);

// Files whose texts are long.
std::string instructions_text();
std::string opencode_plugin(std::string const& command);
inline constexpr std::string_view plugin_mark = "fleettools-plugin";

}  // namespace fleet::cli
