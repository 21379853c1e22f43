// fleet setup: the configuration of agent programs, and how it stands.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/program.hpp"
#include "cli/screen/words.hpp"
#include "cli/setup/line_diff.hpp"
#include "cli/setup/ours.hpp"
#include "cli/setup/place_of_setup.hpp"
#include "cli/setup/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace fleet::cli {
namespace {

struct SetupFlags {
    bool user = false;
    bool dry_run = false;
    bool uninstall = false;
    bool fail_closed = false;
    std::string command{};
};

std::string action_of(FileChange const& change) {
    if (!change.file.content) return "create";
    return change.after ? "change" : "remove";
}

Json document_of(std::vector<FileChange> const& changes) {
    Json items = Json::array();
    for (auto const& change : changes)
        items.push_back({{"file", change.file.path.string()},
                         {"action", action_of(change)},
                         {"what", change.what},
                         {"diff", line_diff(change.file.content.value_or(""), change.after.value_or(""))}});
    return items;
}

void say_changes(Screen& screen, std::vector<FileChange> const& changes) {
    Style const& style = screen.style();
    for (auto const& change : changes) {
        auto const words =
            fmt::format("{} {}: {}", action_of(change), change.file.path.string(), joined(change.what, ", "));
        screen.say(style(Ink::bold, printable(words)));
        if (!change.after) continue;  // it was made by a setup, and goes as it came
        for (auto const& line : line_diff(change.file.content.value_or(""), change.after.value_or(""))) {
            auto const ink = line.starts_with('+')   ? Ink::green
                             : line.starts_with('-') ? Ink::red
                             : line.starts_with('@') ? Ink::cyan
                                                     : Ink::dim;
            screen.say("  " + style(ink, printable(line)));
        }
    }
}

// AGENTS.md is for all of them: it stays until the last one leaves.
std::vector<fs::path> still_needed(ClientInfo const& leaving, SetupChoice const& choice,
                                   Originals const& originals) {
    std::vector<fs::path> kept;
    if (choice.scope == SetupScope::user) return kept;
    for (auto const& other : known_clients()) {
        if (other.name == leaving.name) continue;
        auto const setup = client_setup(other, choice);
        if (is_set_up(status_of(setup, originals))) return {choice.top / "AGENTS.md"};
    }
    return kept;
}

int set_up(Context& context, ClientInfo const& client, SetupFlags const& flags) {
    auto const choice = setup_choice(context, flags.user ? SetupScope::user : SetupScope::project,
                                     flags.command, flags.fail_closed);
    Originals const originals(state_dir_of(context));
    auto const setup = client_setup(client, choice);
    auto const kept = flags.uninstall ? still_needed(client, choice, originals) : std::vector<fs::path>();
    auto const changes = must(flags.uninstall ? plan_uninstall(setup, originals, kept) : plan_setup(setup));
    if (!flags.dry_run) must(carry_out(changes, setup, originals, flags.uninstall));

    Screen& screen = context.screen();
    auto const notes = flags.uninstall ? std::vector<std::string>() : setup.notes;
    screen.document({{"client", client.name},
                     {"scope", scope_words(choice.scope)},
                     {"dry_run", flags.dry_run},
                     {"uninstall", flags.uninstall},
                     {"changes", document_of(changes)},
                     {"notes", notes}});
    if (context.is_json()) return 0;
    say_changes(screen, changes);
    auto const where = fmt::format("{} ({})", client.title, scope_words(choice.scope));
    if (changes.empty())
        screen.done(fmt::format(
            "{}: {}", where,
            flags.uninstall ? "nothing of FleetTools is there" : "everything is as it should be"));
    else if (flags.dry_run)
        screen.done(fmt::format("{}: nothing was changed (--dry-run)", where));
    else
        screen.done(fmt::format("{}: {}", where, flags.uninstall ? "taken out again" : "set up"));
    if (!kept.empty()) screen.note("  AGENTS.md keeps its block: another client here uses it");
    for (auto const& note : notes) screen.note("  → " + printable(note));
    if (!flags.uninstall && choice.scope == SetupScope::project && context.project().empty())
        screen.note("  → this is no project yet: `fleet init` makes it one");
    if (!flags.uninstall && !flags.dry_run) screen.note("  → `fleet doctor` tries it out");
    return 0;
}

int setup_status(Context& context) {
    Originals const originals(state_dir_of(context));
    Screen& screen = context.screen();
    Json items = Json::array();
    Table table({"client", "scope", "what", "state", "file"});
    bool drift = false;
    for (auto const& client : known_clients()) {
        bool any = false;
        for (auto const scope : {SetupScope::project, SetupScope::user}) {
            auto const setup = client_setup(client, choice_as_written(context, client, scope));
            auto const pieces = status_of(setup, originals);
            auto const unreadable = std::any_of(pieces.begin(), pieces.end(), [](auto const& one) {
                return one.problem && one.piece->what() != "instructions";
            });
            if (!unreadable && !is_set_up(pieces)) continue;
            any = true;
            for (auto const& one : pieces) {
                auto const words = one.problem ? one.problem->message : std::string(state_words(one.state));
                drift = drift || one.problem || one.state != PieceState::fine;
                items.push_back({{"client", client.name},
                                 {"scope", scope_words(scope)},
                                 {"what", one.piece->what()},
                                 {"state", one.problem ? "unreadable" : state_words(one.state)},
                                 {"file", one.piece->file().string()}});
                if (one.problem) items.back()["problem"] = one.problem->message;
                table.row({std::string(client.title), std::string(scope_words(scope)), one.piece->what(),
                           words, one.piece->file().string()});
            }
        }
        if (any) continue;
        auto const here = is_in_use(client, context);
        items.push_back({{"client", client.name}, {"state", here ? "not set up" : "not found"}});
        if (here)
            table.row({std::string(client.title), "", "", "not set up",
                       fmt::format("`fleet setup {}`", client.name)});
    }
    screen.document({{"items", items}, {"drift", drift}});
    screen.table(table,
                 "no agent program is set up here, and none was found: `fleet setup --help` lists them");
    if (drift) screen.note("  → `fleet setup CLIENT` puts right what is not fine");
    return drift ? 1 : 0;
}

}  // namespace

void add_setup(Menu& menu) {
    CLI::App& setup =
        menu.group("setup", "Set up agent programs: MCP server, hooks, instructions", "Project");
    menu.command(setup, "status", "How the configuration of each client stands", setup_status);
    for (auto const& client : known_clients()) {
        auto flags = std::make_shared<SetupFlags>();
        CLI::App& app =
            menu.command(setup, std::string(client.name), fmt::format("Set up {}", client.title),
                         [flags, &client](Context& context) { return set_up(context, client, *flags); });
        if (client.hook != client.name) app.alias(std::string(client.hook));
        app.add_flag("--user", flags->user, "For all projects of this account, not for this project");
        app.add_flag("--dry-run", flags->dry_run, "Show what would change; change nothing");
        app.add_flag("--uninstall", flags->uninstall, "Take out what setup has put in");
        app.add_flag("--fail-closed", flags->fail_closed,
                     "Where the client can: refuse edits when the hook cannot run");
        app.add_option("--command", flags->command,
                       "How the client calls fleet, instead of what is found out")
            ->type_name("PROGRAM");
    }
}

}  // namespace fleet::cli
