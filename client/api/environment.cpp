#include <fleet/client.hpp>

#include <cstdlib>

namespace fleet {
namespace {

std::string variable(char const* name) {
    char const* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

std::string data_dir() {
    if (auto dir = variable("FLEET_DATA_DIR"); !dir.empty()) return dir;
    if (auto dir = variable("XDG_DATA_HOME"); !dir.empty()) return dir + "/fleet";
    return variable("HOME") + "/.local/share/fleet";
}

std::string runtime_dir() {
    if (auto dir = variable("FLEET_RUNTIME_DIR"); !dir.empty()) return dir;
    if (auto dir = variable("XDG_RUNTIME_DIR"); !dir.empty()) return dir + "/fleet";
    return data_dir() + "/run";
}

}  // namespace

ClientOptions options_from_environment() {
    ClientOptions options;
    options.endpoint = variable("FLEET_ENDPOINT");
    options.project = variable("FLEET_PROJECT");
    options.callsign = variable("FLEET_AS");
    return options;
}

std::string default_endpoint() {
    if (auto socket = variable("FLEET_SOCKET"); !socket.empty()) return "unix:" + socket;
    return "unix:" + runtime_dir() + "/fleetd.sock";
}

}  // namespace fleet
