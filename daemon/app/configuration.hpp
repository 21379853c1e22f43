// Settings in their order (default < files < environment < flags), and the files that follow from them.
#pragma once

#include "app/command_line.hpp"
#include "app/settings_sheet.hpp"

#include <fleet/result.hpp>

#include <filesystem>
#include <string>

namespace fleet::app {

// The process's own environment.
Environment process_environment();

// Errors: those of SettingsSheet, each with file and line, variable or flag; not_configured (--config names
// no file).
Result<SettingsSheet> load_settings(Invocation const& invocation, Environment const& environment);

// Relative paths become absolute, because a daemon leaves its working directory. Errors: not_configured when
// neither the settings nor HOME say where files belong.
Result<Settings> absolute_settings(Settings settings, Environment const& environment);

// What this daemon alone needs to know beyond `Places`.
struct DaemonFiles {
    Places shared;
    std::filesystem::path cluster;     // of the native provider; usually <data_dir>/postgres
    std::filesystem::path state_lock;  // one daemon per state directory
    std::filesystem::path wanted;      // services up or down, over restarts
};
DaemonFiles daemon_files(Settings const& settings, Environment const& environment);

// Makes the directories that are ours alone, 0700. Errors: not_configured, disk_full.
Result<void> make_own_directories(DaemonFiles const& files);

// The id of this host: read, or drawn and kept at the first start. Errors: not_configured, disk_full.
Result<std::string> host_id(std::filesystem::path const& file);

}  // namespace fleet::app
