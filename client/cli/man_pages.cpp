#include "cli/man_pages.hpp"

#include "cli/command_line.hpp"

#include <fleet/error.hpp>
#include <fleet/settings.hpp>

#include <fmt/format.h>

#include <vector>

namespace fleet::cli {
namespace {

// Text for troff: no line is taken for a request, no dash for a hyphen.
std::string plain(std::string_view text) {
    constexpr std::string_view dots = "…";  // troff reads one byte a character
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with(dots)) {
            out += "...";
            i += dots.size() - 1;
        } else if (text[i] == '\\') {
            out += "\\e";
        } else if (text[i] == '-') {
            out += "\\-";
        } else {
            out += text[i];
        }
    }
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

std::string head(std::string_view name, int section, std::string_view words) {
    return fmt::format(".TH {} {} \"\" \"FleetTools {}\" \"FleetTools\"\n.SH NAME\n{} \\- {}\n", name,
                       section, program_version(), plain(name), plain(words));
}

std::string full_name(CLI::App const& app) {
    std::string name = app.get_name();
    for (CLI::App const* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent()) {
        name = parent->get_name() + " " + name;
    }
    return name;
}

std::vector<CLI::Option const*> options_of(CLI::App const& app) {
    return app.get_options([](CLI::Option const* option) { return !option->get_group().empty(); });
}

std::string usage_line(CLI::App const& app) {
    auto line = fmt::format(".B {}\n", plain(full_name(app)));
    bool has_flags = false;
    std::string positionals;
    for (CLI::Option const* option : options_of(app)) {
        if (!option->get_positional()) {
            has_flags = has_flags || option->get_lnames() != std::vector<std::string>{"help"};
            continue;
        }
        auto name = option->get_type_name().empty() ? option->get_name(true) : option->get_type_name();
        auto more = option->get_items_expected_max() > 1 ? " ..." : "";
        positionals +=
            option->get_required() ? fmt::format(" {}{}", name, more) : fmt::format(" [{}{}]", name, more);
    }
    if (has_flags) line += "[FLAGS]";
    if (!positionals.empty()) line += plain(positionals);
    return line + "\n";
}

std::string option_entry(CLI::Option const& option) {
    std::string names;
    for (std::string const& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
    for (std::string const& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
    if (names.empty())
        names = option.get_type_name().empty() ? option.get_name(true) : option.get_type_name();
    auto value =
        option.get_positional() || option.get_items_expected_max() == 0 ? "" : option.get_type_name();
    auto gap = value.empty() ? "" : " ";
    return fmt::format(".TP\n.BI \"{}{}\" \"{}\"\n{}\n", plain(names), gap, plain(value),
                       plain(option.get_description()));
}

void add_command(std::string& page, CLI::App const& app) {
    auto below = app.get_subcommands([](CLI::App const*) { return true; });
    if (below.empty()) {
        page += fmt::format(".SS \"{}\"\n{}.PP\n{}.\n", plain(full_name(app)), usage_line(app),
                            plain(app.get_description()));
        for (CLI::Option const* option : options_of(app)) {
            if (option->get_lnames() != std::vector<std::string>{"help"}) page += option_entry(*option);
        }
    }
    for (CLI::App const* one : below) {
        if (!one->get_group().empty()) add_command(page, *one);
    }
}

std::string exit_codes() {
    return ".SH EXIT STATUS\n"
           ".TP\n0\nIt went well.\n.TP\n1\nAn error.\n.TP\n2\nThe command line or a value in it is not "
           "understood.\n"
           ".TP\n3\nCancelled by the user.\n.TP\n4\nThere is no such thing.\n"
           ".TP\n5\nA conflict: the files are held, or the state does not allow it.\n"
           ".TP\n6\nNot available: the daemon or the database is away.\n.TP\n7\nNot allowed.\n";
}

std::string value_name(SettingInfo const& info) {
    switch (info.type) {
        case SettingType::integer: return "N";
        case SettingType::seconds:
        case SettingType::millis: return "TIME";
        case SettingType::bytes: return "SIZE";
        case SettingType::flag: return "true|false";
        case SettingType::path: return "PATH";
        case SettingType::choice: {
            std::string choices;
            for (std::string_view choice : info.choices)
                choices += (choices.empty() ? "" : "|") + std::string(choice);
            return choices;
        }
        default: return "TEXT";
    }
}

}  // namespace

std::string fleet_page(CLI::App const& root) {
    auto page = head("fleet", 1, "coordination for fleets of coding agents");
    page += ".SH SYNOPSIS\n.B fleet\n[FLAGS] COMMAND ...\n";
    page +=
        ".SH DESCRIPTION\nPlans missions and hands out their sorties, carries mail between pilots, keeps a "
        "queue of "
        "work orders, reserves files and says who holds them, and writes and follows the log of a fleet of "
        "coding "
        "agents that share one Postgres database. Every command talks to\n.BR fleetd (8),\nwhich\n"
        ".B fleet services up\nstarts.\n";
    page += ".SH FLAGS OF EVERY COMMAND\n";
    for (CLI::Option const* option : options_of(root)) page += option_entry(*option);
    page += ".SH COMMANDS\n";
    for (CLI::App const* one : root.get_subcommands([](CLI::App const*) { return true; })) {
        if (!one->get_group().empty()) add_command(page, *one);
    }
    page += exit_codes();
    page +=
        ".SH ENVIRONMENT\n"
        ".TP\n.B FLEET_AS\nThe pilot to act as.\n.TP\n.B FLEET_PROJECT\nThe project to work in.\n"
        ".TP\n.B FLEET_ENDPOINT\nWhere the daemon listens.\n.TP\n.B NO_COLOR\nNo colours, when it is not "
        "empty.\n";
    page +=
        ".SH FILES\n"
        ".TP\n.I .fleet/config.toml\nIn a repository: which project it is. Commit it.\n"
        ".TP\n.I .fleet/local/\nTokens of the pilots that work from this checkout; ignored by git.\n";
    page += ".SH SEE ALSO\n.BR fleetd (8),\n.BR fleet.toml (5)\n";
    return page;
}

std::string fleetd_page() {
    auto page = head("fleetd", 8, "the daemon of FleetTools");
    page +=
        ".SH SYNOPSIS\n.B fleetd\n[\\-\\-foreground] [\\-\\-print\\-config] [\\-\\-config FILE] [SETTING "
        "...]\n";
    page +=
        ".SH DESCRIPTION\nServes one host: HTTP and WebSocket on a unix socket, and on loopback TCP when "
        "asked. It runs "
        "the database, or uses one that a DSN names.\n.B fleet services up\nstarts it.\n";
    page +=
        ".SH FLAGS\n"
        ".TP\n.B \\-\\-foreground\nStay in the foreground and log to stderr.\n"
        ".TP\n.B \\-\\-print\\-config\nPrint every setting, its value and where it came from, and end.\n"
        ".TP\n.BI \"\\-\\-config \" FILE\nRead this file instead of the usual ones.\n"
        ".PP\nEvery setting of\n.BR fleet.toml (5)\nis a flag, too:\n";
    for (SettingInfo const& info : setting_infos()) {
        if (info.flag.empty()) continue;
        page += fmt::format(".TP\n.BI \"{} \" \"{}\"\n{}\n", plain(info.flag), plain(value_name(info)),
                            plain(info.words));
    }
    page +=
        ".SH SIGNALS\n.TP\nSIGTERM, SIGINT\nStop: what was accepted is finished. The second one is "
        "immediate.\n"
        ".TP\nSIGHUP\nTake over the settings that may change while it runs.\n";
    page += ".SH SEE ALSO\n.BR fleet (1),\n.BR fleet.toml (5)\n";
    return page;
}

std::string settings_page() {
    auto page = head("fleet.toml", 5, "settings of fleetd and fleet");
    page += ".SH SYNOPSIS\n.I /etc/fleet/fleet.toml\n.br\n.I ~/.config/fleet/fleet.toml\n";
    page +=
        ".SH DESCRIPTION\nLines of the form\n.IR \"key = value\" .\nA flag wins over the environment, the "
        "environment "
        "over the user's file, that over the system's. Times are written\n.BR 90s ,\n.BR 15m ,\n.BR 2h "
        ";\nsizes\n"
        ".BR 64MiB .\n.SH SETTINGS\n";
    for (SettingInfo const& info : setting_infos()) {
        page += fmt::format(".TP\n.BI \"{} = \" \"{}\"\n{}\n", plain(info.key), plain(value_name(info)),
                            plain(info.words));
        if (!info.default_text.empty()) page += fmt::format("Default: {}.\n", plain(info.default_text));
        std::string also;
        if (!info.env.empty()) also += std::string(info.env);
        if (!info.flag.empty()) also += (also.empty() ? "" : ", ") + std::string(info.flag);
        if (!also.empty()) page += fmt::format("Also: {}.\n", plain(also));
        if (info.reloadable) page += "Taken over at SIGHUP.\n";
    }
    page += ".SH SEE ALSO\n.BR fleet (1),\n.BR fleetd (8)\n";
    return page;
}

}  // namespace fleet::cli
