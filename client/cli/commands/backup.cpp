// fleet backup, restore: copies that outlive the database.
#include "cli/context.hpp"
#include "cli/daemon_start.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"
#include "cli/steps.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <filesystem>

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr Millis check_limit{3'600'000};

// A path as the daemon can use it, which works elsewhere; a bare name is one of the folder of backups.
std::string path_for_daemon(std::string const& typed) {
    if (typed.empty()) return typed;
    std::error_code error;
    auto const is_name = typed.find('/') == std::string::npos && !fs::exists(typed, error);
    return is_name ? typed : fs::absolute(typed).lexically_normal().string();
}

struct CopyFlags {
    std::string path{};
    bool physical = false;
};

int create(Context& context, CopyFlags const& flags, std::string const& operation) {
    Json args = Json::object();
    if (!flags.path.empty()) args["path"] = fs::absolute(flags.path).lexically_normal().string();
    if (flags.physical) args["kind"] = "physical";
    must(context.stream(operation, std::move(args), step_sink(context)));
    return 0;
}

int list(Context& context) {
    Json answer = context.call("backups.list");
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Style const& style = screen.style();
    if (answer.at("items").empty()) {
        screen.say("no backups in " + printable(text_or(answer, "folder", "")));
        screen.note("  → `fleet backup` makes one.");
        return 0;
    }
    for (Json const& one : answer.at("items")) {
        screen.say(fmt::format(
            "{}  {:<8}  {:>9}  to event {:<8} by {:<9} {}", text_or(one, "made_at", "").substr(0, 19),
            text_or(one, "kind", ""), size_words(number_or(one, "bytes", 0)), number_or(one, "head_seq", 0),
            printable(text_or(one, "made_by", "")), style(Ink::dim, printable(text_or(one, "path", "")))));
    }
    return 0;
}

int check(Context& context, std::string const& typed) {
    CallOptions options;
    options.answer = check_limit;
    Json answer = context.call("backups.check", {{"path", path_for_daemon(typed)}}, options);
    Screen& screen = context.screen();
    screen.document(answer);
    screen.say(fmt::format("{} {} of {}: every byte is as it was written, events up to {}",
                           screen.style()(Ink::green, "✓"), text_or(answer, "kind", ""),
                           text_or(answer, "made_at", ""), number_or(answer, "head_seq", 0)));
    return 0;
}

struct RestoreFlags {
    std::string path{};
    std::string into{};
    bool verify = true;
    bool replace = false;
    std::string to_time{};
    std::int64_t to_seq = 0;
    bool to_latest = false;

    bool is_point() const { return !to_time.empty() || to_seq != 0 || to_latest; }
};

// A base backup and archived WAL; the path names the base then.
int recover(Context& context, RestoreFlags const& flags) {
    Json args{{"verify", flags.verify}};
    if (auto path = path_for_daemon(flags.path); !path.empty()) args["base"] = path;
    if (!flags.to_time.empty()) args["to_time"] = flags.to_time;
    if (flags.to_seq != 0) args["to_seq"] = flags.to_seq;
    must(context.stream("backups.recover", std::move(args), step_sink(context)));
    return 0;
}

int restore(Context& context, RestoreFlags const& flags) {
    if (!daemon_answers(context)) {
        start_daemon(context, {});
        step_sink(context)({{"step", "daemon"}, {"text", "fleetd runs"}, {"done", true}});
    }
    if (flags.is_point()) return recover(context, flags);
    Json args{{"verify", flags.verify}};
    if (auto path = path_for_daemon(flags.path); !path.empty()) args["path"] = path;
    if (!flags.into.empty()) args["into"] = flags.into;
    if (flags.replace) args["replace"] = true;
    must(context.stream("backups.restore", std::move(args), step_sink(context)));
    return 0;
}

int verify_export(Context& context, std::string const& typed) {
    Json args = Json::object();
    if (auto path = path_for_daemon(typed); !path.empty()) args["path"] = path;
    must(context.stream("exports.verify", std::move(args), step_sink(context)));
    return 0;
}

void add_restore(Menu& menu) {
    auto flags = std::make_shared<RestoreFlags>();
    auto& back = menu.command("restore", "Put a backup in the place of an empty database", "Services",
                              [flags](Context& context) { return restore(context, *flags); });
    back.add_option("path", flags->path, "The backup; without it the newest of this host")->type_name("PATH");
    back.add_flag("--verify,!--no-verify", flags->verify,
                  "Compare every column of the state with the log before the switch (the default)");
    auto* into = back.add_option("--into", flags->into, "Another database on the same server, or a DSN");
    into->type_name("NAME");
    auto* replace =
        back.add_flag("--replace", flags->replace, "A database that holds work is renamed and kept");
    auto* time = back.add_option("--to-time", flags->to_time, "With archived WAL: everything up to here");
    time->type_name("TIME")->excludes(into)->excludes(replace);
    auto* seq = back.add_option("--to-seq", flags->to_seq, "With archived WAL: everything up to this event");
    seq->type_name("SEQ")->excludes(into)->excludes(replace)->excludes(time)->check(CLI::PositiveNumber);
    back.add_flag("--to-latest", flags->to_latest, "With archived WAL: as far as it goes")
        ->excludes(into)
        ->excludes(replace)
        ->excludes(time)
        ->excludes(seq);
}

void add_export(Menu& menu) {
    auto flags = std::make_shared<CopyFlags>();
    auto& out = menu.command("export", "Write the log as sorted lines of JSON, with a manifest", "Log",
                             [flags](Context& context) { return create(context, *flags, "exports.create"); });
    out.add_option("path", flags->path, "Directory to be made; without it one in the folder of backups")
        ->type_name("PATH");
    auto which = std::make_shared<std::string>();
    menu.command(out, "verify", "Read one back and compare the state that it gives with that of its time",
                 [which](Context& context) { return verify_export(context, *which); })
        .add_option("path", *which, "Its path or name; without it the newest")
        ->type_name("PATH");
}

}  // namespace

void add_backup(Menu& menu) {
    auto flags = std::make_shared<CopyFlags>();
    auto& backup =
        menu.command("backup", "Copy the database, with a manifest and digests", "Services",
                     [flags](Context& context) { return create(context, *flags, "backups.create"); });
    backup.add_option("path", flags->path, "Directory to be made; without it one in the folder of backups")
        ->type_name("PATH");
    backup.add_flag("--physical", flags->physical, "A base backup of the whole server, for archived WAL");
    menu.command(backup, "list", "The backups of this host, the newest first", list);
    auto which = std::make_shared<std::string>();
    menu.command(backup, "check", "Read every byte of one and compare it with its manifest",
                 [which](Context& context) { return check(context, *which); })
        .add_option("path", *which, "Its path, or its name in the folder of backups")
        ->required()
        ->type_name("PATH");
    add_restore(menu);
    add_export(menu);
}

}  // namespace fleet::cli
