#include "cli/toml_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cstdlib>
#include <optional>
#include <vector>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

std::string variable(char const* name) {
    char const* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

Result<toml::table> parse(fs::path const& file) {
    try {
        return toml::parse_file(file.string());
    } catch (toml::parse_error const& bad) {
        auto text = fmt::format("{}:{}: {}", file.string(), bad.source().begin.line, bad.description());
        return make_error(ErrorCode::not_configured, std::move(text));
    }
}

std::string scalar(toml::node const& node) {
    if (auto const* text = node.as_string()) return text->get();
    if (auto const* number = node.as_integer()) return std::to_string(number->get());
    if (auto const* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    return {};
}

Error at_place(std::string const& place, Error error) {
    error.message = place + ": " + error.message;
    return error;
}

// Only the settings whose names begin with `family`.
Result<void> take_file(Settings& settings, fs::path const& file, std::string_view family = {}) {
    std::error_code missing;
    if (!fs::exists(file, missing)) return {};
    auto table = parse(file);
    if (!table) return table.error();
    for (auto const& [key, node] : *table) {
        if (!key.str().starts_with(family)) continue;
        auto set = set_setting(settings, key.str(), scalar(node));
        auto place = fmt::format("{}:{}", file.string(), node.source().begin.line);
        if (!set) return at_place(place, set.error());
    }
    return {};
}

// `setting`, else $variable/fleet, else ~/`below_home`/fleet.
fs::path settle(std::string const& setting, char const* name, char const* below_home) {
    if (!setting.empty()) return fs::absolute(setting);
    if (auto base = variable(name); base.starts_with('/')) return fs::path(base) / "fleet";
    return fs::path(variable("HOME")) / below_home / "fleet";
}

fs::path user_file() {
    if (auto config = variable("XDG_CONFIG_HOME"); !config.empty())
        return fs::path(config) / "fleet" / "fleet.toml";
    return fs::path(variable("HOME")) / ".config" / "fleet" / "fleet.toml";
}

// The least important first; FLEET_CONFIG alone when it is set.
std::vector<fs::path> settings_files() {
    if (auto chosen = variable("FLEET_CONFIG"); !chosen.empty()) return {fs::path(chosen)};
    return {fs::path("/etc/fleet/fleet.toml"), user_file()};
}

}  // namespace

Result<std::string> read_project_key(fs::path const& file) {
    auto table = parse(file);
    if (!table) return table.error();
    auto key = (*table)["project"].value<std::string>();
    if (key && !key->empty()) return *key;
    auto error = make_error(ErrorCode::not_configured,
                            fmt::format("{} does not say `project = \"…\"`", file.string()));
    error.hint = "Write the key in, or remove the file and run `fleet init`.";
    return error;
}

bool names_setting(fs::path const& file, std::string_view key) {
    auto table = parse(file);
    return table && table->contains(key);
}

Result<Settings> read_settings(std::optional<fs::path> const& project_config) {
    Settings settings;
    for (fs::path const& file : settings_files()) {
        if (auto taken = take_file(settings, file); !taken) return taken.error();
    }
    if (project_config) {
        if (auto taken = take_file(settings, *project_config, "hook_"); !taken) return taken.error();
    }
    for (SettingInfo const& info : setting_infos()) {
        auto name = std::string(info.env);
        auto value = name.empty() ? std::string() : variable(name.c_str());
        if (value.empty()) continue;
        if (auto set = set_setting(settings, info.key, value); !set) return at_place(name, set.error());
    }
    return settings;
}

fs::path state_dir(Settings const& settings) {
    return settle(settings.state_dir, "XDG_STATE_HOME", ".local/state");
}

fs::path data_dir(Settings const& settings) {
    return settle(settings.data_dir, "XDG_DATA_HOME", ".local/share");
}

fs::path user_settings_file() {
    return settings_files().back();
}

fs::path socket_path(Settings const& settings) {
    if (!settings.socket.empty()) return fs::absolute(settings.socket);
    fs::path runtime = settings.runtime_dir;
    if (runtime.empty()) {
        auto base = variable("XDG_RUNTIME_DIR");
        bool usable = base.starts_with('/');
        runtime = usable ? fs::path(base) / "fleet" : data_dir(settings) / "run";
    }
    return fs::absolute(runtime) / "fleetd.sock";
}

}  // namespace fleet::cli
