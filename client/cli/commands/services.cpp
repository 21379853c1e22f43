// fleet services up, down, status, restart, destroy.
#include "cli/context.hpp"
#include "cli/daemon_start.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"
#include "cli/steps.hpp"
#include "cli/toml_file.hpp"

#include <fleet/backoff.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <iostream>

namespace fleet::cli {
namespace {

constexpr Millis status_limit{1'800};

struct UpFlags {
    std::string provider{};
    std::string bin_dir{};
    std::string image{};
    std::string port{};
    bool dry_run = false;

    std::vector<std::string> for_daemon() const {
        std::vector<std::string> flags;
        auto put = [&](char const* flag, std::string const& value) {
            if (value.empty()) return;
            flags.emplace_back(flag);
            flags.push_back(value);
        };
        put("--provider", provider);
        put("--postgres-bin-dir", bin_dir);
        put("--podman-image", image);
        put("--postgres-port", port);
        return flags;
    }
};

std::string health_line(Json const& status, Style const& style) {
    auto state = text_or(status, "state", "unknown");
    auto ink = state == "running" ? Ink::green : state == "starting" ? Ink::yellow : Ink::red;
    if (state == "stopped" || state == "absent") ink = Ink::dim;
    return fmt::format("{} {}", style(ink, text_or(status, "symbol", "?")),
                       style(ink, text_or(status, "health", state)));
}

void say_member(Screen& screen, std::string_view name, std::string const& value) {
    if (!value.empty()) screen.say(fmt::format("  {:<10} {}", name, printable(value)));
}

// How the last scheduled copies went; a kind that failed comes with its reason.
void show_backups(Screen& screen, Json const& status) {
    if (!status.contains("backups") || !status.at("backups").is_array()) return;
    for (Json const& one : status.at("backups")) {
        auto made = parse_time(text_or(one, "made_at", ""));
        auto when = made ? span_words(std::max(Millis(1'000), clock_now() - *made)) + " ago" : "none yet";
        auto line = fmt::format("{}, {}, {} kept on {}", text_or(one, "kind", ""), when,
                                number_or(one, "kept", 0), text_or(one, "host", "?"));
        if (!flag_or(one, "ok", true)) line += "; the last try failed: " + text_or(one, "problem", "");
        say_member(screen, "backup", line);
    }
}

void show_status(Screen& screen, Json const& status) {
    Style const& style = screen.style();
    auto words = text_or(status, "words", "");
    screen.say(fmt::format("{}  {}{}", style(Ink::bold, "database"), health_line(status, style),
                           words.empty() ? "" : " · " + printable(words)));
    auto chosen = text_or(status, "chosen_because", "");
    say_member(screen, "provider",
               text_or(status, "provider", "") + (chosen.empty() ? "" : fmt::format(" ({})", chosen)));
    say_member(screen, "container", text_or(status, "container", ""));
    say_member(screen, "image", text_or(status, "image", ""));
    say_member(screen, "version", text_or(status, "version", ""));
    if (auto host = text_or(status, "host", ""); !host.empty()) {
        auto port = number_or(status, "port", 0);
        say_member(screen, "address", port == 0 ? host : fmt::format("{} port {}", host, port));
    }
    say_member(screen, "data", text_or(status, "data_directory", ""));
    if (auto up = number_or(status, "uptime_seconds", -1); up >= 0)
        say_member(screen, "up for", span_words(Millis(std::max<std::int64_t>(up, 1) * 1'000)));
    if (auto bytes = number_or(status, "memory_bytes", -1); bytes >= 0)
        say_member(screen, "memory", size_words(bytes));
    if (status.contains("query_ms") && status.at("query_ms").is_number()) {
        say_member(screen, "query", fmt::format("{:.1f} ms", status.at("query_ms").get<double>()));
    }
    show_backups(screen, status);
}

Json absent_status(Context& context, Error const& why) {
    Json status{
        {"state", "absent"}, {"symbol", "○"}, {"health", "not asked: fleetd is not running"}, {"daemon", {}}};
    status["daemon"] = {
        {"state", "away"}, {"symbol", "✗"}, {"health", "not running"}, {"words", why.message}};
    status["daemon"]["socket"] = socket_path(context.settings()).string();
    return status;
}

int status(Context& context) {
    CallOptions options;
    options.answer = status_limit;
    auto answer = context.try_call("services.status", Json::object(), options);
    Json document = answer ? *answer : absent_status(context, answer.error());
    Screen& screen = context.screen();
    screen.document(document);
    Style const& style = screen.style();
    if (!answer) {
        screen.say(fmt::format("{}    {} {}", style(Ink::bold, "daemon"), style(Ink::red, "✗ not running"),
                               style(Ink::dim, "· " + printable(answer.error().message))));
        screen.note("  → `fleet services up` starts it.");
        return 0;
    }
    screen.say(fmt::format("{}    {}", style(Ink::bold, "daemon"), style(Ink::green, "● healthy")));
    show_status(screen, document.contains("database") ? document.at("database") : document);
    return 0;
}

[[noreturn]] void cancelled_up(pid_t daemon) {
    if (daemon == 0) refuse(ErrorCode::cancelled, "cancelled; fleetd finishes what it has begun");
    // What this command has started goes with it; a daemon that was there before stays.
    end_daemon(daemon, Millis(30'000));
    refuse(ErrorCode::cancelled, "cancelled; nothing is left half-made");
}

int up(Context& context, UpFlags const& flags) {
    Screen& screen = context.screen();
    pid_t daemon = 0;
    if (daemon_answers(context)) {
        if (!flags.for_daemon().empty())
            screen.note("fleetd runs already, with the settings it was started with.");
    } else if (flags.dry_run) {
        screen.document({{"step", "daemon"}, {"text", "would start fleetd, then the database"}});
        screen.say("would start fleetd, then the database");
        return 0;
    } else {
        screen.passing(step_line({{"text", "starting fleetd"}}, screen.note_style()));
        daemon = start_daemon(context, flags.for_daemon());
        step_sink(context)({{"step", "daemon"}, {"text", "fleetd runs"}, {"done", true}});
    }
    Json args = Json::object();
    if (flags.dry_run) args["dry_run"] = true;
    auto answer = context.stream("services.up", std::move(args), step_sink(context));
    if (!answer && answer.error().code == ErrorCode::cancelled) cancelled_up(daemon);
    must(std::move(answer));
    return context.is_json() || screen.is_quiet() ? 0 : status(context);
}

int down(Context& context, bool keep_daemon) {
    Screen& screen = context.screen();
    if (!daemon_answers(context)) {
        screen.document({{"state", "stopped"}, {"daemon", "stopped"}});
        screen.say("fleetd is not running; nothing to stop.");
        return 0;
    }
    Json args = Json::object();
    if (keep_daemon) args["keep_daemon"] = true;
    CallOptions options;
    options.answer = Millis(120'000);
    screen.passing("stopping …");
    Json answer = context.call("services.down", std::move(args), options);
    // The daemon answers first and leaves then.
    Backoff backoff{{Millis(20), Millis(250)}};
    for (int knocks = 0; !keep_daemon && knocks < 100 && daemon_answers(context); ++knocks)
        context.pause(backoff.next(0.5));
    screen.passing("");
    screen.document(answer);
    screen.say(keep_daemon ? "the database is stopped; its data stays."
                           : "the database and fleetd are stopped; the data stays.");
    return 0;
}

int restart(Context& context) {
    must(context.stream("services.restart", Json::object(), step_sink(context)));
    return context.is_json() || context.screen().is_quiet() ? 0 : status(context);
}

int destroy(Context& context, bool yes) {
    if (!yes && ::isatty(0) != 1) {
        refuse(ErrorCode::usage, "destroy deletes the database and all that is in it",
               "Add --yes to say that you mean it.");
    }
    if (!yes) {
        std::cerr << "This deletes the database and all that is in it. Write \"destroy\" to go on: "
                  << std::flush;
        std::string word;
        std::getline(std::cin, word);
        if (word != "destroy") refuse(ErrorCode::cancelled, "nothing was deleted");
    }
    CallOptions options;
    options.answer = Millis(120'000);
    Json answer = context.call("services.destroy", {{"confirm", "destroy"}}, options);
    context.screen().document(answer);
    context.screen().say("the database and its data are gone.");
    return 0;
}

void add_up(Menu& menu, CLI::App& services) {
    auto flags = std::make_shared<UpFlags>();
    auto& app = menu.command(services, "up", "Start fleetd and the database; harmless when they run",
                             [flags](Context& context) { return up(context, *flags); });
    app.add_option("--provider", flags->provider, "Who runs PostgreSQL")
        ->type_name("NAME")
        ->check(CLI::IsMember({"auto", "podman", "native", "external"}));
    app.add_option("--postgres-bin-dir", flags->bin_dir, "Where initdb and postgres are")->type_name("DIR");
    app.add_option("--podman-image", flags->image, "Image of the container")->type_name("IMAGE");
    app.add_option("--postgres-port", flags->port, "Port on loopback")->type_name("PORT");
    app.add_flag("--dry-run", flags->dry_run, "Say what would be done");
}

}  // namespace

void add_services(Menu& menu) {
    auto& services = menu.group("services", "The daemon and its database", "Services");
    add_up(menu, services);
    auto keep = std::make_shared<bool>(false);
    menu.command(services, "down", "Stop the database, then fleetd; the data stays",
                 [keep](Context& context) { return down(context, *keep); })
        .add_flag("--keep-daemon", *keep, "Stop the database only");
    menu.command(services, "status", "How they are; never fails, answers at once", status);
    menu.command(services, "restart", "Stop and start the database", restart);
    auto yes = std::make_shared<bool>(false);
    menu.command(services, "destroy", "Delete the database and all that is in it",
                 [yes](Context& context) { return destroy(context, *yes); })
        .add_flag("--yes", *yes, "Do not ask");
    add_upgrade(menu, services);
    add_service_tools(menu, services);
}

}  // namespace fleet::cli
