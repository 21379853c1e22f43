#pragma once
// Settings together with the place each value came from, and the places of a host's files that follow from
// them.
#include <fleet/result.hpp>
#include <fleet/settings.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::app {

// The value of an environment variable. A function, because the model does not look at the environment
// itself.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// A value; the layer that is applied last wins: default, file, environment, flag.
class SettingsSheet {
public:
    Settings const& values() const { return values_; }

    // `source` is what people read: "flag --socket", "/etc/fleet/fleet.toml:3".
    // Errors: those of `set_setting`, with the source in the message.
    Result<void> apply(std::string_view key, std::string_view text, std::string source);

    // `key = value` lines of TOML. Errors: not_configured with file and line for broken TOML, a table, or a
    // value of a wrong type; those of `apply`, with the line, for the rest. On an error nothing was taken
    // over.
    Result<void> apply_toml(std::string_view toml, std::string_view file_name);

    // Every variable FLEET_… that a setting names. An empty one counts as absent.
    Result<void> apply_environment(Environment const& environment);

    // "default" for what nobody has set.
    std::string_view source(std::string_view key) const;

    // A line a setting: key, value, source. Secrets are shown as "set". Also as JSON: {key: {value, source}}.
    std::string table() const;
    Json json() const;

private:
    Settings values_;
    std::map<std::string, std::string, std::less<>> sources_;
};

// Where the files of a host are. Absolute when HOME and the settings are.
struct Places {
    std::string data_dir;  // the native cluster and backups are below it
    std::string state_dir;
    std::string runtime_dir;
    std::string socket;
    std::string pid_file;  // beside the socket; also the lock of the daemon
    std::string host_id_file;
    std::string log_file;
    std::string token_file;
};

// The XDG rules of docs/architecture.md for what the settings leave open.
Places places(Settings const& settings, Environment const& environment);

// Configuration files to read, the least important first: /etc/fleet/fleet.toml, then the user's. When
// FLEET_CONFIG is set, that file alone.
std::vector<std::string> settings_files(Environment const& environment);

}  // namespace fleet::app
