// fleet services upgrade: the database moves to another provider or another major version of PostgreSQL.
#include "cli/context.hpp"
#include "cli/daemon_start.hpp"
#include "cli/home_files.hpp"
#include "cli/menu.hpp"
#include "cli/program.hpp"
#include "cli/screen/words.hpp"
#include "cli/steps.hpp"
#include "cli/toml_file.hpp"
#include "cli/upgrade_move.hpp"
#include "cli/upgrade_plan.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

// Only a word that was typed counts as consent.
void ask(Context& context, bool yes, std::string_view word, std::string_view what) {
    if (yes) return;
    if (context.is_json() || ::isatty(0) != 1)
        refuse(ErrorCode::usage, std::string(what), "Add --yes to say that you mean it.");
    std::cerr << what << " Write \"" << word << "\" to go on: " << std::flush;
    std::string typed;
    std::getline(std::cin, typed);
    if (typed != word) refuse(ErrorCode::cancelled, "nothing was changed");
}

int major_in(std::string const& bin_dir) {
    auto const said = output_of({bin_dir + "/postgres", "--version"});
    if (!said) return 0;
    auto const digit = said->find_first_of("0123456789");
    return digit == std::string::npos ? 0 : major_of_version(said->substr(digit));
}

MachineFacts facts_of(HomePlaces const& places) {
    MachineFacts facts;
    facts.major_in = major_in;
    facts.is_used = [places](std::string const& container) {
        std::error_code error;
        if (fs::exists(places.data / ("podman-" + container), error)) return true;
        for (auto const& kept : kept_databases(places))
            if (kept.container == container) return true;
        // The one of the settings has its files in the usual place.
        return must(read_settings()).podman_container == container &&
               fs::exists(places.data / "podman/password", error);
    };
    return facts;
}

Source source_of(Context& context) {
    Json const status = context.call("services.status");
    Json const& database = status.contains("database") ? status.at("database") : status;
    Source source;
    source.provider = text_or(database, "provider", "");
    source.version = text_or(database, "version", "");
    source.data_directory = text_or(database, "data_directory", "");
    source.container = text_or(database, "container", "");
    source.image = text_or(database, "image", "");
    if (text_or(database, "state", "") != "running" || source.version.empty())
        refuse(ErrorCode::not_running, "the database does not run, so it cannot be copied",
               "`fleet services up`, and `fleet doctor` when that does not help.");
    return source;
}

void bring_up(Context& context) {
    if (!daemon_answers(context)) start_daemon(context, {});
    must(context.stream("services.up", Json::object(), step_sink(context)));
}

// What others write while it is copied would be lost.
void refuse_while_others_live(Context& context, HomePlaces const& places) {
    std::ifstream file(places.state / "host_id");
    std::string own;
    std::getline(file, own);
    std::vector<std::string> others;
    Json const hosts = context.call("hosts.list", {{"status", "joined"}, {"limit", 1000}});
    for (Json const& host : hosts.at("items"))
        if (text_or(host, "host_id", "") != own && flag_or(host, "alive", false))
            others.push_back(text_or(host, "hostname", text_or(host, "host_id", "")));
    if (others.empty()) return;
    refuse(ErrorCode::services_busy,
           fmt::format("other hosts are at work in this database: {}", joined(others, ", ")),
           "Stop their daemons first (`fleet services down` there); give them the new DSN afterwards.");
}

// The environment is stronger than the file that is going to be changed.
void refuse_settings_of_environment(SettingChanges const& changes) {
    for (auto const& [key, value] : changes) {
        auto const* info = find_setting(key);
        if (info == nullptr) continue;
        auto const* set = std::getenv(std::string(info->env).c_str());
        if (set == nullptr || *set == '\0' || set == value) continue;
        refuse(ErrorCode::usage,
               fmt::format("{}={} stands in the environment and would win over the move", info->env, set),
               fmt::format("Take it out of there, or put it into {}.", user_settings_file().string()));
    }
}

void say_plan(Context& context, Source const& source, Target const& target, HomePlaces const& places) {
    Screen& screen = context.screen();
    screen.say(fmt::format("from  {}", printable(source.words())));
    screen.say(fmt::format("to    {}", printable(target.words())));
    screen.say("  1. fleetd stops; a copy is made of the database, with a manifest and digests");
    screen.say(
        "  2. the new server is made, the copy put into it and compared with the log, column by column");
    screen.say(fmt::format("  3. {} says where it is from then on, and fleetd starts",
                           places.settings_file.string()));
    screen.say(
        "  The old data are kept until `fleet services upgrade --forget-old`. Until step 3 nothing has "
        "changed.");
}

int upgrade(Context& context, UpgradeFlags const& flags) {
    auto const places = home_places(context.settings());
    if (flags.provider.empty() && flags.major == 0 && flags.image.empty())
        refuse(ErrorCode::usage, "where is the database to go?",
               "--to-provider NAME, --to-major N, or both.");
    bring_up(context);
    auto const source = source_of(context);
    auto const target = must(plan_upgrade(flags, source, context.settings(), facts_of(places)));
    refuse_settings_of_environment(target.changes());
    refuse_while_others_live(context, places);
    context.screen().document({{"step", "plan"}, {"from", source.words()}, {"to", target.words()}});
    say_plan(context, source, target, places);
    if (flags.dry_run) return 0;
    ask(context, flags.yes, "upgrade", "Agents are cut off from the fleet while it moves.");
    auto const moved = move_database(context, places, source, target);
    context.screen().document({{"step", "moved"},
                               {"text", moved.words()},
                               {"done", true},
                               {"version", moved.now.version},
                               {"provider", moved.now.provider},
                               {"backup", moved.backup},
                               {"kept", moved.kept.words()}});
    context.screen().say(
        fmt::format("{}: {}", context.screen().style()(Ink::green, "moved"), printable(moved.now.words())));
    context.screen().say(fmt::format("kept: {}", printable(moved.kept.words())));
    context.screen().say(fmt::format("copy: {}", printable(moved.backup)));
    return 0;
}

int forget_old(Context& context, UpgradeFlags const& flags) {
    auto const places = home_places(context.settings());
    auto const kept = kept_databases(places);
    Screen& screen = context.screen();
    if (kept.empty()) {
        screen.document({{"removed", Json::array()}});
        screen.say("no old data are kept.");
        return 0;
    }
    for (auto const& one : kept) screen.say("  " + printable(one.words()));
    if (flags.dry_run) return 0;
    ask(context, flags.yes, "forget", "These are removed for good.");
    Json removed = Json::array();
    for (auto const& one : kept) removed.push_back(one.words());
    forget_databases(context, places, kept);
    screen.document({{"removed", removed}});
    screen.say("removed.");
    return 0;
}

}  // namespace

void add_upgrade(Menu& menu, CLI::App& services) {
    auto flags = std::make_shared<UpgradeFlags>();
    auto& app =
        menu.command(services, "upgrade", "Move the database to another provider or major version",
                     [flags](Context& context) {
                         return flags->forget_old ? forget_old(context, *flags) : upgrade(context, *flags);
                     });
    app.add_option("--to-provider", flags->provider, "Who is to run PostgreSQL")
        ->type_name("NAME")
        ->check(CLI::IsMember({"podman", "native", "external"}));
    app.add_option("--to-major", flags->major, "Major version of PostgreSQL")
        ->type_name("N")
        ->check(CLI::Range(15, 99));
    app.add_option("--postgres-bin-dir", flags->bin_dir, "Where its programs are, for native")
        ->type_name("DIR");
    app.add_option("--podman-image", flags->image, "Its image, for podman")->type_name("IMAGE");
    app.add_option("--dsn-file", flags->dsn_file, "File with the DSN, for external")->type_name("FILE");
    app.add_flag("--dry-run", flags->dry_run, "Say what would be done");
    app.add_flag("--yes", flags->yes, "Do not ask");
    app.add_flag("--forget-old", flags->forget_old, "Remove the data that earlier moves have kept");
}

}  // namespace fleet::cli
