// fleet reserve, reservations.
#include "cli/commands/waiting_line.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/path_argument.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct ReserveFlags {
    std::vector<std::string> patterns{};
    std::string ttl{};
    std::string wait{};
    std::string purpose{};
    std::string reason{};
    std::string priority{};
    std::string sortie{};
    bool shared = false;
    bool dry_run = false;
};

Json reserve_args(Context& context, ReserveFlags const& flags) {
    Json args{{"patterns", patterns_of(context, flags.patterns)}};
    put(args, "purpose", flags.purpose);
    put(args, "reason", flags.reason);
    put(args, "priority", flags.priority);
    put(args, "sortie_id", flags.sortie);
    auto ttl =
        flags.ttl.empty() ? Millis(context.settings().reservation_ttl) : duration_flag(flags.ttl, "--ttl");
    args["ttl_seconds"] = whole_seconds(ttl);
    put_seconds(args, "wait_seconds", flags.wait, "--wait");
    if (flags.shared) args["mode"] = "shared";
    if (flags.dry_run) args["dry_run"] = true;
    return args;
}

void say_dry(Context& context, Json const& answer) {
    Screen& screen = context.screen();
    if (text_or(answer, "outcome", "") != "held") {
        return screen.say(fmt::format("free: {} would be yours", printable(list_member(answer, "patterns"))));
    }
    Error error = make_error(ErrorCode::reservation_held, {}, {}, answer);
    throw ErrorException(std::move(error));
}

// The daemon's hint speaks of fields; here there are flags.
Error in_our_words(Error error) {
    if (error.code == ErrorCode::reservation_held) error.hint = error_info(error.code).hint;
    return error;
}

int reserve(Context& context, ReserveFlags const& flags) {
    auto callsign = context.require_callsign();
    context.require_project();
    Json args = reserve_args(context, flags);
    auto asked = reserve_waiting(context, callsign, std::move(args));
    if (!asked) throw ErrorException(in_our_words(asked.error()));
    Json answer = *std::move(asked);
    Screen& screen = context.screen();
    bool held = text_or(answer, "outcome", "") == "held";
    if (!(flags.dry_run && held)) screen.document(answer);
    if (flags.dry_run) {
        say_dry(context, answer);
        return 0;
    }
    keep_reservation(context, callsign, answer);
    auto id = text_or(answer, "reservation_id", "");
    auto verb = flag_or(answer, "extended", false) ? "still hold" : "hold";
    auto shared = text_or(answer, "mode", "") == "shared" ? ", shared" : "";
    screen.done(fmt::format("you {} {}{}: {} ({}, token {})", verb,
                            screen.style()(Ink::bold, printable(list_member(answer, "patterns"))), shared,
                            left_member(answer, "expires_at", clock_now()), short_id(id),
                            number_or(answer, "token", 0)));
    if (answer.contains("displaced") && answer.at("displaced").is_array()) {
        for (Json const& one : answer.at("displaced")) {
            screen.note(
                fmt::format("  {} held some of it past its time; that ended", text_or(one, "holder", "?")));
        }
    }
    return 0;
}

struct ListFlags {
    bool mine = false;
    bool all = false;
    bool waiting = false;
    bool everywhere = false;
    std::string holder{};
    std::string path{};
};

Json list_args(Context& context, ListFlags const& flags) {
    Json args = Json::object();
    if (!flags.everywhere) args["project"] = context.require_project();
    if (flags.waiting) return args;
    if (flags.mine) args["holder"] = context.require_callsign();
    if (!flags.holder.empty()) args["holder"] = flags.holder;
    if (!flags.path.empty()) args["path"] = must(pattern_argument(context.place(), flags.path)).pattern;
    if (!flags.all) args["status"] = "active";
    return args;
}

void show_reservations(Screen& screen, Json const& items) {
    Time now = clock_now();
    Table table({"ID", "HOLDER", "FILES", "MODE", "TIME", "STATE", "WHY"});
    for (Json const& one : items) {
        auto state = text_or(one, "state", text_or(one, "status", ""));
        auto until = time_member(one, "expires_at");
        if (state == "active" && until && *until <= now) state = "lapsed";
        auto ink = state == "active" ? Ink::green : state == "lapsed" ? Ink::yellow : Ink::dim;
        bool open = state == "active" || state == "lapsed";
        auto why = text_or(one, "reason", "");
        table.row({short_id(text_or(one, "reservation_id", "")), text_or(one, "holder", "?"),
                   printable(list_member(one, "patterns")), text_or(one, "mode", ""),
                   open && until ? left_words(*until, now) : std::string(), screen.style()(ink, state),
                   printable(why)});
    }
    screen.table(table, "nothing is held");
}

void show_waiting(Screen& screen, Json const& items) {
    Time now = clock_now();
    Table table({"ID", "WHO", "FILES", "MODE", "GIVES UP IN"});
    for (Json const& one : items) {
        table.row({short_id(text_or(one, "reservation_id", "")),
                   text_or(one, "holder", text_or(one, "pilot", "?")),
                   printable(list_member(one, "patterns")), text_or(one, "mode", ""),
                   left_member(one, "deadline", now)});
    }
    screen.table(table, "nobody waits");
}

int reservations(Context& context, ListFlags const& flags) {
    Json answer =
        context.call(flags.waiting ? "reservations.waiting" : "reservations.list", list_args(context, flags));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    if (flags.waiting)
        show_waiting(screen, answer.at("items"));
    else
        show_reservations(screen, answer.at("items"));
    return 0;
}

void add_reserve(Menu& menu) {
    auto flags = std::make_shared<ReserveFlags>();
    auto& app = menu.command("reserve", "Hold files, all that are named or none", "Files",
                             [flags](Context& context) { return reserve(context, *flags); });
    app.add_option("pattern", flags->patterns, "Paths and patterns (* ? **); a directory means all below it")
        ->required()
        ->type_name("PATTERN");
    app.add_option("--ttl", flags->ttl, "For how long; default 1h")->type_name("TIME");
    app.add_option("--wait", flags->wait, "Wait so long for files that others hold")->type_name("TIME");
    app.add_flag("--shared", flags->shared, "Together with others who share");
    app.add_option("--purpose", flags->purpose, "edit, read, review or delete")
        ->type_name("WORD")
        ->check(CLI::IsMember({"edit", "read", "review", "delete"}));
    app.add_option("--reason", flags->reason, "Why, for those who are refused")->type_name("TEXT");
    app.add_option("--priority", flags->priority, "Place in the line: low, medium, high, critical")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
    app.add_option("--sortie", flags->sortie, "What it is for; the files are free when that sortie ends")
        ->type_name("SORTIE");
    app.add_flag("--dry-run", flags->dry_run, "Say whether it would be granted");
    app.footer(
        "\nExample: fleet reserve src/parser 'docs/*.md' --ttl 2h --wait 10m --reason \"new grammar\"\n");
}

}  // namespace

void add_reservations(Menu& menu) {
    add_reserve(menu);
    add_release(menu);
    auto flags = std::make_shared<ListFlags>();
    auto& all = menu.command("reservations", "What is held, by whom, and for how long", "Files",
                             [flags](Context& context) { return reservations(context, *flags); });
    all.add_flag("--mine", flags->mine, "What you hold");
    all.add_option("--holder", flags->holder, "What a pilot holds")->type_name("CALLSIGN");
    all.add_option("--path", flags->path, "What overlaps a path or pattern")->type_name("PATTERN");
    all.add_flag("--waiting", flags->waiting, "Who waits for files, in order");
    all.add_flag("--all", flags->all, "Those that ended, too");
    all.add_flag("--all-projects", flags->everywhere, "Those of every project");
}

}  // namespace fleet::cli
