// fleet rules: who is told of what.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct RuleFlags {
    std::string name{};
    std::vector<std::string> types{};
    std::vector<std::string> to{};
    std::string mission{};
    std::string min_priority{};
    std::string contains{};
    std::string importance{};
    std::string subject{};
    std::string body{};
    std::string escalate{};
    bool everywhere = false;
    bool disabled = false;
};

Json filter_of(Context& context, RuleFlags const& flags) {
    Json on{{"types", flags.types}};
    if (!flags.everywhere) on["project"] = context.require_project();
    if (!flags.mission.empty()) on["mission_id"] = id_of(context, mission_entity, flags.mission);
    put(on, "min_priority", flags.min_priority);
    if (!flags.contains.empty()) on["contains"] = json_argument(flags.contains, "--contains");
    return on;
}

int set(Context& context, RuleFlags const& flags) {
    Json args{{"name", flags.name}, {"on", filter_of(context, flags)}, {"to", flags.to}};
    put(args, "importance", flags.importance);
    put(args, "subject", flags.subject);
    put(args, "body", text_argument(flags.body));
    put_seconds(args, "escalate_after_seconds", flags.escalate, "--escalate-after");
    if (flags.disabled) args["enabled"] = false;
    Json answer = context.call("notifications.set", std::move(args));
    context.screen().document(answer);
    context.screen().done(fmt::format("rule {}: {} → {}", printable(flags.name),
                                      printable(joined(flags.types, ", ")),
                                      printable(joined(flags.to, ", "))));
    return 0;
}

int list(Context& context, bool all) {
    Json answer = context.call("notifications.list",
                               all ? Json{{"status", "enabled,disabled,removed"}} : Json::object());
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Table table({"NAME", "STATUS", "PROJECT", "ON", "TO", "SAYS"});
    for (Json const& one : answer.at("items")) {
        Json const on = one.value("on", Json::object());
        auto status = text_or(one, "status", "");
        table.row({printable(text_or(one, "name", "?")),
                   screen.style()(status == "enabled" ? Ink::green : Ink::dim, status),
                   printable(text_or(on, "project", "*")), printable(list_member(on, "types")),
                   printable(list_member(one, "to")), printable(text_or(one, "subject", ""))});
    }
    screen.table(table, "no rule; `fleet rules set NAME --on TYPE --to WHO` makes one");
    return 0;
}

int remove(Context& context, std::string const& name, std::string const& reason) {
    Json args{{"name", name}};
    put(args, "reason", reason);
    Json answer = context.call("notifications.remove", std::move(args));
    context.screen().document(answer);
    context.screen().done(fmt::format("rule {} is removed", printable(name)));
    return 0;
}

void add_set(Menu& menu, CLI::App& rules) {
    auto flags = std::make_shared<RuleFlags>();
    auto& app = menu.command(rules, "set", "Say who gets mail when something happens",
                             [flags](Context& context) { return set(context, *flags); });
    app.add_option("name", flags->name, "a-z, 0-9 and -; a rule of that name is replaced")
        ->required()
        ->type_name("NAME");
    app.add_option("--on", flags->types,
                   "Event types, or mail_unanswered, blocker_unanswered; may be given again")
        ->required()
        ->delimiter(',')
        ->type_name("TYPE")
        ->allow_extra_args(false);
    app.add_option("--to", flags->to, "Callsigns, role:NAME, operator; may be given again")
        ->required()
        ->delimiter(',')
        ->type_name("WHO")
        ->allow_extra_args(false);
    app.add_option("--mission", flags->mission, "Only of this mission and its sorties")->type_name("MISSION");
    app.add_option("--min-priority", flags->min_priority, "Only of this priority or a higher one")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "medium", "high", "critical"}));
    app.add_option("--contains", flags->contains, "Only if the event's data have these values, a JSON object")
        ->type_name("JSON");
    app.add_option("--importance", flags->importance, "Of the mail: low, normal (default), high, urgent")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "normal", "high", "urgent"}));
    app.add_option("--subject", flags->subject, "Its subject; {field} is replaced by that of the event")
        ->type_name("TEXT");
    app.add_option("--body", flags->body, "Its text, likewise; - reads it")->type_name("TEXT");
    app.add_option("--escalate-after", flags->escalate,
                   "For the unanswered: how long is too long; default 15m")
        ->type_name("TIME");
    app.add_flag("--all-projects", flags->everywhere, "Of every project, not only this one");
    app.add_flag("--disabled", flags->disabled, "Keep it, but do not follow it");
    app.footer(
        "\nExample: fleet rules set failures --on sortie_failed,mission_failed --to role:lead "
        "--importance high\n");
}

}  // namespace

void add_rules(Menu& menu) {
    auto& rules = menu.group("rules", "Who is sent mail when something happens", "Mail");
    add_set(menu, rules);
    auto all = std::make_shared<bool>(false);
    menu.command(rules, "list", "The rules", [all](Context& context) { return list(context, *all); })
        .add_flag("--all", *all, "Those that were removed, too");
    auto name = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>();
    auto& gone = menu.command(rules, "remove", "Do not follow it any more",
                              [=](Context& context) { return remove(context, *name, *reason); });
    gone.add_option("name", *name, "The rule")->required()->type_name("NAME");
    gone.add_option("--reason", *reason, "Why")->type_name("TEXT");
}

}  // namespace fleet::cli
