// fleet checkpoint: snapshots from which a mission can be resumed.
#include "cli/checkpoint_file.hpp"
#include "cli/checkpoint_store.hpp"
#include "cli/commands/recovery_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct CreateFlags {
    std::string name{};
    std::string mission{};
    std::string sortie{};
    std::string trigger{};
    std::string summary{};
    std::vector<std::string> next{};
    std::vector<std::string> decisions{};
    std::string error{};
    std::int64_t size_before = -1;
    std::int64_t size_after = -1;
};

struct ListFlags {
    std::string mission{};
    std::string trigger{};
    int limit = 10;
    bool all = false;
};

struct PruneFlags {
    std::string mission{};
    std::string older_than{};
    std::int64_t max_bytes = -1;
    int keep = -1;
    bool dry_run = false;
    bool yes = false;
};

int create(Context& context, CreateFlags const& flags) {
    Json args = Json::object();
    put(args, "name", flags.name);
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    if (!flags.sortie.empty()) args["sortie_id"] = id_of(context, sortie_entity, flags.sortie);
    put(args, "trigger", flags.trigger);
    put(args, "summary", text_argument(flags.summary));
    put(args, "next_steps", flags.next);
    put(args, "decisions", flags.decisions);
    if (!flags.error.empty()) args["error"] = json_argument(flags.error, "--error");
    if (flags.size_before >= 0) args["size_before"] = flags.size_before;
    if (flags.size_after >= 0) args["size_after"] = flags.size_after;
    Json answer = context.call("checkpoints.create", std::move(args));
    auto id = text_or(answer, "checkpoint_id", "");
    keep_copy(context, id);
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    screen.done(fmt::format("Checkpoint created: {}", id));
    if (!screen.is_quiet()) say_checkpoint(screen, answer);
    return 0;
}

// The daemon's list; without one the copies that are here.
Json list_of(Context& context, Json args, std::vector<std::string>& warnings) {
    auto answer = context.try_call("checkpoints.list", std::move(args));
    if (answer) return std::move(*answer);
    if (!is_out_of_reach(answer.error())) throw ErrorException(answer.error());
    warnings.push_back(answer.error().message + ": these are the copies in .fleet/local/checkpoints");
    Json items = Json::array();
    for (Json& one : CheckpointStore(context.place()).list(warnings)) items.push_back(std::move(one));
    return Json{{"items", std::move(items)}, {"copies", true}};
}

int list(Context& context, ListFlags const& flags) {
    Json args{{"project", context.require_project()}, {"limit", flags.limit}};
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    put(args, "trigger", flags.trigger);
    if (flags.all) args["status"] = "available,consumed,deleted";
    std::vector<std::string> warnings;
    Json answer = list_of(context, std::move(args), warnings);
    if (!warnings.empty()) answer["warnings"] = warnings;
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    say_warnings(screen, warnings);
    Time now = clock_now();
    Table table({"ID", "TIMESTAMP", "TRIGGER", "PROGRESS", "STATUS", "MISSION", "NAME"});
    for (Json const& one : answer.at("items")) {
        auto when = time_member(one, "created_at");
        table.row({text_or(one, "checkpoint_id", ""), when ? local_clock(*when, now) : "",
                   trigger_words(screen, one), fmt::format("{}%", number_or(one, "progress", 0)),
                   text_or(one, "status", ""),
                   printable(text_or(one, "sortie_title", text_or(one, "mission_title", ""))),
                   printable(text_or(one, "name", ""))});
    }
    screen.table(table, "No checkpoints found.");
    if (!answer.at("items").empty())
        screen.say(fmt::format("\nTotal: {} checkpoint{}", answer.at("items").size(),
                               answer.at("items").size() == 1 ? "" : "s"));
    if (!answer.contains("copies")) keep_copies(context);
    return 0;
}

// From the daemon; damaged there or out of reach: from the copy that is here.
Json shown(Context& context, std::string const& wanted, std::vector<std::string>& warnings) {
    auto answer = context.try_call("checkpoints.show", {{"checkpoint_id", wanted}});
    if (answer && !answer->contains("damage")) return std::move(*answer);
    if (!answer && !is_out_of_reach(answer.error())) throw ErrorException(answer.error());
    auto why = answer ? fmt::format("{} is damaged in the database: {}",
                                    text_or(*answer, "checkpoint_id", ""), text_or(*answer, "damage", ""))
                      : answer.error().message;
    auto copy =
        CheckpointStore(context.place()).load(answer ? text_or(*answer, "checkpoint_id", "") : wanted);
    if (!copy && answer) {
        warnings.push_back(why + ", and no whole copy is here");
        return std::move(*answer);
    }
    if (!copy) throw ErrorException(answer.error());
    warnings.push_back(why + ": this is the copy in .fleet/local/checkpoints");
    for (std::string const& one : copy->warnings) warnings.push_back(one);
    Json out = copy->document.at("checkpoint");
    out["sections"] = must(sections_of(copy->document));
    return out;
}

int show(Context& context, std::string const& wanted) {
    std::vector<std::string> warnings;
    Json answer = shown(context, wanted, warnings);
    if (!warnings.empty()) answer["warnings"] = warnings;
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    say_warnings(screen, warnings);
    screen.say(fmt::format("checkpoint {}", screen.style()(Ink::bold, text_or(answer, "checkpoint_id", ""))));
    say_checkpoint(screen, answer);
    if (answer.contains("sections")) say_sections(screen, answer.at("sections"));
    return answer.contains("damage") ? 1 : 0;
}

int remove(Context& context, std::string const& wanted) {
    if (context.globals().callsign.empty()) context.ask_as_user();
    Json answer = context.call("checkpoints.delete", {{"checkpoint_id", wanted}});
    auto id = text_or(answer, "checkpoint_id", "");
    must(CheckpointStore(context.place()).forget(id));
    context.screen().document(answer);
    context.screen().done("Checkpoint deleted: " + id);
    return 0;
}

Json prune_args(Context& context, PruneFlags const& flags) {
    Json args = Json::object();
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    put_seconds(args, "older_than_seconds", flags.older_than, "--older-than");
    if (flags.keep >= 0) args["keep"] = flags.keep;
    if (flags.max_bytes >= 0) args["max_bytes"] = flags.max_bytes;
    return args;
}

int prune(Context& context, PruneFlags const& flags) {
    if (context.globals().callsign.empty()) context.ask_as_user();
    Json args = prune_args(context, flags);
    Json dry = args;
    dry["dry_run"] = true;
    Json found = context.call("checkpoints.prune", std::move(dry));
    Screen& screen = context.screen();
    auto count = number_or(found, "deleted", 0);
    if (!context.is_json() && count > 0) {
        screen.say(fmt::format("Found {} checkpoint{} to prune:", count, count == 1 ? "" : "s"));
        for (Json const& one : found.at("items"))
            screen.say(fmt::format("  {}  {}  {}", text_or(one, "checkpoint_id", ""), text_or(one, "why", ""),
                                   size_words(number_or(one, "bytes", 0))));
    }
    if (flags.dry_run) {
        screen.document(found);
        screen.say(count == 0 ? "No checkpoints to prune." : "[DRY RUN] No checkpoints were deleted.");
        return 0;
    }
    if (count > 0 && !flags.yes && !agreed(context, "Proceed?"))
        refuse(ErrorCode::cancelled, "no checkpoints were deleted");
    Json answer = count == 0 ? found : context.call("checkpoints.prune", std::move(args));
    CheckpointStore store(context.place());
    for (Json const& one : answer.at("items")) must(store.forget(text_or(one, "checkpoint_id", "")));
    answer.erase("dry_run");
    screen.document(answer);
    auto deleted = number_or(answer, "deleted", 0);
    if (deleted == 0) {
        screen.say("No checkpoints to prune.");
        return 0;
    }
    screen.say(fmt::format("Deleted {} checkpoint{}.", deleted, deleted == 1 ? "" : "s"));
    return 0;
}

void add_create(Menu& menu, CLI::App& group) {
    auto flags = std::make_shared<CreateFlags>();
    auto& app = menu.command(group, "create", "Take a snapshot of a mission, or of one sortie",
                             [flags](Context& context) { return create(context, *flags); });
    app.add_option("name", flags->name, "What to call it")->type_name("NAME");
    app.add_option("--mission", flags->mission, "Default: the one you are at, or the only one in progress")
        ->type_name("MISSION");
    app.add_option("--sortie", flags->sortie, "One sortie alone")->type_name("SORTIE");
    app.add_option("--trigger", flags->trigger, "Why: manual (default), compaction or error")
        ->type_name("WORD")
        ->check(CLI::IsMember({"manual", "compaction", "error"}));
    app.add_option("--summary,--note", flags->summary, "What was done and is known; - reads it")
        ->type_name("TEXT");
    app.add_option("--next", flags->next, "A next step; give it again for more")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    app.add_option("--decision", flags->decisions, "Something that was decided; give it again for more")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    app.add_option("--error", flags->error,
                   "What went wrong: {kind, message, command?, stack?, failed?}; @FILE or - reads it")
        ->type_name("JSON");
    app.add_option("--size-before", flags->size_before, "Tokens in the context window, with compaction")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--size-after", flags->size_after, "The same afterwards")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
    app.footer(
        "\nExample: fleet checkpoint create \"before the merge\" --summary \"all green\" --next \"merge, "
        "then tag\"\n");
}

void add_list(Menu& menu, CLI::App& group) {
    auto flags = std::make_shared<ListFlags>();
    auto& app = menu.command(group, "list", "What can be resumed from, newest first",
                             [flags](Context& context) { return list(context, *flags); });
    app.alias("ls");
    app.add_option("--mission", flags->mission, "Of one mission")->type_name("MISSION");
    app.add_option("--trigger", flags->trigger, "progress, error, manual, compaction, shutdown")
        ->type_name("WORD,…");
    app.add_option("--limit", flags->limit, "How many at most (10)")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000));
    app.add_flag("--all", flags->all, "Deleted ones, too");
}

void add_prune(Menu& menu, CLI::App& group) {
    auto flags = std::make_shared<PruneFlags>();
    auto& app =
        menu.command(group, "prune", "Delete what nobody needs any more; never what an open mission may need",
                     [flags](Context& context) { return prune(context, *flags); });
    app.add_option("--mission", flags->mission, "Of one mission")->type_name("MISSION");
    app.add_option("--older-than", flags->older_than, "Only what is older (7d)")->type_name("TIME");
    app.add_option("--keep", flags->keep, "So many of a mission stay whatever their age (3)")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--max-bytes", flags->max_bytes,
                   "When all together take more, the oldest go before their time")
        ->type_name("BYTES")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--dry-run", flags->dry_run, "Say what would go");
    app.add_flag("--yes,-y", flags->yes, "Do not ask");
}

}  // namespace

void add_checkpoints(Menu& menu) {
    auto& group = menu.group("checkpoint", "Snapshots from which a mission can be resumed", "Survival");
    group.alias("checkpoints");
    add_create(menu, group);
    add_list(menu, group);
    auto wanted = std::make_shared<std::string>();
    auto& one =
        menu.command(group, "show", "What a checkpoint remembers; without a daemon the copy that is here",
                     [wanted](Context& context) { return show(context, *wanted); });
    one.add_option("checkpoint", *wanted, "Id, the end of one, a name, or latest")
        ->required()
        ->type_name("CHECKPOINT");
    add_restore(menu, group);
    auto unwanted = std::make_shared<std::string>();
    auto& gone = menu.command(group, "delete", "Delete a checkpoint, and the copy that is here",
                              [unwanted](Context& context) { return remove(context, *unwanted); });
    gone.add_option("checkpoint", *unwanted, "Id, the end of one, a name, or latest")
        ->required()
        ->type_name("CHECKPOINT");
    add_prune(menu, group);
}

}  // namespace fleet::cli
