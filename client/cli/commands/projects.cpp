// fleet projects and hosts: what the fleet consists of.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

// A host that is late has not been declared lost yet: its pilots keep what they have.
std::string host_state(Screen const& screen, Json const& host) {
    auto const status = text_or(host, "status", "?");
    if (flag_or(host, "alive", false)) return screen.style()(Ink::green, "● alive");
    if (status == "joined") return screen.style()(Ink::yellow, "◐ late");
    return screen.style()(status == "lost" ? Ink::red : Ink::dim, "○ " + status);
}

int hosts(Context& context, bool all) {
    Json answer = context.call("hosts.list", all ? Json::object() : Json{{"status", "joined"}});
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"HOST", "HOSTNAME", "VERSION", "PILOTS", "STATE", "LAST SIGN", "LEADS"});
    for (Json const& host : answer.at("items")) {
        table.row({short_id(text_or(host, "host_id", "")), printable(text_or(host, "hostname", "")),
                   text_or(host, "version", ""), std::to_string(number_or(host, "pilots", 0)),
                   host_state(screen, host), ago_member(host, "last_seen_at", now),
                   list_member(host, "duties")});
    }
    screen.table(table, "no host has joined");
    return 0;
}

int list(Context& context, bool all) {
    Json answer = context.call("projects.list", all ? Json::object() : Json{{"status", "active"}});
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"PROJECT", "STATUS", "KNOWN SINCE", "REPOSITORY"});
    for (Json const& one : answer.at("items")) {
        table.row({printable(text_or(one, "key", "?")), text_or(one, "status", ""),
                   ago_member(one, "registered_at", now), printable(text_or(one, "vcs_url", ""))});
    }
    screen.table(table, "no project; `fleet init` makes one");
    return 0;
}

int show(Context& context, std::string key) {
    if (key.empty()) key = context.require_project();
    Json project = context.call("projects.show", {{"key", key}});
    Screen& screen = context.screen();
    screen.document(project);
    screen.say(screen.style()(Ink::bold, printable(text_or(project, "key", key))));
    for (char const* name :
         {"status", "name", "vcs_url", "default_branch", "registered_at", "archive_reason"}) {
        auto value = text_or(project, name, "");
        if (!value.empty()) screen.say(fmt::format("  {:<15} {}", name, printable(value)));
    }
    return 0;
}

int archive(Context& context, std::string const& key, std::string const& reason) {
    Json args{{"key", key}};
    if (!reason.empty()) args["reason"] = reason;
    Json answer = context.call("projects.archive", std::move(args));
    context.screen().document(answer);
    context.screen().done(fmt::format("{} is put away", printable(key)));
    return 0;
}

}  // namespace

void add_projects(Menu& menu) {
    auto& projects = menu.group("projects", "Every project of the fleet", "Project");
    auto all = std::make_shared<bool>(false);
    menu.command(projects, "list", "All of them", [all](Context& context) { return list(context, *all); })
        .add_flag("--all", *all, "Those that were put away, too");
    auto key = std::make_shared<std::string>();
    menu.command(projects, "show", "One of them", [key](Context& context) { return show(context, *key); })
        .add_option("key", *key, "Left out: that of the directory")
        ->type_name("KEY");
    auto reason = std::make_shared<std::string>();
    auto& away = menu.command(projects, "archive", "Put a project away (operators)",
                              [=](Context& context) { return archive(context, *key, *reason); });
    away.add_option("key", *key, "The project")->required()->type_name("KEY");
    away.add_option("--reason", *reason, "Why")->type_name("TEXT");
    menu.command("hosts", "The hosts of the fleet: alive, late or lost, and which of them leads", "Services",
                 [all](Context& context) { return hosts(context, *all); })
        .add_flag("--all", *all, "Those that left or were lost, too");
}

}  // namespace fleet::cli
