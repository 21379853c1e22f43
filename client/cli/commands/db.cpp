// fleet db: the schema.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <iostream>
#include <string>

namespace fleet::cli {
namespace {

std::vector<std::string> names_of(Json const& answer, char const* member) {
    std::vector<std::string> names;
    if (!answer.contains(member) || !answer.at(member).is_array()) return names;
    for (Json const& one : answer.at(member)) {
        if (one.is_string()) names.push_back(one.get<std::string>());
        if (one.is_object()) names.push_back(text_or(one, "what", "") + " " + text_or(one, "name", ""));
    }
    return names;
}

int status(Context& context) {
    Json answer = context.call("db.status");
    Screen& screen = context.screen();
    screen.document(answer);
    Style const& style = screen.style();
    auto waiting = names_of(answer, "pending");
    auto version = number_or(answer, "version", 0);
    bool stale = flag_or(answer, "stale", false);
    for (std::string const& name : names_of(answer, "edited")) {
        screen.say(fmt::format("{} {} was edited after it had been applied", style(Ink::red, "✗"), name));
    }
    if (waiting.empty() && !stale) {
        screen.say(fmt::format("{} schema {}, up to date", style(Ink::green, "●"), version));
        return 0;
    }
    screen.say(fmt::format("{} schema {} of {}", style(Ink::yellow, "◐"), version,
                           number_or(answer, "known", version)));
    for (std::string const& name : waiting) screen.say("  waits: " + name);
    if (stale) screen.say("  waits: functions and views");
    screen.note("  → `fleet db migrate` applies them.");
    return 0;
}

int report(Context& context, Json const& answer, bool dry_run) {
    Screen& screen = context.screen();
    screen.document(answer);
    auto steps = names_of(answer, answer.contains("steps") ? "steps" : "applied");
    for (std::string const& step : steps) screen.say((dry_run ? "would " : "") + step);
    auto from = number_or(answer, "from", 0);
    auto to = number_or(answer, "to", from);
    if (steps.empty())
        screen.say(fmt::format("schema {}: nothing to do", to));
    else
        screen.say(fmt::format("schema {} → {}", from, to));
    return 0;
}

CallOptions patient() {
    CallOptions options;
    options.answer = Millis(3'600'000);
    return options;
}

int migrate(Context& context, bool dry_run) {
    Json args = Json::object();
    if (dry_run) args["dry_run"] = true;
    Json answer = context.call("db.migrate", std::move(args), patient());
    return report(context, answer, dry_run);
}

// A down step drops tables with all that is in them; what it would undo is shown before.
void ask(Context& context, int to) {
    if (::isatty(0) != 1) {
        refuse(ErrorCode::usage, "a rollback deletes what the newer versions keep, at 0 the whole log",
               "See what would go with --dry-run; add --yes to say that you mean it.");
    }
    Json steps = context.call("db.rollback", {{"to", to}, {"dry_run", true}});
    for (std::string const& step : names_of(steps, "steps")) std::cerr << "would " << step << '\n';
    std::cerr
        << "This deletes the tables of these steps and all that is in them. Write \"rollback\" to go on: "
        << std::flush;
    std::string word;
    std::getline(std::cin, word);
    if (word != "rollback") refuse(ErrorCode::cancelled, "nothing was undone");
}

int rollback(Context& context, int to, bool dry_run, bool yes) {
    if (!dry_run && !yes) ask(context, to);
    Json args{{"to", to}};
    if (dry_run) args["dry_run"] = true;
    Json answer = context.call("db.rollback", std::move(args), patient());
    return report(context, answer, dry_run);
}

}  // namespace

void add_db(Menu& menu) {
    auto& db = menu.group("db", "The schema of the database", "Services");
    menu.command(db, "status", "Which version it has, and what waits to be applied", status);
    auto dry = std::make_shared<bool>(false);
    menu.command(db, "migrate", "Bring it up to date",
                 [dry](Context& context) { return migrate(context, *dry); })
        .add_flag("--dry-run", *dry, "Say what would be applied");
    auto to = std::make_shared<int>(0);
    auto yes = std::make_shared<bool>(false);
    auto& back =
        menu.command(db, "rollback", "Go back to an older version",
                     [to, dry, yes](Context& context) { return rollback(context, *to, *dry, *yes); });
    back.add_option("--to", *to, "The version to go back to")
        ->required()
        ->type_name("N")
        ->check(CLI::Range(0, 9999));
    back.add_flag("--dry-run", *dry, "Say what would be undone");
    back.add_flag("--yes", *yes, "Do not ask");
}

}  // namespace fleet::cli
