#include "app/configuration.hpp"

#include "services/account.hpp"

#include <fleet/id.hpp>

#include <fmt/format.h>

#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

namespace fleet::app {
namespace {

namespace fs = std::filesystem;

Error not_configured(std::string message) {
    return make_error(ErrorCode::not_configured, std::move(message));
}

// Root's home is closed to the account that the server has to run as. A place that was chosen stays as it is.
fs::path settle_cluster(fs::path const& data, Settings const& settings, Environment const& environment) {
    auto const usual = data / "postgres";
    auto const chosen = environment("XDG_DATA_HOME");
    if (::geteuid() != 0 || !settings.data_dir.empty() || (chosen && !chosen->empty())) return usual;
    auto const* root = ::getpwuid(0);
    auto const home = environment("HOME");
    if (root == nullptr || !home || fs::path(*home) != fs::path(root->pw_dir)) return usual;
    auto const account = services::server_account(settings.run_as);
    if (!account || !*account || !services::closed_parent(usual / "data", **account)) return usual;
    return "/var/lib/fleet/postgres";
}

}  // namespace

Environment process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        auto const* value = std::getenv(std::string(name).c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
}

Result<SettingsSheet> load_settings(Invocation const& invocation, Environment const& environment) {
    SettingsSheet sheet;
    std::error_code problem;
    auto files = settings_files(environment);
    if (invocation.config) files = {invocation.config->string()};
    auto const must_exist = invocation.config.has_value() || environment("FLEET_CONFIG").value_or("") != "";
    for (auto const& file : files) {
        if (!fs::exists(file, problem)) {
            if (must_exist) return not_configured(fmt::format("there is no file {}", file));
            continue;
        }
        auto const text = services::read_file(file);
        if (!text) return text.error();
        if (auto applied = sheet.apply_toml(*text, file); !applied) return applied.error();
    }
    if (auto applied = sheet.apply_environment(environment); !applied) return applied.error();
    for (auto const& [key, value] : invocation.flags) {
        auto const* info = find_setting(key);
        auto const flag = info != nullptr ? std::string(info->flag) : key;
        if (auto applied = sheet.apply(key, value, "flag " + flag); !applied) return applied.error();
    }
    return sheet;
}

Result<Settings> absolute_settings(Settings settings, Environment const& environment) {
    for (auto const& info : setting_infos()) {
        if (info.type != SettingType::path) continue;
        auto const text = setting_text(settings, info.key);
        if (text.empty() || text == "-") continue;
        auto absolute = set_setting(settings, info.key, fs::absolute(text).lexically_normal().string());
        if (!absolute) return absolute.error();
    }
    auto const found = places(settings, environment);
    for (auto const& place : {found.data_dir, found.state_dir, found.runtime_dir})
        if (!fs::path(place).is_absolute() || place.starts_with("/.local"))
            return not_configured(
                "HOME is not set: say where files belong with data_dir, state_dir and runtime_dir");
    return settings;
}

DaemonFiles daemon_files(Settings const& settings, Environment const& environment) {
    DaemonFiles files;
    files.shared = places(settings, environment);
    files.cluster = settle_cluster(files.shared.data_dir, settings, environment);
    files.state_lock = fs::path(files.shared.state_dir) / "lock";
    files.wanted = fs::path(files.shared.state_dir) / "services.json";
    return files;
}

Result<void> make_own_directories(DaemonFiles const& files) {
    for (auto const& directory : {files.shared.state_dir, files.shared.runtime_dir}) {
        auto made = services::make_directory(directory, 0700, std::nullopt);
        if (!made) return made.error();
    }
    return {};
}

Result<std::string> host_id(fs::path const& file) {
    std::error_code problem;
    if (fs::exists(file, problem)) {
        auto text = services::read_file(file);
        if (!text) return text.error();
        while (!text->empty() && text->back() == '\n') text->pop_back();
        if (auto id = check_id(*text, "host")) return id;
        return not_configured(
            fmt::format("{} does not hold the id of a host; remove it to become a new host", file.string()));
    }
    auto const id = new_id("host");
    if (auto kept = services::write_file(file, id + "\n", 0600); !kept) return kept.error();
    return id;
}

}  // namespace fleet::app
