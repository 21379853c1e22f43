#include "cli/command_line.hpp"

#include "cli/screen/words.hpp"

#include <fleet/field.hpp>

#include <fmt/format.h>

#ifndef FLEET_VERSION
#define FLEET_VERSION "0.1.0"
#endif

namespace fleet::cli {
namespace {

constexpr char about[] = "Coordination for fleets of coding agents, on one Postgres database.";

constexpr char first_steps[] =
    "\nFirst steps:\n"
    "  fleet services up                      start the daemon and the database\n"
    "  fleet init                             make the current repository a project\n"
    "  fleet pilots register --program claude-code --model opus\n"
    "  fleet reserve 'src/**' --wait 30s      hold files; others are refused or wait\n"
    "  fleet missions create \"New parser\"     set a goal; fleet sorties create adds its pieces\n"
    "  fleet sorties claim --reserve --start  take the next piece, with its files\n"
    "  fleet mail inbox --wait 30s            hear from the others\n"
    "  fleet board, fleet watch               see it happen\n"
    "\nExit codes: 0 ok, 1 error, 2 usage, 3 cancelled, 4 not found, 5 conflict, 6 not available, 7 not "
    "allowed.\n";

std::string words_of(CLI::App const& app) {
    std::string name = app.get_name();
    for (CLI::App const* parent = app.get_parent(); parent != nullptr; parent = parent->get_parent()) {
        name = parent->get_name() + " " + name;
    }
    return name;
}

std::string nearest(std::string const& typed, std::vector<std::string> const& known) {
    std::vector<std::string_view> views(known.begin(), known.end());
    return std::string(nearest_name(typed, views));
}

Error usage(std::string message, std::string hint) {
    Error error = make_error(ErrorCode::usage, std::move(message));
    if (!hint.empty()) error.hint = std::move(hint);
    return error;
}

}  // namespace

std::string_view program_version() {
    return FLEET_VERSION;
}

CommandLine::CommandLine() : root_(about, "fleet"), menu_(root_) {
    root_.fallthrough();
    // Without this, a word that a group does not know would be looked for among its parent's commands.
    root_.require_subcommand(0, 1);
    root_.set_version_flag("--version", fmt::format("fleet {}", program_version()));
    root_.set_help_flag("-h,--help", "Say what is possible here");
    root_.add_flag("--json", globals_.json, "Answers (and errors) as JSON on the standard output");
    root_.add_flag("-q,--quiet", globals_.quiet, "No remarks on the standard error");
    root_.add_option("-C", globals_.directory, "Work as if started in this directory")->type_name("DIR");
    root_.add_option("--project", globals_.project, "The project, instead of the one of the directory")
        ->type_name("KEY");
    root_.add_option("--as", globals_.callsign, "The pilot to act as [FLEET_AS]")->type_name("CALLSIGN");
    root_
        .add_option("--endpoint", globals_.endpoint,
                    "The daemon, unix:/path or http://host:port [FLEET_ENDPOINT]")
        ->type_name("ADDRESS");
    root_.get_formatter()->column_width(34);
    add_commands(menu_);
    root_.footer(first_steps);  // after the commands, which would each repeat it
}

// What CLI11 could not read, in words that say the next step.
Error CommandLine::explain(std::string const& what) {
    CLI::App& app = Menu::chosen(root_);
    auto help = fmt::format("`{} --help` shows what is possible.", words_of(app));
    auto extras = root_.remaining(true);
    auto known = words_below(app);
    if (extras.empty()) return usage(what, help);
    std::string const& typed = extras.front();
    if (typed.starts_with('-')) return usage(fmt::format("{} does not know {}", words_of(app), typed), help);
    if (known.empty()) return usage(fmt::format("{} does not take \"{}\"", words_of(app), typed), help);
    auto meant = nearest(typed, known);
    auto hint = meant.empty() ? help : fmt::format("Did you mean `{} {}`?", words_of(app), meant);
    return usage(fmt::format("there is no command {} {}", words_of(app), typed), hint);
}

std::variant<Run, Said, Error> CommandLine::read(int argc, char const* const* argv) {
    try {
        root_.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        return Said{root_.help()};
    } catch (CLI::CallForVersion const&) {
        return Said{fmt::format("fleet {}\n", program_version())};
    } catch (CLI::ExtrasError const& bad) {
        return explain(bad.what());
    } catch (CLI::ParseError const& bad) {
        return usage(bad.what(),
                     fmt::format("`{} --help` shows what is possible.", words_of(Menu::chosen(root_))));
    }
    CLI::App& app = Menu::chosen(root_);
    if (Run const* run = menu_.run_of(app)) return *run;
    if (&app == &root_) return Said{root_.help()};
    return usage(fmt::format("{} needs a word more: {}", words_of(app), joined(words_below(app), ", ")), {});
}

}  // namespace fleet::cli
