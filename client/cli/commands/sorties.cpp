// fleet sorties create, list, show, update, and ready: the pieces of work.
#include "cli/commands/work_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/lease.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct SortieFlags {
    std::string title{};
    std::string mission{};
    std::string name{};
    std::string description{};
    std::string priority{};
    std::vector<std::string> files{};
    std::vector<std::string> after{};
    std::string join{};
    std::string role{};
    std::vector<std::string> capabilities{};
    std::string condition{};
    std::string timeout{};
    std::string estimate{};
    int complexity = 0;
    int attempts = 0;
};

// "x7k2pq:settled" → {id, mode}. Names within the mission are for the database to find.
Json dependencies_of(std::vector<std::string> const& typed) {
    Json out = Json::array();
    for (std::string const& one : typed) {
        auto border = one.rfind(':');
        auto id = one.substr(0, border);
        if (auto gap = id.find("…"); gap != std::string::npos)
            id = id.substr(gap + std::string_view("…").size());
        Json dependency{{"id", id}};
        if (border != std::string::npos) dependency["mode"] = one.substr(border + 1);
        if (id.empty())
            refuse(ErrorCode::usage, fmt::format("--after {} names no sortie", one), {}, "--after");
        out.push_back(std::move(dependency));
    }
    return out;
}

Json sortie_args(Context& context, SortieFlags const& flags) {
    Json args = Json::object();
    put(args, "title", flags.title);
    put(args, "description", text_argument(flags.description));
    put(args, "priority", flags.priority);
    put(args, "files", patterns_of(context, flags.files));
    put(args, "join", flags.join);
    put(args, "role", flags.role);
    put(args, "capabilities", flags.capabilities);
    put(args, "condition", flags.condition);
    put_seconds(args, "timeout_seconds", flags.timeout, "--timeout");
    if (!flags.estimate.empty())
        args["estimated_minutes"] = (whole_seconds(duration_flag(flags.estimate, "--estimate")) + 59) / 60;
    if (!flags.after.empty()) args["depends_on"] = dependencies_of(flags.after);
    if (flags.complexity > 0) args["complexity"] = flags.complexity;
    if (flags.attempts > 0) args["max_attempts"] = flags.attempts;
    return args;
}

int create(Context& context, SortieFlags const& flags) {
    Json args = sortie_args(context, flags);
    put(args, "name", flags.name);
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    Json sortie = context.call("sorties.create", std::move(args));
    Screen& screen = context.screen();
    screen.document(sortie);
    bool ready = flag_or(sortie, "ready", false);
    auto why = text_or(sortie, "why_not", "");
    screen.done(fmt::format("sortie {} is planned{}", titled(screen, sortie, "sortie_id"),
                            ready          ? ", ready to be claimed"
                            : !why.empty() ? ": " + printable(why)
                                           : std::string()));
    return 0;
}

int update(Context& context, std::string const& typed, SortieFlags const& flags) {
    Json args = sortie_args(context, flags);
    if (args.empty())
        refuse(ErrorCode::usage, "there is nothing to change",
               "Name what is to be different: --title, --file, …");
    args["sortie_id"] = held_or_named(context, sortie_lease, typed);
    Json sortie = context.call("sorties.update", std::move(args));
    context.screen().document(sortie);
    context.screen().done(fmt::format("sortie {} is changed", titled(context.screen(), sortie, "sortie_id")));
    return 0;
}

struct ListFlags {
    std::string mission{};
    std::string status{};
    std::string pilot{};
    std::string role{};
    bool mine = false;
    bool all = false;
    bool everywhere = false;
    int limit = 100;
};

int list(Context& context, ListFlags const& flags) {
    Json args{{"limit", flags.limit}};
    if (!flags.everywhere) args["project"] = context.require_project();
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    if (!flags.status.empty())
        args["status"] = flags.status;
    else if (!flags.all)
        args["status"] = "open";
    put(args, "pilot", flags.mine ? context.require_callsign() : flags.pilot);
    put(args, "role", flags.role);
    Json answer = context.call("sorties.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    show_sorties(screen, answer.at("items"));
    if (answer.contains("next")) screen.note("  there are more: --limit N shows them");
    return 0;
}

int show(Context& context, std::string const& typed) {
    Json sortie = context.call("sorties.show", {{"sortie_id", held_or_named(context, sortie_lease, typed)}});
    context.screen().document(sortie);
    show_sortie(context.screen(), sortie);
    return 0;
}

struct ReadyFlags {
    std::string mission{};
    bool mine = false;
    bool all = false;
};

int ready(Context& context, ReadyFlags const& flags) {
    Json args{{"all", true}, {"limit", 1'000}, {"project", context.require_project()}};
    if (!flags.all && context.is_json()) args.erase("all");
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    if (flags.mine) args["callsign"] = context.require_callsign();
    Json answer = context.call("sorties.ready", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Table table({"ID", "PRIORITY", "ROLE", "FILES", "TITLE"});
    std::vector<std::string> others;
    for (Json const& one : answer.at("items")) {
        auto title = printable(text_or(one, "title", ""));
        if (!flag_or(one, "ready", true)) {
            others.push_back(fmt::format("  {}  {}  {}", short_member(one, "sortie_id"), title,
                                         screen.style()(Ink::dim, printable(text_or(one, "why_not", "")))));
            continue;
        }
        table.row({short_member(one, "sortie_id"), text_or(one, "priority", ""),
                   printable(text_or(one, "role", "")), printable(list_member(one, "files")), title});
    }
    screen.table(table, others.empty() ? "nothing is ready, and nothing is pending" : "nothing is ready");
    if (others.empty()) return 0;
    screen.say(screen.style()(Ink::dim, "not ready:"));
    for (std::string const& line : others) screen.say(line);
    return 0;
}

void add_words(CLI::App& app, SortieFlags& flags) {
    app.add_option("--description", flags.description, "What is to be done, and when it is done; - reads it")
        ->type_name("TEXT");
    app.add_option("--file", flags.files, "What it may touch: paths and patterns; may be given again")
        ->type_name("PATTERN")
        ->allow_extra_args(false);
    app.add_option("--after", flags.after,
                   "What comes first: an id, an end of one, or a name in the mission; "
                   ":settled behind it when it need not go well; may be given again")
        ->type_name("SORTIE[:settled]")
        ->allow_extra_args(false);
    app.add_option("--join", flags.join, "Whether it waits for all of these (default) or for any")
        ->type_name("WORD")
        ->check(CLI::IsMember({"all", "any"}));
    app.add_option("--condition", flags.condition,
                   "Skipped unless this holds: seo.score > 80 and tests.failed == 0")
        ->type_name("EXPR");
    app.add_option("--priority", flags.priority, "low, medium, high or critical; default: the mission's")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
    app.add_option("--role", flags.role, "Only pilots of this role may claim it")->type_name("ROLE");
    app.add_option("--capability", flags.capabilities,
                   "What a pilot has to be able to do; may be given again")
        ->type_name("WORD")
        ->allow_extra_args(false);
    app.add_option("--complexity", flags.complexity, "1 (small) to 5")
        ->type_name("N")
        ->check(CLI::Range(1, 5));
    app.add_option("--estimate", flags.estimate, "How long it may take")->type_name("TIME");
    app.add_option("--timeout", flags.timeout, "How long an attempt may last at most")->type_name("TIME");
    app.add_option("--attempts", flags.attempts, "How often it is tried; default 1")
        ->type_name("N")
        ->check(CLI::Range(1, 100));
}

void add_create(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<SortieFlags>();
    auto& app = menu.command(sorties, "create", "Add a piece of work for one pilot",
                             [flags](Context& context) { return create(context, *flags); });
    app.add_option("title", flags->title, "What it is called")->required()->type_name("TITLE");
    app.add_option("--mission", flags->mission, "The mission it belongs to: id, an end of it, or title")
        ->type_name("MISSION");
    app.add_option("--name", flags->name, "A short name: --after and conditions call it so")
        ->type_name("NAME");
    add_words(app, *flags);
    app.footer(
        "\nExample: fleet sorties create \"Write the grammar\" --mission x7k2pq --name grammar "
        "--file src/grammar --after lexer\n");
}

void add_update(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<SortieFlags>();
    auto id = std::make_shared<std::string>();
    auto& app = menu.command(sorties, "update", "Change what is given",
                             [=](Context& context) { return update(context, *id, *flags); });
    app.add_option("sortie", *id, "Its id, an end of it, or its name; left out: yours")->type_name("SORTIE");
    app.add_option("--title", flags->title, "What it is called")->type_name("TEXT");
    add_words(app, *flags);
}

void add_list(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<ListFlags>();
    auto& app = menu.command(sorties, "list", "Those that have not ended",
                             [flags](Context& context) { return list(context, *flags); });
    app.add_option("--mission", flags->mission, "Of this mission")->type_name("MISSION");
    app.add_option("--status", flags->status,
                   "pending, assigned, in_progress, blocked, review, …; several with commas")
        ->type_name("WORDS");
    app.add_option("--pilot", flags->pilot, "That this pilot has, or had last")->type_name("CALLSIGN");
    app.add_option("--role", flags->role, "For this role")->type_name("ROLE");
    app.add_flag("--mine", flags->mine, "That you have, or had last");
    app.add_flag("--all", flags->all, "Those that ended, too");
    app.add_flag("--all-projects", flags->everywhere, "Those of every project");
    app.add_option("--limit,-n", flags->limit, "How many")->type_name("N")->check(CLI::Range(1, 1'000));
}

}  // namespace

void add_sorties(Menu& menu) {
    auto& sorties = menu.group("sorties", "Pieces of work, each for one pilot", "Work");
    sorties.alias("sortie");
    add_create(menu, sorties);
    add_list(menu, sorties);
    auto id = std::make_shared<std::string>();
    menu.command(sorties, "show", "One sortie: what it waits for, who has it, what came of it",
                 [id](Context& context) { return show(context, *id); })
        .add_option("sortie", *id, "Its id, an end of it, or its name; left out: yours")
        ->type_name("SORTIE");
    add_sortie_claim(menu, sorties);
    add_sortie_work(menu, sorties);
    add_sortie_ends(menu, sorties);
    add_update(menu, sorties);
    auto flags = std::make_shared<ReadyFlags>();
    auto& app = menu.command("ready", "What can be claimed, in that order, and why the rest cannot", "Work",
                             [flags](Context& context) { return ready(context, *flags); });
    app.add_option("--mission", flags->mission, "Of this mission")->type_name("MISSION");
    app.add_flag("--mine", flags->mine, "What fits your role and capabilities");
    app.add_flag("--all", flags->all, "With --json: those that are not ready, too");
}

}  // namespace fleet::cli
