// fleet reserve, extend, release, reservations.
#include "cli/commands/waiting_line.hpp"
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/path_argument.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

struct ReserveFlags {
    std::vector<std::string> patterns{};
    std::string ttl{};
    std::string wait{};
    std::string purpose{};
    std::string reason{};
    std::string priority{};
    bool shared = false;
    bool dry_run = false;
};

std::vector<std::string> patterns_of(Context& context, std::vector<std::string> const& typed) {
    std::vector<std::string> patterns;
    for (std::string const& one : typed) {
        auto argument = must(pattern_argument(context.place(), one));
        if (!argument.note.empty())
            context.screen().note(context.screen().note_style()(Ink::dim, argument.note));
        patterns.push_back(std::move(argument.pattern));
    }
    return patterns;
}

std::int64_t whole_seconds(Millis time) {
    return (time.count() + 999) / 1'000;
}

Json reserve_args(Context& context, ReserveFlags const& flags) {
    Json args{{"patterns", patterns_of(context, flags.patterns)}};
    auto put = [&](char const* name, std::string const& value) {
        if (!value.empty()) args[name] = value;
    };
    put("purpose", flags.purpose);
    put("reason", flags.reason);
    put("priority", flags.priority);
    auto ttl =
        flags.ttl.empty() ? Millis(context.settings().reservation_ttl) : duration_flag(flags.ttl, "--ttl");
    args["ttl_seconds"] = whole_seconds(ttl);
    if (!flags.wait.empty()) args["wait_seconds"] = whole_seconds(duration_flag(flags.wait, "--wait"));
    if (flags.shared) args["mode"] = "shared";
    if (flags.dry_run) args["dry_run"] = true;
    return args;
}

void keep(Context& context, std::string const& callsign, Json const& granted) {
    auto id = text_or(granted, "reservation_id", "");
    KeptReservation kept;
    kept.token = number_or(granted, "token", 0);
    kept.expires_at = text_or(granted, "expires_at", "");
    for (Json const& pattern : granted.at("patterns")) kept.patterns.push_back(pattern.get<std::string>());
    auto edit = [&](KeptPilot& pilot) {
        if (pilot.project.empty()) pilot.project = context.project();
        pilot.reservations[id] = kept;
    };
    must(context.store().change(callsign, edit));
}

void forget(Context& context, std::string const& callsign, std::string const& id) {
    must(context.store().change(callsign, [&](KeptPilot& pilot) { pilot.reservations.erase(id); }));
}

void say_dry(Context& context, Json const& answer) {
    Screen& screen = context.screen();
    if (text_or(answer, "outcome", "") != "held") {
        return screen.say(fmt::format("free: {} would be yours", printable(list_member(answer, "patterns"))));
    }
    Error error = make_error(ErrorCode::reservation_held, {}, {}, answer);
    throw ErrorException(std::move(error));
}

int reserve(Context& context, ReserveFlags const& flags) {
    auto callsign = context.require_callsign();
    context.require_project();
    Json args = reserve_args(context, flags);
    Json answer = must(reserve_waiting(context, callsign, std::move(args)));
    Screen& screen = context.screen();
    bool held = text_or(answer, "outcome", "") == "held";
    if (!(flags.dry_run && held)) screen.document(answer);
    if (flags.dry_run) {
        say_dry(context, answer);
        return 0;
    }
    keep(context, callsign, answer);
    auto id = text_or(answer, "reservation_id", "");
    auto verb = flag_or(answer, "extended", false) ? "still hold" : "hold";
    auto shared = text_or(answer, "mode", "") == "shared" ? ", shared" : "";
    screen.say(fmt::format("{} you {} {}{}: {} ({}, token {})", screen.style()(Ink::green, "✓"), verb,
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

struct Named {
    std::string id;
    std::int64_t token = 0;
    std::vector<std::string> patterns{};
};

std::string kept_list(KeptPilot const& pilot) {
    std::vector<std::string> lines;
    for (auto const& [id, kept] : pilot.reservations) {
        lines.push_back(fmt::format("{} ({})", short_id(id), joined(kept.patterns, " ")));
    }
    return joined(lines, ", ");
}

// The kept reservation that is meant: by id, by the end of one, or by what it covers; "" means the only one.
Named named(Context& context, KeptPilot const& pilot, std::string const& typed, std::int64_t token) {
    std::vector<Named> found;
    auto pattern = typed.empty() ? std::string() : typed;
    if (auto below = pattern_argument(context.place(), typed.empty() ? "." : typed);
        below && !typed.empty()) {
        pattern = below->pattern;
    }
    for (auto const& [id, kept] : pilot.reservations) {
        bool covers = std::find(kept.patterns.begin(), kept.patterns.end(), pattern) != kept.patterns.end();
        if (typed.empty() || covers || id_matches(id, typed))
            found.push_back({id, kept.token, kept.patterns});
    }
    if (found.empty() && token > 0 && !typed.empty()) return {typed, token};
    if (found.size() == 1) {
        if (token > 0) found.front().token = token;
        return found.front();
    }
    if (pilot.reservations.empty()) {
        refuse(ErrorCode::not_found,
               fmt::format("{} holds nothing that was reserved from here", pilot.callsign),
               "`fleet reservations` lists what is held; --token N proves one that was reserved elsewhere.");
    }
    auto message = found.empty() ? fmt::format("{} holds nothing called {}", pilot.callsign, typed)
                                 : std::string("several reservations could be meant");
    refuse(found.empty() ? ErrorCode::not_found : ErrorCode::usage, std::move(message),
           fmt::format("Name one of: {}", kept_list(pilot)));
}

CallOptions fenced(Named const& one) {
    CallOptions options;
    options.fence = Fence{one.id, one.token};
    return options;
}

// A token that counts no longer is of no use to anybody.
Json call_fenced(Context& context, std::string const& callsign, std::string operation, Json args,
                 Named const& one) {
    auto answer = context.try_call(std::move(operation), std::move(args), fenced(one));
    bool gone = !answer && (answer.error().code == ErrorCode::stale_token ||
                            answer.error().code == ErrorCode::not_found);
    if (gone) forget(context, callsign, one.id);
    return must(std::move(answer));
}

int extend(Context& context, std::string const& typed, std::string const& ttl, std::int64_t token) {
    auto callsign = context.require_callsign();
    auto one = named(context, must(context.store().read(callsign)), typed, token);
    auto time = ttl.empty() ? Millis(context.settings().reservation_ttl) : duration_flag(ttl, "--ttl");
    Json args{{"reservation_id", one.id}, {"ttl_seconds", whole_seconds(time)}};
    Json answer = call_fenced(context, callsign, "reservations.extend", std::move(args), one);
    auto until = text_or(answer, "expires_at", "");
    must(context.store().change(callsign, [&](KeptPilot& pilot) {
        if (auto kept = pilot.reservations.find(one.id); kept != pilot.reservations.end())
            kept->second.expires_at = until;
    }));
    context.screen().document(answer);
    context.screen().say(
        fmt::format("{} {}: {}", context.screen().style()(Ink::green, "✓"),
                    one.patterns.empty() ? short_id(one.id) : printable(joined(one.patterns, " ")),
                    left_member(answer, "expires_at", clock_now())));
    return 0;
}

struct ReleaseFlags {
    std::vector<std::string> names{};
    std::int64_t token = 0;
    bool all = false;
    bool force = false;
    std::string reason{};
};

int release_all(Context& context, std::string const& callsign) {
    Json answer = context.call("reservations.release_all");
    must(context.store().change(callsign, [](KeptPilot& pilot) { pilot.reservations.clear(); }));
    context.screen().document(answer);
    auto count =
        answer.contains("released") && answer.at("released").is_array() ? answer.at("released").size() : 0;
    context.screen().say(count == 0 ? std::string("you hold nothing")
                                    : fmt::format("{} released {} reservation{}",
                                                  context.screen().style()(Ink::green, "✓"), count,
                                                  count == 1 ? "" : "s"));
    return 0;
}

int force_release(Context& context, ReleaseFlags const& flags) {
    if (flags.names.empty())
        refuse(ErrorCode::usage, "--force needs the reservation's id", "`fleet reservations` lists them.");
    if (flags.reason.empty()) {
        refuse(ErrorCode::usage, "--force needs a reason",
               "Add --reason \"…\": the holder will want to know.", "--reason");
    }
    for (std::string const& id : flags.names) {
        Json answer =
            context.call("reservations.force_release", {{"reservation_id", id}, {"reason", flags.reason}});
        context.screen().document(answer);
        context.screen().say(fmt::format("{} took {} from {}", context.screen().style()(Ink::green, "✓"),
                                         short_id(id), text_or(answer, "holder", "its holder")));
    }
    return 0;
}

int release(Context& context, ReleaseFlags const& flags) {
    if (flags.force) return force_release(context, flags);
    auto callsign = context.require_callsign();
    if (flags.all) return release_all(context, callsign);
    auto names = flags.names.empty() ? std::vector<std::string>{""} : flags.names;
    for (std::string const& name : names) {
        auto one = named(context, must(context.store().read(callsign)), name, flags.token);
        Json answer =
            call_fenced(context, callsign, "reservations.release", {{"reservation_id", one.id}}, one);
        forget(context, callsign, one.id);
        context.screen().document(answer);
        context.screen().say(
            fmt::format("{} released {}", context.screen().style()(Ink::green, "✓"),
                        one.patterns.empty() ? short_id(one.id) : printable(joined(one.patterns, " "))));
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
    app.add_flag("--dry-run", flags->dry_run, "Say whether it would be granted");
    app.footer(
        "\nExample: fleet reserve src/parser 'docs/*.md' --ttl 2h --wait 10m --reason \"new grammar\"\n");
}

void add_release(Menu& menu) {
    auto flags = std::make_shared<ReleaseFlags>();
    auto& app = menu.command("release", "Give files back", "Files",
                             [flags](Context& context) { return release(context, *flags); });
    app.add_option("name", flags->names, "Its id, the end of it, or what it covers; left out: the only one")
        ->type_name("ID");
    app.add_flag("--all", flags->all, "All that you hold or wait for");
    app.add_option("--token", flags->token, "Its token, when it was reserved elsewhere")->type_name("N");
    app.add_flag("--force", flags->force, "Take it away from another pilot (operators)");
    app.add_option("--reason", flags->reason, "Why it is taken away")->type_name("TEXT");
}

}  // namespace

void add_reservations(Menu& menu) {
    add_reserve(menu);
    auto name = std::make_shared<std::string>();
    auto ttl = std::make_shared<std::string>();
    auto token = std::make_shared<std::int64_t>(0);
    auto& longer = menu.command("extend", "Hold files longer", "Files",
                                [=](Context& context) { return extend(context, *name, *ttl, *token); });
    longer.add_option("name", *name, "Its id, the end of it, or what it covers; left out: the only one")
        ->type_name("ID");
    longer.add_option("--ttl", *ttl, "For how long from now; default 1h")->type_name("TIME");
    longer.add_option("--token", *token, "Its token, when it was reserved elsewhere")->type_name("N");
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
