#include "app/command_line.hpp"

#include <fleet/settings.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#ifndef FLEET_VERSION
#define FLEET_VERSION "0.1.0"
#endif

namespace fleet::app {

std::string_view program_version() {
    return FLEET_VERSION;
}

std::variant<Invocation, Said> read_command_line(int argc, char const* const* argv) {
    CLI::App cli{"The daemon of FleetTools: coordinates coding agents over one Postgres database.", "fleetd"};
    Invocation invocation;
    std::string config;
    cli.add_flag("--foreground", invocation.foreground, "Stay in the foreground and log to stderr");
    cli.add_flag("--print-config", invocation.print_config,
                 "Print every setting, its value and its source, and end");
    cli.add_option("--config", config, "Read this fleet.toml instead of the usual ones");
    cli.set_version_flag("--version", fmt::format("fleetd {}", program_version()));

    std::map<std::string, std::string> values;
    for (auto const& info : setting_infos()) {
        if (info.flag.empty()) continue;
        auto& value = values[std::string(info.key)];
        auto words = fmt::format("{} [{}]", info.words, info.env);
        cli.add_option(std::string(info.flag), value, words)
            ->group("Settings")
            ->default_str(std::string(info.default_text));
    }
    try {
        cli.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        return Said{cli.help(), 0};
    } catch (CLI::CallForVersion const&) {
        return Said{fmt::format("fleetd {}\n", program_version()), 0};
    } catch (CLI::ParseError const& bad) {
        return Said{fmt::format("fleetd: {}\n`fleetd --help` shows every flag.\n", bad.what()), 2};
    }
    if (!config.empty()) invocation.config = config;
    for (auto const& info : setting_infos()) {
        if (info.flag.empty() || cli.count(std::string(info.flag)) == 0) continue;
        invocation.flags[std::string(info.key)] = values[std::string(info.key)];
    }
    return invocation;
}

}  // namespace fleet::app
