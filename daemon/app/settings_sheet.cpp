#include "app/settings_sheet.hpp"

#include <algorithm>
#include <utility>

namespace fleet::app {

Result<void> SettingsSheet::apply(std::string_view key, std::string_view text, std::string source) {
    if (auto done = set_setting(values_, key, text); !done) {
        auto error = done.error();
        error.message += " (" + source + ")";
        return error;
    }
    sources_.insert_or_assign(std::string(key), std::move(source));
    return {};
}

Result<void> SettingsSheet::apply_environment(Environment const& environment) {
    for (auto const& info : setting_infos()) {
        auto const value = environment(info.env);
        if (!value || value->empty()) continue;
        if (auto done = apply(info.key, *value, "environment " + std::string(info.env)); !done) return done;
    }
    return {};
}

std::string_view SettingsSheet::source(std::string_view key) const {
    auto const found = sources_.find(key);
    return found == sources_.end() ? std::string_view("default") : std::string_view(found->second);
}

std::string SettingsSheet::table() const {
    std::size_t key_width = 0;
    std::size_t value_width = 0;
    for (auto const& info : setting_infos()) {
        key_width = std::max(key_width, info.key.size());
        // One long path must not push every source out of sight.
        value_width =
            std::max(value_width, std::min(setting_text(values_, info.key).size(), std::size_t{36}));
    }
    std::string text;
    for (auto const& info : setting_infos()) {
        auto line = std::string(info.key);
        line.resize(key_width + 2, ' ');
        auto value = setting_text(values_, info.key);
        value.resize(std::max(value.size() + 2, value_width + 2), ' ');
        text += line + value + std::string(source(info.key)) + "\n";
    }
    return text;
}

Json SettingsSheet::json() const {
    Json all = Json::object();
    for (auto const& info : setting_infos())
        all[std::string(info.key)] = {{"value", setting_text(values_, info.key)},
                                      {"source", source(info.key)}};
    return all;
}

namespace {

std::string variable(Environment const& environment, std::string_view name, std::string otherwise) {
    auto value = environment(name);
    // The XDG specification: a relative path there is invalid and counts as absent.
    if (!value || value->empty() || value->front() != '/') return otherwise;
    return *std::move(value);
}

}  // namespace

Places places(Settings const& settings, Environment const& environment) {
    auto const home = variable(environment, "HOME", "");
    auto const chosen = [](std::string const& setting, std::string otherwise) {
        return setting.empty() ? otherwise : setting;
    };
    Places found;
    found.data_dir =
        chosen(settings.data_dir, variable(environment, "XDG_DATA_HOME", home + "/.local/share") + "/fleet");
    found.state_dir = chosen(settings.state_dir,
                             variable(environment, "XDG_STATE_HOME", home + "/.local/state") + "/fleet");
    auto const runtime = variable(environment, "XDG_RUNTIME_DIR", "");
    found.runtime_dir =
        chosen(settings.runtime_dir, runtime.empty() ? found.data_dir + "/run" : runtime + "/fleet");
    found.socket = chosen(settings.socket, found.runtime_dir + "/fleetd.sock");
    found.pid_file = found.runtime_dir + "/fleetd.pid";
    found.host_id_file = found.state_dir + "/host_id";
    found.log_file = chosen(settings.log_file, found.state_dir + "/fleetd.log");
    found.token_file = chosen(settings.tcp_token_file, found.state_dir + "/token");
    return found;
}

std::vector<std::string> settings_files(Environment const& environment) {
    if (auto const only = environment("FLEET_CONFIG"); only && !only->empty()) return {*only};
    auto const home = variable(environment, "HOME", "");
    return {"/etc/fleet/fleet.toml",
            variable(environment, "XDG_CONFIG_HOME", home + "/.config") + "/fleet/fleet.toml"};
}

}  // namespace fleet::app
