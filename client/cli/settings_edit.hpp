#pragma once
// Changing single keys of a fleet.toml; everything else in it stays as somebody wrote it.
#include <fleet/result.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace fleet::cli {

// Key → value, as text; numbers and words alike are settings that fleetd reads from a TOML string.
using SettingChanges = std::vector<std::pair<std::string, std::string>>;

// The text with `key = "value"` in the place of that key's line, or at the end. An empty value removes the
// line.
std::string with_settings(std::string const& text, SettingChanges const& changes);

// The same for a file, in one step: it is whole before and after. Errors: not_configured, disk_full.
Result<void> change_settings(std::filesystem::path const& file, SettingChanges const& changes);

}  // namespace fleet::cli
