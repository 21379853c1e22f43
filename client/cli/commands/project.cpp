// fleet init, status, doctor.
#include "cli/checkpoint_store.hpp"
#include "cli/commands/recovery_screen.hpp"
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/program.hpp"
#include "cli/screen/board_words.hpp"
#include "cli/screen/words.hpp"
#include "cli/setup/proof.hpp"
#include "cli/toml_file.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace fleet::cli {
namespace {

std::string key_for(Context& context) {
    if (auto known = context.project(); !known.empty()) return known;
    auto remote = git_remote(context.place().top);
    if (auto key = key_from_remote(remote); !key.empty()) return key;
    return context.place().top.filename().string();
}

int init(Context& context) {
    Screen& screen = context.screen();
    Place const& place = context.place();
    auto key = key_for(context);
    Json args{{"key", key}, {"name", place.top.filename().string()}};
    if (auto remote = git_remote(place.top); !remote.empty()) args["vcs_url"] = remote;
    if (auto branch = git_branch(place.top); !branch.empty()) args["default_branch"] = branch;
    // The database first: a file that names a project nobody knows would mislead the next command.
    Json answer = context.call("projects.register", std::move(args));
    bool written = must(write_project_files(place.top, key));
    answer["config"] = (place.top / ".fleet" / "config.toml").string();
    answer["config_written"] = written;
    screen.document(answer);
    auto state = flag_or(answer, "created", false) ? "registered" : "was registered already";
    screen.done(fmt::format("project {} {}", screen.style()(Ink::bold, key), state));
    if (written) screen.done("wrote .fleet/config.toml: commit it");
    screen.note("  → next: fleet pilots register --program NAME --model NAME");
    return 0;
}

Json const& member(Json const& object, char const* name) {
    static Json const nothing = Json::object();
    if (!object.is_object()) return nothing;
    auto found = object.find(name);
    return found == object.end() ? nothing : *found;
}

std::string mark(Style const& style, bool good, std::string const& words) {
    return style(good ? Ink::green : Ink::yellow, good ? "● " : "◐ ") + printable(words);
}

void say_daemon(Screen& screen, Json const& answer) {
    Style const& style = screen.style();
    Json const& daemon = member(answer, "daemon");
    auto up = span_words(Millis(number_or(daemon, "uptime_seconds", 0) * 1'000));
    screen.say(fmt::format("{:<9} {}", "daemon",
                           mark(style, true,
                                fmt::format("fleetd {}, pid {}, up for {}, {}",
                                            text_or(daemon, "version", "?"), number_or(daemon, "pid", 0), up,
                                            size_words(number_or(daemon, "memory_bytes", 0))))));
    Json const& services = member(answer, "services");
    auto state = text_or(services, "state", "?");
    auto words = fmt::format("{} {} {}", text_or(services, "provider", ""), text_or(services, "version", ""),
                             text_or(services, "health", state));
    if (auto why = text_or(services, "words", ""); !why.empty()) words += ": " + why;
    screen.say(fmt::format("{:<9} {}", "database", mark(style, state == "running", words)));
    if (answer.contains("schema")) {
        Json const& schema = member(answer, "schema");
        bool current = flag_or(schema, "current", false);
        auto version = number_or(schema, "version", 0);
        screen.say(
            fmt::format("{:<9} {}", "schema",
                        mark(style, current,
                             fmt::format("{}{}", version, current ? "" : ", `fleet db status` says more"))));
    }
    Json const& bus = member(answer, "bus");
    bool listening = flag_or(bus, "listening", false);
    auto heard = listening ? fmt::format("listening, #{}, {} subscribers", number_or(bus, "head", 0),
                                         number_or(bus, "subscribers", 0))
                           : "not listening: " + text_or(bus, "last_error", "the database is away");
    screen.say(fmt::format("{:<9} {}", "bus", mark(style, listening, heard)));
    Json const& host = member(answer, "host");
    bool joined_fleet = flag_or(host, "joined", false);
    auto role = flag_or(host, "leads", false) ? ", leads" : "";
    screen.say(fmt::format("{:<9} {}", "host",
                           mark(style, joined_fleet,
                                text_or(member(answer, "daemon"), "hostname", "?") +
                                    (joined_fleet ? role : ", has not joined"))));
}

void say_project(Context& context, std::string const& key, Json const& page) {
    Screen& screen = context.screen();
    if (key.empty()) return screen.say(fmt::format("{:<9} none here (`fleet init` makes one)", "project"));
    screen.say(fmt::format("{:<9} {}", "project", screen.style()(Ink::bold, printable(key))));
    if (!page.contains("pilots")) return;
    bool known = !page.contains("projects") || !page.at("projects").empty();
    if (!known) return screen.say(fmt::format("{:<9} not registered yet: `fleet init`", ""));
    std::vector<std::string> names;
    for (Json const& pilot : page.at("pilots")) {
        names.push_back(
            fmt::format("{} ({})", text_or(pilot, "callsign", "?"), text_or(pilot, "status", "?")));
    }
    screen.say(fmt::format("{:<9} {}", "pilots", names.empty() ? "none" : printable(joined(names, ", "))));
    auto waiting = number_or(page, "requests_waiting", 0);
    screen.say(fmt::format("{:<9} {} held{}", "files", number_or(page, "reservations_held", 0),
                           waiting == 0 ? std::string() : fmt::format(", {} waiting", waiting)));
}

// Nothing is said of what there is nothing of.
void say_work(Screen& screen, Json const& page) {
    auto say = [&](std::string_view name, Json const& counts, std::initializer_list<char const*> members) {
        std::vector<std::string> parts;
        for (char const* one : members) {
            std::string words(one);
            std::replace(words.begin(), words.end(), '_', ' ');
            if (auto count = number_or(counts, one, 0); count > 0)
                parts.push_back(fmt::format("{} {}", count, words));
        }
        if (!parts.empty()) screen.say(fmt::format("{:<9} {}", name, joined(parts, ", ")));
    };
    say("missions", member(page, "missions"), {"in_progress", "review", "pending"});
    say("sorties", member(page, "sorties"),
        {"in_progress", "assigned", "blocked", "review", "ready", "pending"});
    say("orders", member(page, "orders"), {"pending", "delayed", "claimed", "failed", "dead"});
    say("mail", member(page, "mail"), {"unread", "unacked"});
    Time now = clock_now();
    for (Json const& halt : member(page, "halts"))
        screen.say(
            fmt::format("{:<9} {}", "halt", screen.style()(Ink::red, printable(halt_words(halt, now)))));
}

int status(Context& context) {
    auto key = context.project();
    Json args = Json::object();
    if (!key.empty()) args["project"] = key;
    Json answer = context.call("status", std::move(args));
    // What stands still is offered here; an older daemon does not know the question.
    if (!key.empty()) {
        auto offers = context.try_call("recovery.list", Json{{"project", key}});
        if (offers) answer["recovery"] = offers->at("items");
    }
    Identity const& you = context.identity();
    answer["you"] = you.json();
    Screen& screen = context.screen();
    screen.document(answer);
    keep_copies(context);
    if (context.is_json()) return 0;
    say_daemon(screen, answer);
    say_project(context, key, member(answer, "overview"));
    say_work(screen, member(answer, "overview"));
    if (answer.contains("recovery")) say_offers(screen, answer.at("recovery"));
    screen.say(fmt::format("{:<9} {}", "you",
                           you.is_pilot() ? fmt::format("{}, {}", printable(you.callsign), you.words())
                                          : you.words()));
    return 0;
}

// What can be found out without a daemon.
Json own_checks(Context& context, Error const& why) {
    Json checks = Json::array();
    checks.push_back({{"name", "daemon"}, {"ok", false}, {"message", why.message}, {"hint", why.hint}});
    auto program = find_program("fleetd");
    checks.push_back(
        {{"name", "program"},
         {"ok", program.has_value()},
         {"message", program ? program->string() : "fleetd is neither beside this program nor in PATH"},
         {"hint", program ? "" : "Install it, or add it to PATH."}});
    auto socket = socket_path(context.settings());
    std::error_code error;
    bool there = fs::exists(socket, error);
    checks.push_back({{"name", "socket"},
                      {"ok", there},
                      {"message", socket.string() + (there ? "" : " is not there")},
                      {"hint", there ? "" : "`fleet services up` makes it."}});
    return Json{{"ok", false}, {"checks", std::move(checks)}};
}

int doctor(Context& context) {
    auto asked = context.try_call("doctor");
    if (!asked && asked.error().code != ErrorCode::daemon_away) must(std::move(asked));
    Json answer = asked ? *asked : own_checks(context, asked.error());
    // What stands in the files of agent programs is tried out, where there is a daemon to try it with.
    if (asked) {
        for (Json& one : proofs(context)) {
            answer["ok"] = flag_or(answer, "ok", false) && flag_or(one, "ok", false);
            answer["checks"].push_back(std::move(one));
        }
    }
    Screen& screen = context.screen();
    screen.document(answer);
    Style const& style = screen.style();
    for (Json const& check : member(answer, "checks")) {
        bool ok = flag_or(check, "ok", false);
        auto symbol = ok ? style(Ink::green, "✓") : style(Ink::red, "✗");
        screen.say(fmt::format("{} {:<30} {}", symbol, printable(text_or(check, "name", "")),
                               printable(text_or(check, "message", ""))));
        if (auto hint = text_or(check, "hint", ""); !ok && !hint.empty())
            screen.say("    → " + printable(hint));
    }
    return flag_or(answer, "ok", false) ? 0 : 1;
}

}  // namespace

void add_project(Menu& menu) {
    menu.command("init", "Make the current repository a project", "Project", init);
    menu.command("status", "How the daemon, the bus and the project are", "Project", status);
    menu.command("doctor", "Look for everything that could be wrong", "Project", doctor);
}

}  // namespace fleet::cli
