// fleet resume, and fleet checkpoint restore: the same, from a checkpoint that is named.
#include "cli/checkpoint_store.hpp"
#include "cli/commands/recovery_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct ResumeFlags {
    std::string mission{};
    std::string checkpoint{};
    std::string reason{};
    std::string idle{};
    bool dry_run = false;
    bool force = false;
    bool yes = false;
};

Json arguments(Context& context, ResumeFlags const& flags) {
    Json args = Json::object();
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    if (!flags.checkpoint.empty()) args["checkpoint_id"] = flags.checkpoint;
    put(args, "reason", flags.reason);
    put_seconds(args, "idle_seconds", flags.idle, "--idle");
    if (flags.force) args["force"] = true;
    return args;
}

// Gives the whole copy that is here to the database whose own is damaged, or which does not know it at all.
bool mend(Context& context, std::string const& id, std::vector<std::string>& warnings) {
    auto copy = CheckpointStore(context.place()).load(id);
    if (!copy) {
        if (copy.error().code == ErrorCode::checkpoint_damaged) warnings.push_back(copy.error().message);
        return false;
    }
    Json const& item = copy->document.at("checkpoint");
    auto answer = context.try_call("checkpoints.keep", {{"checkpoint_id", text_or(item, "checkpoint_id", "")},
                                                        {"manifest", copy->document.at("manifest")},
                                                        {"parts", copy->document.at("parts")},
                                                        {"digest", text_or(item, "digest", "")}});
    if (!answer) {
        warnings.push_back(fmt::format("the copy of {} could not be used: {}", id, answer.error().message));
        return false;
    }
    warnings.push_back(fmt::format(
        "the database's own {} was damaged or gone: the copy in .fleet/local/checkpoints was used", id));
    return true;
}

// The ids in warnings such as "chk_… is damaged: …".
std::vector<std::string> damaged_in(Json const& recovery) {
    std::vector<std::string> out;
    if (!recovery.contains("warnings")) return out;
    for (Json const& one : recovery.at("warnings")) {
        auto text = one.is_string() ? one.get<std::string>() : std::string();
        if (text.starts_with("chk_") && text.find(" is damaged: ") != std::string::npos)
            out.push_back(text.substr(0, text.find(' ')));
    }
    return out;
}

Json plan_of(Context& context, char const* operation, Json const& args, std::vector<std::string>& warnings) {
    Json dry = args;
    dry["dry_run"] = true;
    auto plan = context.try_call(operation, dry);
    bool mended = false;
    if (plan) {
        for (std::string const& id : damaged_in(*plan)) mended = mend(context, id, warnings) || mended;
    } else if (plan.error().code == ErrorCode::checkpoint_damaged) {
        mended = mend(context, plan.error().detail.value("checkpoint_id", std::string()), warnings);
    } else if (plan.error().code == ErrorCode::not_found && args.contains("checkpoint_id")) {
        mended = mend(context, args.at("checkpoint_id").get<std::string>(), warnings);
    }
    return must(mended ? context.try_call(operation, std::move(dry)) : std::move(plan));
}

void say_plan(Screen& screen, Json const& plan) {
    Time now = clock_now();
    screen.say(fmt::format("Found stale mission: {}", printable(text_or(plan, "mission_title", "?"))));
    if (plan.contains("last_action"))
        screen.say(fmt::format("  Last activity: {}", ago_member(plan.at("last_action"), "at", now)));
    Json const checkpoint = plan.value("checkpoint", Json::object());
    screen.say(fmt::format("  Checkpoint:    {} ({}%, {})", text_or(plan, "checkpoint_id", ""),
                           number_or(checkpoint, "progress", 0), trigger_words(screen, checkpoint)));
}

// The tokens of what this place's pilots have again: the ones before are void.
void keep_tokens(Context& context, Json const& done) {
    TokenStore store = context.store();
    for (std::string const& name : store.callsigns()) {
        must(store.change(name, [&](KeptPilot& pilot) {
            for (Json const& one : done.value("sorties", Json::array())) {
                if (text_or(one, "pilot", "") != name || !one.contains("token")) continue;
                pilot.sorties[text_or(one, "sortie_id", "")] = {number_or(one, "token", 0),
                                                                text_or(one, "title", ""), ""};
            }
            for (Json const& one : done.value("reservations", Json::array())) {
                if (text_or(one, "holder", "") != name || !one.contains("token")) continue;
                KeptReservation kept;
                kept.token = number_or(one, "token", 0);
                kept.patterns = one.value("patterns", std::vector<std::string>{});
                kept.expires_at = text_or(one, "expires_at", "");
                pilot.reservations[text_or(one, "reservation_id", "")] = std::move(kept);
                pilot.reservations.erase(text_or(one, "was", ""));
            }
        }));
    }
}

std::vector<std::string> told(Json const& answer, std::vector<std::string> warnings) {
    for (Json const& one : answer.value("warnings", Json::array()))
        if (one.is_string()) warnings.push_back(one.get<std::string>());
    return warnings;
}

int nothing_to_do(Context& context, ResumeFlags const& flags, Json const& plan) {
    if (flags.mission.empty() && flags.checkpoint.empty())
        refuse(ErrorCode::not_found, "No missions need recovery.",
               "fleet resume --mission M --force resumes one all the same.");
    context.screen().document(plan);
    context.screen().done(
        fmt::format("{} goes on already", printable(text_or(plan, "mission_title", "the mission"))));
    return 0;
}

int resume(Context& context, ResumeFlags const& flags) {
    if (context.globals().callsign.empty()) context.ask_as_user();
    char const* operation = flags.checkpoint.empty() ? "recovery.run" : "checkpoints.restore";
    Json args = arguments(context, flags);
    std::vector<std::string> warnings;
    Json plan = plan_of(context, operation, args, warnings);
    Screen& screen = context.screen();
    if (!flag_or(plan, "needed", true) || flag_or(plan, "already", false))
        return nothing_to_do(context, flags, plan);
    if (!context.is_json()) say_plan(screen, plan);
    if (flags.dry_run) {
        plan["warnings"] = told(plan, warnings);
        screen.document(plan);
        if (context.is_json()) return 0;
        say_warnings(screen, told(plan, {}));
        screen.say("[DRY RUN] Would restore:");
        say_recovery(screen, plan);
        return 0;
    }
    if (!flags.yes && !flags.force && !agreed(context, "Proceed with recovery?"))
        refuse(ErrorCode::cancelled, "nothing was restored");
    Json done = context.call(operation, std::move(args));
    keep_tokens(context, done);
    done["warnings"] = told(done, warnings);
    done["success"] = true;
    screen.document(done);
    if (context.is_json()) return 0;
    say_warnings(screen, told(done, {}));
    screen.say("Recovery complete:");
    say_recovery(screen, done);
    say_context(screen, done);
    keep_copies(context);
    return 0;
}

void add_flags(CLI::App& app, ResumeFlags& flags) {
    app.add_flag("--dry-run", flags.dry_run, "Say what would be done and change nothing");
    app.add_flag("--force", flags.force,
                 "Take files back from whoever has them now; restore again what was restored before");
    app.add_option("--reason", flags.reason, "With --force: told to who loses files")->type_name("TEXT");
    app.add_option("--idle", flags.idle, "Who was silent for so long is gone (5m)")->type_name("TIME");
    app.add_flag("--yes,-y", flags.yes, "Do not ask");
}

}  // namespace

void add_restore(Menu& menu, CLI::App& group) {
    auto flags = std::make_shared<ResumeFlags>();
    auto& app =
        menu.command(group, "restore", "Bring back what a checkpoint remembers and nothing later contradicts",
                     [flags](Context& context) { return resume(context, *flags); });
    app.add_option("checkpoint", flags->checkpoint, "Id, the end of one, a name, or latest")
        ->required()
        ->type_name("CHECKPOINT");
    add_flags(app, *flags);
}

void add_resume(Menu& menu) {
    auto flags = std::make_shared<ResumeFlags>();
    auto& app = menu.command("resume", "Let a mission that stands still go on, all or nothing", "Survival",
                             [flags](Context& context) { return resume(context, *flags); });
    auto* mission = app.add_option("--mission", flags->mission, "Default: the one that stands still")
                        ->type_name("MISSION");
    app.add_option("checkpoint,--checkpoint", flags->checkpoint,
                   "From this checkpoint instead of the best one")
        ->type_name("CHECKPOINT")
        ->excludes(mission);
    add_flags(app, *flags);
    app.footer("\nExample: fleet resume --dry-run\n");
}

}  // namespace fleet::cli
