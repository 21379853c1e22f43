// fleet ruling: what operators decided.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct RulingFlags {
    std::string text{};
    std::string mission{};
    std::string sortie{};
    std::string pilot{};
    std::string reason{};
    bool fleet = false;
    bool all = false;
};

Json scope_of(Context& context, RulingFlags const& flags) {
    int scopes = int{flags.fleet} + int{!flags.mission.empty()} + int{!flags.sortie.empty()} +
                 int{!flags.pilot.empty()};
    if (scopes > 1)
        refuse(ErrorCode::usage, "a ruling has one scope",
               "Name one of --fleet, --mission, --sortie and --pilot.");
    if (flags.fleet) return {{"scope_kind", "fleet"}};
    if (!flags.mission.empty())
        return {{"scope_kind", "mission"}, {"scope_id", id_of(context, mission_entity, flags.mission)}};
    if (!flags.sortie.empty())
        return {{"scope_kind", "sortie"}, {"scope_id", id_of(context, sortie_entity, flags.sortie)}};
    if (!flags.pilot.empty()) return {{"scope_kind", "pilot"}, {"scope_id", flags.pilot}};
    return Json::object();
}

std::string scope_words(Json const& ruling) {
    auto kind = text_or(ruling, "scope_kind", "");
    auto id = text_or(ruling, "scope_id", "");
    if (id.empty()) return kind;
    return kind + " " + (kind == "pilot" ? id : short_id(id));
}

void ask_as_operator(Context& context) {
    if (context.globals().callsign.empty()) context.ask_as_user();
}

int add(Context& context, RulingFlags const& flags) {
    ask_as_operator(context);
    Json args = scope_of(context, flags);
    args["text"] = text_argument(flags.text);
    Json answer = context.call("rulings.add", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    screen.done(fmt::format("ruling {} holds for {}: it is told at every briefing until it is revoked",
                            short_id(text_or(answer, "ruling_id", "")), printable(scope_words(answer))));
    return 0;
}

int list(Context& context, RulingFlags const& flags) {
    Json args = scope_of(context, flags);
    if (auto key = context.project(); !key.empty()) args["project"] = key;
    if (flags.all) args["status"] = "in_force,revoked";
    Json answer = context.call("rulings.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"ID", "SCOPE", "STATUS", "BY", "SINCE", "RULING"});
    for (Json const& one : answer.at("items")) {
        auto status = text_or(one, "status", "");
        table.row({short_id(text_or(one, "ruling_id", "")), printable(scope_words(one)),
                   screen.style()(status == "in_force" ? Ink::green : Ink::dim,
                                  status == "in_force" ? "in force" : status),
                   printable(text_or(one, "by", "")), ago_member(one, "at", now),
                   printable(text_or(one, "text", ""))});
    }
    screen.table(table, "no rulings");
    return 0;
}

int revoke(Context& context, std::string const& id, std::string const& reason) {
    ask_as_operator(context);
    Json args{{"ruling_id", id}};
    put(args, "reason", reason);
    Json answer = context.call("rulings.revoke", std::move(args));
    context.screen().document(answer);
    context.screen().done(fmt::format("ruling {} is revoked", short_id(text_or(answer, "ruling_id", ""))));
    return 0;
}

void add_scope(CLI::App& app, RulingFlags& flags) {
    app.add_flag("--fleet", flags.fleet, "The whole fleet; otherwise the project");
    app.add_option("--mission", flags.mission, "One mission")->type_name("MISSION");
    app.add_option("--sortie", flags.sortie, "One sortie")->type_name("SORTIE");
    app.add_option("--pilot", flags.pilot, "One pilot")->type_name("CALLSIGN");
}

}  // namespace

void add_rulings(Menu& menu) {
    auto& group = menu.group("ruling", "What operators decided, word for word", "Survival");
    group.alias("rulings");
    auto made = std::make_shared<RulingFlags>();
    auto& adding =
        menu.command(group, "add", "Decide something; it is told at every briefing until it is revoked",
                     [made](Context& context) { return add(context, *made); });
    adding.add_option("text", made->text, "The decision; - reads it")->required()->type_name("TEXT");
    add_scope(adding, *made);
    adding.footer("\nExample: fleet ruling add \"Never touch the payment module\"\n");
    auto wanted = std::make_shared<RulingFlags>();
    auto& listing = menu.command(group, "list", "What holds here",
                                 [wanted](Context& context) { return list(context, *wanted); });
    listing.alias("ls");
    add_scope(listing, *wanted);
    listing.add_flag("--all", wanted->all, "Revoked ones, too");
    auto id = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>();
    auto& ending = menu.command(group, "revoke", "Take a ruling back",
                                [id, reason](Context& context) { return revoke(context, *id, *reason); });
    ending.add_option("ruling", *id, "Id, or the end of one")->required()->type_name("RULING");
    ending.add_option("--reason", *reason, "Why")->type_name("TEXT");
}

}  // namespace fleet::cli
