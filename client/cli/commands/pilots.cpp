// fleet pilots: agent identities.
#include "cli/commands/recovery_screen.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct RegisterFlags {
    std::string callsign{};
    std::string program{};
    std::string model{};
    std::string role{};
    std::string task{};
    std::vector<std::string> capabilities{};
    bool resume = false;
};

Json register_args(Context& context, RegisterFlags const& flags) {
    Json args{{"program", flags.program}, {"model", flags.model}};
    auto put = [&](char const* name, std::string const& value) {
        if (!value.empty()) args[name] = value;
    };
    put("callsign", flags.callsign.empty() ? context.globals().callsign : flags.callsign);
    put("role", flags.role);
    put("task_description", flags.task);
    if (!flags.capabilities.empty()) args["capabilities"] = flags.capabilities;
    if (flags.resume) args["resume"] = true;
    return args;
}

// The session of an agent program that registers its first pilot is that pilot from then on. Who is one
// already registers others, and stays who it is.
void bind_session(Context& context, std::string const& callsign) {
    Identity const& who = context.identity();
    if (!who.session) return;
    Screen& screen = context.screen();
    if (who.is_pilot() && who.callsign != callsign) {
        return screen.note(fmt::format("  → you stay {}, {}; --as {} acts as the new one", who.callsign,
                                       who.words(), callsign));
    }
    Json args{{"client", who.session->client},
              {"session_id", who.session->session_id},
              {"cwd", context.place().cwd.string()},
              {"callsign", callsign}};
    auto bound = context.try_call("sessions.open", std::move(args));
    screen.note(bound ? fmt::format("  → {} is {} now", session_words(*who.session), callsign)
                      : fmt::format("  → {} could not be made {}: {}", session_words(*who.session), callsign,
                                    printable(bound.error().message)));
}

int register_pilot(Context& context, RegisterFlags const& flags) {
    context.ask_as_user();  // a new pilot is not made by the one that is here already
    Json answer = context.call("pilots.register", register_args(context, flags));
    auto callsign = text_or(answer, "callsign", "");
    auto keep = [&](KeptPilot& pilot) {
        pilot.project = context.project();
        pilot.pilot_id = text_or(answer, "pilot_id", "");
        if (auto token = text_or(answer, "token", ""); !token.empty()) pilot.token = token;
    };
    must(context.store().change(callsign, keep));
    Screen& screen = context.screen();
    screen.document(answer);
    screen.done(fmt::format("{} reports for duty in {}", screen.style()(Ink::bold, callsign),
                            printable(context.project())));
    if (answer.contains("recovery") && !context.is_json() && !screen.is_quiet())
        say_offers(screen, answer.at("recovery"));
    bind_session(context, callsign);
    bool const is_clear =
        context.identity().source == PilotSource::session || !context.settings().callsign.empty();
    if (!is_clear && context.store().callsigns().size() > 1) {
        screen.note(
            fmt::format("  → several pilots work from here: export FLEET_AS={} or use --as", callsign));
    }
    return 0;
}

int list(Context& context, std::string const& status, bool everywhere) {
    Json args = Json::object();
    if (!everywhere) args["project"] = context.require_project();
    args["status"] = status.empty() ? "active,idle,stale" : status;
    Json answer = context.call("pilots.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"CALLSIGN", "STATUS", "SEEN", "PROGRAM", "MODEL", "ROLE", "TASK"});
    for (Json const& pilot : answer.at("items")) {
        auto state = text_or(pilot, "status", "?");
        auto ink = state == "active" ? Ink::green : state == "stale" ? Ink::yellow : Ink::plain;
        table.row({text_or(pilot, "callsign", "?"), screen.style()(ink, state),
                   ago_member(pilot, "last_seen_at", now), printable(text_or(pilot, "program", "")),
                   printable(text_or(pilot, "model", "")), printable(text_or(pilot, "role", "")),
                   printable(text_or(pilot, "task_description", ""))});
    }
    screen.table(table, "no pilot is on duty; `fleet pilots register` makes one");
    return 0;
}

int show(Context& context, std::string callsign) {
    if (callsign.empty()) callsign = context.require_callsign();
    Json pilot = context.call("pilots.show", {{"callsign", callsign}});
    Identity const& who = context.identity();
    bool const is_you = who.callsign == callsign;
    if (is_you) pilot["you"] = who.json();
    Screen& screen = context.screen();
    screen.document(pilot);
    if (context.is_json()) return 0;
    Time now = clock_now();
    screen.say(screen.style()(Ink::bold, text_or(pilot, "callsign", callsign)));
    if (is_you) screen.say(fmt::format("  {:<17} {}", "you", who.words()));
    for (char const* name : {"status", "program", "model", "role", "task_description", "host", "pilot_id"}) {
        auto value = text_or(pilot, name, "");
        if (!value.empty()) screen.say(fmt::format("  {:<17} {}", name, printable(value)));
    }
    auto abilities = list_member(pilot, "capabilities");
    if (!abilities.empty()) screen.say(fmt::format("  {:<17} {}", "capabilities", printable(abilities)));
    screen.say(fmt::format("  {:<17} {}", "last seen", ago_member(pilot, "last_seen_at", now)));
    for (char const* member : {"sorties", "work_orders"}) {
        for (Json const& one : pilot.value(member, Json::array())) {
            screen.say(fmt::format("  {:<17} {} ({})", "works on",
                                   printable(text_or(one, "title", text_or(one, "kind", "?"))),
                                   text_or(one, "status", "")));
        }
    }
    Json held = context.call("reservations.list", {{"holder", callsign}, {"status", "active"}});
    for (Json const& one : held.at("items")) {
        screen.say(fmt::format("  {:<17} {}, {}", "holds", printable(list_member(one, "patterns")),
                               left_member(one, "expires_at", now)));
    }
    return 0;
}

int change_capabilities(Context& context, std::vector<std::string> const& added,
                        std::vector<std::string> const& removed, std::string const& evidence) {
    auto callsign = context.require_callsign();
    if (added.empty() && removed.empty())
        refuse(ErrorCode::usage, "there is nothing to change", "Add --add WORD or --remove WORD.");
    Json args{{"callsign", callsign}};
    put(args, "added", added);
    put(args, "removed", removed);
    put(args, "evidence", evidence);
    Json answer = context.call("pilots.change_capabilities", std::move(args));
    context.screen().document(answer);
    context.screen().done(
        fmt::format("{} can: {}", callsign, printable(list_member(answer, "capabilities"))));
    return 0;
}

int beat(Context& context) {
    auto callsign = context.require_callsign();
    Json answer = context.call("pilots.beat", {{"callsign", callsign}});
    context.screen().document(answer);
    auto until = time_member(answer, "until");
    context.screen().say(until ? fmt::format("{} is on duty, {}", callsign, left_words(*until, clock_now()))
                               : fmt::format("{} is on duty", callsign));
    return 0;
}

int set_status(Context& context, std::string const& to) {
    auto callsign = context.require_callsign();
    Json answer = context.call("pilots.update", {{"callsign", callsign}, {"to", to}});
    context.screen().document(answer);
    context.screen().say(fmt::format("{} is {}", callsign, text_or(answer, "status", to)));
    return 0;
}

int deregister(Context& context, std::string callsign, std::string const& reason) {
    if (callsign.empty()) callsign = context.require_callsign();
    Json args{{"callsign", callsign}};
    if (!reason.empty()) args["reason"] = reason;
    Json answer = context.call("pilots.deregister", std::move(args));
    must(context.store().forget(callsign));
    Screen& screen = context.screen();
    screen.document(answer);
    std::vector<std::string> ended;
    auto add = [&](char const* member, std::string_view one, std::string_view several) {
        auto found = answer.find(member);
        if (found == answer.end() || !found->is_array() || found->empty()) return;
        ended.push_back(fmt::format("{} {}", found->size(), found->size() == 1 ? one : several));
    };
    add("released", "reservation freed", "reservations freed");
    add("freed", "reservation freed", "reservations freed");
    add("returned_sorties", "sortie given back", "sorties given back");
    add("returned_orders", "order given back", "orders given back");
    add("bounced", "message sent back", "messages sent back");
    screen.done(fmt::format("{} signed off{}{}", callsign, ended.empty() ? "" : ": ", joined(ended, ", ")));
    return 0;
}

void add_register(Menu& menu, CLI::App& pilots) {
    auto flags = std::make_shared<RegisterFlags>();
    auto& app = menu.command(pilots, "register", "Give an agent an identity in this project",
                             [flags](Context& context) { return register_pilot(context, *flags); });
    app.add_option("callsign", flags->callsign, "Its name; left out, a free one is drawn")
        ->type_name("CALLSIGN");
    app.add_option("--program", flags->program, "claude-code, codex, opencode, …")
        ->required()
        ->type_name("NAME");
    app.add_option("--model", flags->model, "The model it runs on")->required()->type_name("NAME");
    app.add_option("--role", flags->role, "What it is here for")->type_name("ROLE");
    app.add_option("--task", flags->task, "What it works on, in words")->type_name("TEXT");
    app.add_option("--capability", flags->capabilities, "What it can do; may be given again")
        ->type_name("WORD");
    app.add_flag("--resume", flags->resume, "Be this pilot again: same identity, same mailbox");
}

}  // namespace

void add_pilots(Menu& menu) {
    auto& pilots = menu.group("pilots", "Agent identities (the word agents means the same)", "Project");
    pilots.alias("agents");
    add_register(menu, pilots);
    auto status = std::make_shared<std::string>();
    auto everywhere = std::make_shared<bool>(false);
    auto& all = menu.command(pilots, "list", "Who is on duty",
                             [=](Context& context) { return list(context, *status, *everywhere); });
    all.add_option("--status", *status, "active, idle, stale, deregistered; several with commas")
        ->type_name("WORDS");
    all.add_flag("--all-projects", *everywhere, "Those of every project");
    auto callsign = std::make_shared<std::string>();
    menu.command(pilots, "show", "One pilot and what it holds",
                 [=](Context& context) { return show(context, *callsign); })
        .add_option("callsign", *callsign, "Left out: you")
        ->type_name("CALLSIGN");
    menu.command(pilots, "beat", "A sign of life; leases last longer", beat);
    auto added = std::make_shared<std::vector<std::string>>();
    auto removed = std::make_shared<std::vector<std::string>>();
    auto evidence = std::make_shared<std::string>();
    auto& can = menu.command(
        pilots, "capabilities", "Say what you can do, or cannot any more",
        [=](Context& context) { return change_capabilities(context, *added, *removed, *evidence); });
    can.add_option("--add", *added, "What you can do; may be given again")
        ->type_name("WORD")
        ->allow_extra_args(false);
    can.add_option("--remove", *removed, "What you cannot; may be given again")
        ->type_name("WORD")
        ->allow_extra_args(false);
    can.add_option("--evidence", *evidence, "What shows it")->type_name("TEXT");
    auto to = std::make_shared<std::string>();
    menu.command(pilots, "status", "Say that you are active, or idle",
                 [=](Context& context) { return set_status(context, *to); })
        .add_option("state", *to, "active or idle")
        ->required()
        ->type_name("STATE")
        ->check(CLI::IsMember({"active", "idle"}));
    auto reason = std::make_shared<std::string>();
    auto& off = menu.command(pilots, "deregister", "Sign off; what the pilot holds is freed",
                             [=](Context& context) { return deregister(context, *callsign, *reason); });
    off.add_option("callsign", *callsign, "Left out: you")->type_name("CALLSIGN");
    off.add_option("--reason", *reason, "completed, error, timeout or manual")
        ->type_name("WORD")
        ->check(CLI::IsMember({"completed", "error", "timeout", "manual"}));
}

}  // namespace fleet::cli
