// Hosts, projects, halts, rules, redactions.
#include "cli/screen/sentences.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string scope_words(Event const& event, Teller const& teller) {
    auto scope = event.data.find("scope");
    if (scope == event.data.end()) return "something";
    auto kind = text(*scope, "kind");
    auto id = text(*scope, "id");
    if (kind == "fleet") return "the whole fleet";
    if (kind == "project") return "project " + text_or(*scope, "project", event.project);
    return kind + when(kind == "mission" ? teller.name_of(id) : id, " ");
}

}  // namespace

Sentence fleet_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    if (event.type == "host_joined") {
        return {Ink::magenta, "+",
                fmt::format("host {} joined (fleetd {})", text(data, "hostname"), text(data, "version"))};
    }
    if (event.type == "host_left") {
        bool lost = text(data, "reason") == "lost";
        return {lost ? Ink::red : Ink::magenta, "-", lost ? "host was lost" : "host left"};
    }
    if (event.type == "project_registered")
        return {Ink::magenta, "+", "project " + event.project + " is known now"};
    if (event.type == "project_archived") {
        return {Ink::magenta, "-",
                fmt::format("project {} is put away{}", event.project, when(text(data, "reason"), ": "))};
    }
    if (event.type == "fleet_halted") {
        return {Ink::red, "■",
                fmt::format("halted {}{}", scope_words(event, teller), when(text(data, "reason"), ": "))};
    }
    if (event.type == "fleet_resumed")
        return {Ink::green, "▸",
                fmt::format("lifted the halt of {}{}", scope_words(event, teller),
                            when(text(data, "reason"), ": "))};
    if (event.type == "notification_rule_set") {
        auto rule = data.find("rule");
        auto name = rule == data.end() ? event.stream_id : text(*rule, "name");
        auto types = rule == data.end() ? std::string() : list_member(*rule, "types");
        return {Ink::blue, "~", fmt::format("set the rule {}{}", name, when(types, " for "))};
    }
    if (event.type == "notification_rule_removed") {
        return {Ink::blue, "-",
                fmt::format("removed the rule {}{}", text(data, "name"), when(text(data, "reason"), ": "))};
    }
    if (event.type == "body_redacted") {
        return {Ink::red, "█",
                fmt::format("blacked out the text of {}{}", short_id(text(data, "event_id")),
                            when(text(data, "reason"), ": "))};
    }
    return plain_sentence(event);
}

}  // namespace fleet::cli
