// fleet halt, redact: for operators.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct HaltFlags {
    bool fleet = false;
    bool lift = false;
    bool lifted = false;
    std::string mission{};
    std::string pilot{};
    std::string reason{};
};

// An operator is the user; who says --as means it.
void ask_as_operator(Context& context) {
    if (context.globals().callsign.empty()) context.ask_as_user();
}

Json scope_of(Context& context, HaltFlags const& flags) {
    int scopes = int{flags.fleet} + int{!flags.mission.empty()} + int{!flags.pilot.empty()};
    if (scopes > 1)
        refuse(ErrorCode::usage, "a halt has one scope", "Name one of --fleet, --mission and --pilot.");
    if (flags.fleet) return {{"scope_kind", "fleet"}};
    if (!flags.mission.empty())
        return {{"scope_kind", "mission"}, {"scope_id", id_of(context, mission_entity, flags.mission)}};
    if (!flags.pilot.empty()) return {{"scope_kind", "pilot"}, {"scope_id", flags.pilot}};
    if (context.project().empty()) {
        refuse(ErrorCode::usage, "there is no project here that could be halted",
               "Name the scope: --project KEY, --mission M, --pilot CALLSIGN or --fleet.");
    }
    return {{"scope_kind", "project"}, {"scope_id", context.project()}};
}

std::string scope_words(Json const& halt) {
    auto kind = text_or(halt, "scope_kind", "");
    auto id = text_or(halt, "scope_id", "");
    if (kind == "fleet") return "the whole fleet";
    if (kind == "mission") return "mission " + short_id(id);
    return kind + " " + id;
}

int halt(Context& context, HaltFlags const& flags) {
    ask_as_operator(context);
    if (flags.reason.empty() && !flags.lift) {
        refuse(ErrorCode::usage, "a halt needs a reason",
               "Add --reason \"…\": everybody who is refused is told it.", "--reason");
    }
    Json args = scope_of(context, flags);
    put(args, "reason", flags.reason);
    Json answer = context.call(flags.lift ? "halts.lift" : "halts.set", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (flags.lift) {
        screen.done(fmt::format("{} goes on", printable(scope_words(answer))));
        return 0;
    }
    screen.done(fmt::format("{} is halted: nothing is claimed, started or reserved there",
                            printable(scope_words(answer))));
    screen.note("  → `fleet halt --lift` ends it.");
    return 0;
}

int list(Context& context, HaltFlags const& flags) {
    Json args = Json::object();
    if (!context.project().empty()) args["project"] = context.project();
    if (flags.lifted) args["status"] = "halted,lifted";
    Json answer = context.call("halts.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"SCOPE", "STATUS", "SINCE", "BY", "REASON"});
    for (Json const& one : answer.at("items")) {
        auto status = text_or(one, "status", "halted");
        table.row({printable(scope_words(one)),
                   screen.style()(status == "halted" ? Ink::red : Ink::dim, status),
                   ago_member(one, "since", now), printable(text_or(one, "by", "")),
                   printable(text_or(one, "reason", ""))});
    }
    screen.table(table, "nothing is halted");
    return 0;
}

int redact(Context& context, std::string const& event, std::string const& reason) {
    ask_as_operator(context);
    Json answer = context.call("events.redact", {{"event_id", event}, {"reason", reason}});
    Screen& screen = context.screen();
    screen.document(answer);
    auto count = number_or(answer, "redacted", 0);
    screen.done(fmt::format("{} text{} of {} erased", count, count == 1 ? "" : "s", short_id(event)));
    if (auto others = number_or(answer, "other_uses", 0); others > 0) {
        screen.note(fmt::format("  {} other event{} held the same text, which is gone there, too", others,
                                others == 1 ? "" : "s"));
    }
    return 0;
}

}  // namespace

void add_safety(Menu& menu) {
    auto flags = std::make_shared<HaltFlags>();
    auto& app = menu.command("halt", "Stop claiming, starting and reserving, on every host at once", "Safety",
                             [flags](Context& context) { return halt(context, *flags); });
    app.add_flag("--fleet", flags->fleet, "Everything; otherwise the project (--project KEY names another)");
    app.add_option("--mission", flags->mission, "One mission")->type_name("MISSION");
    app.add_option("--pilot", flags->pilot, "One pilot")->type_name("CALLSIGN");
    app.add_option("--reason", flags->reason, "Told to everybody who is refused")->type_name("TEXT");
    app.add_flag("--lift", flags->lift, "End the halt of that scope");
    menu.command(app, "list", "What is halted, and why",
                 [flags](Context& context) { return list(context, *flags); })
        .add_flag("--lifted", flags->lifted, "Halts that are over, too");
    app.footer(
        "\nReads, releases and completions go on.\n"
        "Example: fleet halt --reason \"the release is being cut\", then: fleet halt --lift\n");
    auto event = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>();
    auto& erase = menu.command("redact", "Erase the text of an event, such as a secret in a message",
                               "Safety", [=](Context& context) { return redact(context, *event, *reason); });
    erase.add_option("event", *event, "Its id; `fleet events list` shows it")->required()->type_name("EVENT");
    erase.add_option("--reason", *reason, "Why; do not repeat the secret")->required()->type_name("TEXT");
}

}  // namespace fleet::cli
