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

int create(Context& context, std::string const& typed) {
    Json args = Json::object();
    if (!typed.empty()) args["path"] = fs::absolute(typed).lexically_normal().string();
    must(context.stream("backups.create", std::move(args), step_sink(context)));
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
        screen.say(fmt::format("{}  {:<8}  {:>9}  to event {:<8} by {:<9} {}",
                               text_or(one, "made_at", "").substr(0, 19), text_or(one, "kind", ""),
                               size_words(number_or(one, "bytes", 0)), number_or(one, "head_seq", 0),
                               printable(text_or(one, "made_by", "")),
                               style(Ink::dim, printable(text_or(one, "path", "")))));
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
};

int restore(Context& context, RestoreFlags const& flags) {
    if (!daemon_answers(context)) {
        start_daemon(context, {});
        step_sink(context)({{"step", "daemon"}, {"text", "fleetd runs"}, {"done", true}});
    }
    Json args{{"verify", flags.verify}};
    if (auto path = path_for_daemon(flags.path); !path.empty()) args["path"] = path;
    if (!flags.into.empty()) args["into"] = flags.into;
    if (flags.replace) args["replace"] = true;
    must(context.stream("backups.restore", std::move(args), step_sink(context)));
    return 0;
}

}  // namespace

void add_backup(Menu& menu) {
    auto typed = std::make_shared<std::string>();
    auto& backup = menu.command("backup", "Copy the database, with a manifest and digests", "Services",
                                [typed](Context& context) { return create(context, *typed); });
    backup.add_option("path", *typed, "Directory to be made; without it one in the folder of backups")
        ->type_name("PATH");
    menu.command(backup, "list", "The backups of this host, the newest first", list);
    auto which = std::make_shared<std::string>();
    menu.command(backup, "check", "Read every byte of one and compare it with its manifest",
                 [which](Context& context) { return check(context, *which); })
        .add_option("path", *which, "Its path, or its name in the folder of backups")
        ->required()
        ->type_name("PATH");

    auto flags = std::make_shared<RestoreFlags>();
    auto& back = menu.command("restore", "Put a backup in the place of an empty database", "Services",
                              [flags](Context& context) { return restore(context, *flags); });
    back.add_option("path", flags->path, "The backup; without it the newest of this host")->type_name("PATH");
    back.add_flag("--verify,!--no-verify", flags->verify,
                  "Compare every column of the state with the log before the switch (the default)");
    back.add_option("--into", flags->into, "Another database on the same server, or a DSN")->type_name("NAME");
    back.add_flag("--replace", flags->replace, "A database that holds work is renamed and kept");
}

}  // namespace fleet::cli
