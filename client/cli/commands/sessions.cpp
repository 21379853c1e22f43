// fleet sessions: sessions of agent programs, and the pilots that they are.
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct SessionFlags {
    std::string client{};
    std::string id{};
    std::string callsign{};
    std::string model{};
    std::string role{};
    std::string task{};
    std::string source{};
    std::string reason{};
    bool all = false;
};

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

Json name_of(SessionFlags const& flags) {
    return {{"client", flags.client}, {"session_id", flags.id}};
}

int open(Context& context, SessionFlags const& flags) {
    context.ask_as_user();  // which pilot it is, is what is asked
    Json args = name_of(flags);
    args["cwd"] = context.place().cwd.string();
    put(args, "callsign", flags.callsign.empty() ? context.globals().callsign : flags.callsign);
    put(args, "model", flags.model);
    put(args, "role", flags.role);
    put(args, "task_description", flags.task);
    put(args, "source", flags.source);
    Json answer = context.call("sessions.open", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    auto const callsign = text_or(answer, "callsign", "");
    auto const outcome = text_or(answer, "outcome", "");
    screen.done(fmt::format("this session is {} in {}{}", screen.style()(Ink::bold, callsign),
                            printable(text_or(answer, "project", "")),
                            outcome == "registered" ? ", a new pilot" : ""));
    return 0;
}

int list(Context& context, SessionFlags const& flags) {
    Json args = Json::object();
    if (auto key = context.project(); !key.empty()) args["project"] = key;
    put(args, "client", flags.client);
    put(args, "callsign", flags.callsign);
    if (flags.all) args["status"] = "open,silent,ended";
    Json answer = context.call("sessions.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time const now = clock_now();
    Table table({"CLIENT", "SESSION", "PILOT", "STATUS", "STARTED", "SEEN", "EDITS", "DENIED"});
    for (Json const& one : answer.at("items")) {
        auto const status = text_or(one, "status", "");
        table.row(
            {printable(text_or(one, "client", "")), printable(text_or(one, "session_id", "")),
             text_or(one, "callsign", ""), screen.style()(status == "open" ? Ink::green : Ink::dim, status),
             ago_member(one, "started_at", now), ago_member(one, "seen_at", now),
             std::to_string(number_or(one, "edits", 0)), std::to_string(number_or(one, "refusals", 0))});
    }
    screen.table(table, "no sessions");
    return 0;
}

void say_promises(Screen& screen, Json const& promises) {
    for (Json const& one : promises.at("sorties"))
        screen.say(fmt::format("  sortie {} ({} %): {}", text_or(one, "status", ""),
                               number_or(one, "progress", 0), printable(text_or(one, "title", ""))));
    for (Json const& one : promises.at("reservations"))
        screen.say(fmt::format("  holds {}", printable(list_member(one, "patterns"))));
    for (Json const& one : promises.at("work_orders"))
        screen.say(fmt::format("  claimed {}", printable(text_or(one, "kind", ""))));
}

int show(Context& context, SessionFlags const& flags) {
    Json answer = context.call("sessions.show", name_of(flags));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time const now = clock_now();
    screen.say(fmt::format("{} is {} in {} ({}, started {})", printable(text_or(answer, "session_id", "")),
                           screen.style()(Ink::bold, text_or(answer, "callsign", "")),
                           printable(text_or(answer, "project", "")), text_or(answer, "status", ""),
                           ago_member(answer, "started_at", now)));
    if (answer.contains("worktree")) screen.say("  works in " + printable(text_or(answer, "worktree", "")));
    screen.say(fmt::format("  {} asked about, {} denied; {} unread; {} bytes told to it",
                           counted(number_or(answer, "edits", 0), "edit", "edits"),
                           number_or(answer, "refusals", 0), number_or(answer, "unread", 0),
                           number_or(answer, "injected_bytes", 0)));
    say_promises(screen, answer.at("promises"));
    if (!answer.at("touched").empty()) screen.say("  touched " + printable(list_member(answer, "touched")));
    return 0;
}

int close(Context& context, SessionFlags const& flags) {
    context.ask_as_user();
    Json args = name_of(flags);
    put(args, "reason", flags.reason);
    Json answer = context.call("sessions.close", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    auto const freed = std::ssize(answer.at("freed"));
    auto const back = std::ssize(answer.at("returned_sorties")) + std::ssize(answer.at("returned_orders"));
    screen.done(fmt::format("closed: {} given back, {} returned",
                            counted(freed, "reservation", "reservations"),
                            counted(back, "piece of work", "pieces of work")));
    return 0;
}

void add_name(CLI::App& app, SessionFlags& flags) {
    app.add_option("client", flags.client, "The program: claude-code, codex, …")
        ->required()
        ->type_name("CLIENT");
    app.add_option("session", flags.id, "The program's own id of the session")
        ->required()
        ->type_name("SESSION");
}

void add_opening(Menu& menu, CLI::App& group) {
    auto flags = std::make_shared<SessionFlags>();
    auto& app = menu.command(group, "open", "A session of an agent program begins here, or goes on",
                             [flags](Context& context) { return open(context, *flags); });
    add_name(app, *flags);
    app.add_option("--callsign", flags->callsign, "The pilot to be; default: the one it was, or a new one")
        ->type_name("CALLSIGN");
    app.add_option("--model", flags->model, "The model it runs")->type_name("MODEL");
    app.add_option("--role", flags->role, "What it is for")->type_name("ROLE");
    app.add_option("--task", flags->task, "What it does")->type_name("TEXT");
    app.add_option("--source", flags->source, "How it began: startup, resume, clear, compact")
        ->type_name("WORD");
}

}  // namespace

void add_sessions(Menu& menu) {
    auto& group =
        menu.group("sessions", "Sessions of agent programs, and the pilots that they are", "Agents");
    group.alias("session");
    add_opening(menu, group);
    auto wanted = std::make_shared<SessionFlags>();
    menu.also(group, [wanted](Context& context) { return list(context, *wanted); });
    auto& listing = menu.command(group, "list", "Sessions that are open here",
                                 [wanted](Context& context) { return list(context, *wanted); });
    listing.alias("ls");
    listing.add_option("--client", wanted->client, "Of this program")->type_name("CLIENT");
    listing.add_option("--callsign", wanted->callsign, "Of this pilot")->type_name("CALLSIGN");
    listing.add_flag("--all", wanted->all, "Those that ended, too");
    auto shown = std::make_shared<SessionFlags>();
    auto& showing = menu.command(group, "show", "What a session's pilot has to do and what it touched",
                                 [shown](Context& context) { return show(context, *shown); });
    add_name(showing, *shown);
    auto ended = std::make_shared<SessionFlags>();
    auto& closing = menu.command(group, "close", "End a session: its files and its work are given back",
                                 [ended](Context& context) { return close(context, *ended); });
    add_name(closing, *ended);
    closing.add_option("--reason", ended->reason, "Why")->type_name("WORD");
}

}  // namespace fleet::cli
