#pragma once
// The two TOML files that the command line reads.
#include <fleet/result.hpp>
#include <fleet/settings.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::cli {

// The project key in a .fleet/config.toml. Errors: not_configured with file and line.
Result<std::string> read_project_key(std::filesystem::path const& file);

// Settings of the usual fleet.toml files and of the environment; between them stand those of hooks that a
// project's .fleet/config.toml has (`hook_…`). Errors: not_configured, unknown_field, invalid_field, each
// with the place.
Result<Settings> read_settings(std::optional<std::filesystem::path> const& project_config = std::nullopt);

// Whether the file says something about the setting.
bool names_setting(std::filesystem::path const& file, std::string_view key);

// Where fleetd keeps its files, by the same rules as fleetd.
std::filesystem::path state_dir(Settings const& settings);
std::filesystem::path socket_path(Settings const& settings);
std::filesystem::path data_dir(Settings const& settings);
// The settings file of this user, or the one that FLEET_CONFIG names.
std::filesystem::path user_settings_file();

}  // namespace fleet::cli
