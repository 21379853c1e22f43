// fleet missions: goals.
#include "cli/commands/work_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct MissionFlags {
    std::string title{};
    std::string description{};
    std::string priority{};
    std::string strategy{};
    std::string deadline{};
    std::string on_failure{};
    std::string metadata{};
    std::int64_t max_failures = -1;
    bool review = false;
    bool by_hand = false;
    bool start = false;
};

Json create_args(MissionFlags const& flags) {
    Json args{{"title", flags.title}};
    put(args, "description", text_argument(flags.description));
    put(args, "priority", flags.priority);
    put(args, "strategy", flags.strategy);
    put(args, "on_failure", flags.on_failure);
    if (!flags.deadline.empty()) args["deadline"] = time_ahead(flags.deadline, "--deadline");
    if (!flags.metadata.empty()) args["metadata"] = json_argument(flags.metadata, "--metadata");
    if (flags.max_failures >= 0) args["max_failures"] = flags.max_failures;
    if (flags.review) args["require_review"] = true;
    if (flags.by_hand) args["complete_by_itself"] = false;
    return args;
}

int create(Context& context, MissionFlags const& flags) {
    Json mission = context.call("missions.create", create_args(flags));
    auto id = text_or(mission, "mission_id", "");
    if (flags.start) mission = context.call("missions.start", {{"mission_id", id}});
    Screen& screen = context.screen();
    screen.document(mission);
    screen.done(fmt::format("mission {} is {}", titled(screen, mission, "mission_id"),
                            flags.start ? "under way" : "planned"));
    screen.note(fmt::format("  → next: fleet sorties create TITLE --mission {}", id.substr(id.size() - 6)));
    return 0;
}

int list(Context& context, std::string const& status, bool all, bool everywhere) {
    Json args = Json::object();
    if (!everywhere) args["project"] = context.require_project();
    if (!status.empty())
        args["status"] = status;
    else if (!all)
        args["status"] = "pending,in_progress,review";
    Json answer = context.call("missions.list", std::move(args));
    context.screen().document(answer);
    if (!context.is_json()) show_missions(context.screen(), answer.at("items"));
    return 0;
}

int show(Context& context, std::string const& typed) {
    Json mission = context.call("missions.show", {{"mission_id", id_of(context, mission_entity, typed)}});
    context.screen().document(mission);
    show_mission(context, mission);
    return 0;
}

// An action that needs the mission and words.
int act(Context& context, char const* operation, std::string const& typed, Json args,
        std::string_view words) {
    args["mission_id"] = id_of(context, mission_entity, typed);
    Json answer = context.call(operation, std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    auto status = text_or(answer, "status", "");
    auto what =
        status == "review" ? std::string("waits for its review: fleet missions review") : std::string(words);
    screen.done(fmt::format("mission {} {}", titled(screen, answer, "mission_id"), what));
    note_consequences(screen, answer);
    return 0;
}

// Ending a mission early ends its sorties: which ones can be seen before.
int dry_end(Context& context, std::string const& typed) {
    auto id = id_of(context, mission_entity, typed);
    Json open = context.call("sorties.list", {{"mission_id", id}, {"status", "open"}, {"limit", 1'000}});
    context.screen().document({{"mission_id", id}, {"would_cancel", open.at("items")}});
    if (context.is_json()) return 0;
    context.screen().say(fmt::format("would cancel {} sorties", open.at("items").size()));
    if (!open.at("items").empty()) show_sorties(context.screen(), open.at("items"));
    return 0;
}

int update(Context& context, std::string const& typed, MissionFlags const& flags) {
    Json args = Json::object();
    put(args, "title", flags.title);
    put(args, "description", text_argument(flags.description));
    put(args, "priority", flags.priority);
    if (!flags.metadata.empty()) args["metadata"] = json_argument(flags.metadata, "--metadata");
    if (flags.deadline == "none")
        args["deadline"] = "";
    else if (!flags.deadline.empty())
        args["deadline"] = time_ahead(flags.deadline, "--deadline");
    if (args.empty())
        refuse(ErrorCode::usage, "there is nothing to change",
               "Name what is to be different: --title, --priority, …");
    return act(context, "missions.update", typed, std::move(args), "is changed");
}

void add_words(CLI::App& app, MissionFlags& flags) {
    app.add_option("--description", flags.description, "What is wanted, and when it is done; - reads it")
        ->type_name("TEXT");
    app.add_option("--priority", flags.priority, "low, medium, high or critical")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
    app.add_option("--metadata", flags.metadata, "Anything of yours, a JSON object; @FILE or - reads it")
        ->type_name("JSON");
}

void add_create(Menu& menu, CLI::App& missions) {
    auto flags = std::make_shared<MissionFlags>();
    auto& app = menu.command(missions, "create", "Set a goal; its sorties come next",
                             [flags](Context& context) { return create(context, *flags); });
    app.add_option("title", flags->title, "What it is called")->required()->type_name("TITLE");
    add_words(app, *flags);
    app.add_option("--strategy", flags->strategy, "How it is broken into sorties")->type_name("WORD");
    app.add_option("--deadline", flags->deadline, "It fails when it is not done by then: 2h, or a time")
        ->type_name("TIME");
    app.add_option("--on-failure", flags->on_failure,
                   "When a sortie failed for good: stop (default) or continue")
        ->type_name("WORD")
        ->check(CLI::IsMember({"stop", "continue"}));
    app.add_option("--max-failures", flags->max_failures, "With continue: so many sorties may fail")
        ->type_name("N")
        ->check(CLI::Range(0, 100'000));
    app.add_flag("--review", flags->review, "Somebody has to approve it before it is completed");
    app.add_flag("--by-hand", flags->by_hand, "It does not complete by itself");
    app.add_flag("--start", flags->start, "Start it at once");
    app.footer("\nExample: fleet missions create \"New parser\" --priority high --deadline 2d --start\n");
}

void add_update(Menu& menu, CLI::App& missions) {
    auto flags = std::make_shared<MissionFlags>();
    auto id = std::make_shared<std::string>();
    auto& app = menu.command(missions, "update", "Change what is given",
                             [=](Context& context) { return update(context, *id, *flags); });
    app.add_option("mission", *id, "Its id, an end of it, or its title")->required()->type_name("MISSION");
    app.add_option("--title", flags->title, "What it is called")->type_name("TEXT");
    add_words(app, *flags);
    app.add_option("--deadline", flags->deadline, "2h from now, or a time; none takes it away")
        ->type_name("TIME");
}

void add_ends(Menu& menu, CLI::App& missions) {
    auto id = std::make_shared<std::string>();
    auto text = std::make_shared<std::string>();
    auto dry = std::make_shared<bool>(false);
    auto named = [id](CLI::App& app) {
        app.add_option("mission", *id, "Its id, an end of it, or its title")
            ->required()
            ->type_name("MISSION");
    };
    named(menu.command(missions, "start", "Begin: sorties that wait for nothing can be claimed",
                       [=](Context& context) {
                           return act(context, "missions.start", *id, Json::object(), "is under way");
                       }));
    auto& done = menu.command(missions, "complete", "Say that it is done", [=](Context& context) {
        Json args = Json::object();
        put(args, "summary", text_argument(*text));
        return act(context, "missions.complete", *id, std::move(args), "is completed");
    });
    named(done);
    done.add_option("--summary", *text, "What came of it; - reads it")->type_name("TEXT");
    auto& fail =
        menu.command(missions, "fail", "Give it up; its open sorties are cancelled", [=](Context& context) {
            if (*dry) return dry_end(context, *id);
            return act(context, "missions.fail", *id, {{"reason", *text}}, "has failed");
        });
    named(fail);
    fail.add_option("--reason", *text, "Why")->required()->type_name("TEXT");
    fail.add_flag("--dry-run", *dry, "Say which sorties that would cancel");
    auto& cancel =
        menu.command(missions, "cancel", "Call it off, with its open sorties", [=](Context& context) {
            if (*dry) return dry_end(context, *id);
            Json args = Json::object();
            put(args, "reason", *text);
            return act(context, "missions.cancel", *id, std::move(args), "is cancelled");
        });
    named(cancel);
    cancel.add_option("--reason", *text, "Why")->type_name("TEXT");
    cancel.add_flag("--dry-run", *dry, "Say which sorties that would cancel");
}

void add_review(Menu& menu, CLI::App& missions) {
    auto id = std::make_shared<std::string>();
    auto verdict = std::make_shared<std::string>();
    auto feedback = std::make_shared<std::string>();
    auto& app = menu.command(missions, "review", "Give the verdict on a mission that waits for one",
                             [=](Context& context) {
                                 Json args{{"verdict", *verdict}};
                                 put(args, "feedback", text_argument(*feedback));
                                 return act(context, "missions.review", *id, std::move(args),
                                            *verdict == "approved" ? "is completed" : "goes on");
                             });
    app.add_option("mission", *id, "Its id, an end of it, or its title")->required()->type_name("MISSION");
    app.add_option("verdict", *verdict, "approved, rejected or needs_changes")
        ->required()
        ->type_name("VERDICT")
        ->check(CLI::IsMember({"approved", "rejected", "needs_changes"}));
    app.add_option("--feedback", *feedback, "What is right or wrong with it; - reads it")->type_name("TEXT");
}

}  // namespace

void add_missions(Menu& menu) {
    auto& missions = menu.group("missions", "Goals, each broken into sorties", "Work");
    missions.alias("mission");
    add_create(menu, missions);
    auto status = std::make_shared<std::string>();
    auto all = std::make_shared<bool>(false);
    auto everywhere = std::make_shared<bool>(false);
    auto& listing = menu.command(missions, "list", "Those under way and those to come",
                                 [=](Context& context) { return list(context, *status, *all, *everywhere); });
    listing
        .add_option("--status", *status, "pending, in_progress, review, completed, …; several with commas")
        ->type_name("WORDS");
    listing.add_flag("--all", *all, "Those that ended, too");
    listing.add_flag("--all-projects", *everywhere, "Those of every project");
    auto id = std::make_shared<std::string>();
    menu.command(missions, "show", "One mission, how far it is, and its sorties",
                 [id](Context& context) { return show(context, *id); })
        .add_option("mission", *id, "Its id, an end of it, or its title")
        ->required()
        ->type_name("MISSION");
    add_ends(menu, missions);
    add_review(menu, missions);
    add_update(menu, missions);
}

}  // namespace fleet::cli
