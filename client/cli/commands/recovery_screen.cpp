#include "cli/commands/recovery_screen.hpp"

#include "cli/context.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <iostream>

namespace fleet::cli {
namespace {

Json const& list_in(Json const& object, char const* name) {
    static Json const nothing = Json::array();
    auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : nothing;
}

auto count_of(Json const& list, std::string_view action) {
    return std::count_if(list.begin(), list.end(),
                         [&](Json const& one) { return text_or(one, "action", "") == action; });
}

void say_texts(Screen& screen, std::string_view name, Json const& texts) {
    if (texts.empty()) return;
    screen.say(fmt::format("  {}", name));
    for (Json const& text : texts)
        if (text.is_string()) screen.say("    - " + printable(text.get<std::string>()));
}

void say_notes(Screen& screen, Json const& notes) {
    if (notes.contains("redacted")) {
        screen.say(fmt::format("  {:<12} erased: {}", "notes",
                               printable(text_or(notes.at("redacted"), "reason", ""))));
        return;
    }
    say_text(screen, "summary", text_or(notes, "summary", ""));
    say_texts(screen, "next steps", list_in(notes, "next_steps"));
    say_texts(screen, "decisions", list_in(notes, "decisions"));
    if (!notes.contains("error")) return;
    Json const& error = notes.at("error");
    say_member(screen, "error",
               fmt::format("{}: {}", text_or(error, "kind", ""), text_or(error, "message", "")));
    say_member(screen, "command", text_or(error, "command", ""));
    say_text(screen, "stack", text_or(error, "stack", ""));
    say_texts(screen, "failed", list_in(error, "failed"));
}

}  // namespace

bool is_out_of_reach(Error const& error) {
    return error.code == ErrorCode::daemon_away || error.code == ErrorCode::away ||
           error.code == ErrorCode::stopping;
}

bool agreed(Context& context, std::string_view question) {
    if (context.is_json() || ::isatty(0) != 1) return true;
    std::cerr << question << " [y/N] " << std::flush;
    std::string word;
    std::getline(std::cin, word);
    return word == "y" || word == "Y" || word == "yes";
}

void say_warnings(Screen& screen, std::vector<std::string> const& warnings) {
    for (std::string const& one : warnings)
        screen.note(fmt::format("{} {}", screen.note_style()(Ink::yellow, "warning:"), printable(one)));
}

std::string trigger_words(Screen const& screen, Json const& checkpoint) {
    auto trigger = text_or(checkpoint, "trigger", "");
    if (trigger != "error") return trigger;
    auto kind = checkpoint.contains("error") ? text_or(checkpoint.at("error"), "kind", "") : "";
    return screen.style()(Ink::red, kind.empty() ? trigger : "error: " + printable(kind));
}

void say_checkpoint(Screen& screen, Json const& checkpoint) {
    Json const counts = checkpoint.value("counts", Json::object());
    auto title = text_or(checkpoint, "sortie_title", text_or(checkpoint, "mission_title", ""));
    auto id = text_or(checkpoint, "sortie_id", text_or(checkpoint, "mission_id", ""));
    auto row = [&](std::string_view name, std::string const& value) {
        screen.say(fmt::format("  {:<9} {}", name, value));
    };
    row(checkpoint.contains("sortie_id") ? "Sortie:" : "Mission:",
        fmt::format("{} ({})", printable(title), short_id(id)));
    row("Progress:", fmt::format("{}%", number_or(checkpoint, "progress", 0)));
    row("Sorties:",
        fmt::format("{} ({} held)", number_or(counts, "sorties", 0), number_or(counts, "held", 0)));
    row("Locks:", fmt::format("{} active", number_or(counts, "reservations", 0)));
    row("Messages:", fmt::format("{} pending", number_or(counts, "messages", 0)));
    if (checkpoint.contains("damage"))
        row("Damage:", screen.style()(Ink::red, printable(text_or(checkpoint, "damage", ""))));
}

void say_sections(Screen& screen, Json const& sections) {
    if (sections.contains("notes")) say_notes(screen, sections.at("notes"));
    for (Json const& one : list_in(sections, "sorties")) {
        auto pilot = one.contains("token") ? ", " + text_or(one, "pilot", "") : std::string();
        screen.say(fmt::format("  {:<12} {} {}%{}  {}", "sortie", text_or(one, "status", ""),
                               number_or(one, "progress", 0), printable(pilot),
                               printable(text_or(one, "title", ""))));
    }
    for (Json const& one : list_in(sections, "reservations"))
        screen.say(fmt::format("  {:<12} {}: {} ({})", "lock", printable(text_or(one, "holder", "")),
                               printable(list_member(one, "patterns")), text_or(one, "mode", "")));
    for (Json const& one : list_in(sections, "blockers"))
        screen.say(fmt::format("  {:<12} {}: {}", "blocker", printable(text_or(one, "title", "")),
                               printable(text_or(one, "reason", ""))));
    for (Json const& one : list_in(sections, "mail"))
        screen.say(fmt::format("  {:<12} {} from {} for {}", "mail", printable(text_or(one, "subject", "")),
                               printable(text_or(one, "from", "")),
                               printable(list_member(one, one.contains("unread") ? "unread" : "unacked"))));
    for (Json const& one : list_in(sections, "rulings"))
        screen.say(fmt::format("  {:<12} {}", "ruling", printable(text_or(one, "text", ""))));
    for (Json const& one : list_in(sections, "files"))
        screen.say(fmt::format("  {:<12} {}", "file", printable(text_or(one, "file", ""))));
    Time now = clock_now();
    for (Json const& one : list_in(sections, "actions")) {
        auto when = time_member(one, "at");
        screen.say(fmt::format("  {:<12} {} {} {}: {}", "action", when ? local_clock(*when, now) : "",
                               printable(text_or(one, "actor", "")), text_or(one, "type", ""),
                               printable(text_or(one, "words", ""))));
    }
}

void say_offers(Screen& screen, Json const& offers) {
    Time now = clock_now();
    for (Json const& one : offers) {
        auto title = printable(text_or(one, "title", ""));
        screen.say(fmt::format(
            "{:<9} {} stands still since {}{}", "recovery", screen.style()(Ink::yellow, title),
            ago_member(one, "last_activity_at", now),
            one.contains("error") ? ": " + printable(text_or(one.at("error"), "message", "")) : ""));
        auto id = text_or(one, "mission_id", "");
        screen.say(fmt::format("          → fleet resume --mission {}",
                               id.size() > 6 ? id.substr(id.size() - 6) : id));
    }
}

void say_recovery(Screen& screen, Json const& recovery) {
    Json const& sorties = list_in(recovery, "sorties");
    Json const& reservations = list_in(recovery, "reservations");
    screen.say(fmt::format("  Sorties:  {} back with their pilots, {} free for others",
                           count_of(sorties, "assigned"), count_of(sorties, "released")));
    screen.say(fmt::format("  Locks:    {} taken again", count_of(reservations, "taken")));
    screen.say(fmt::format("  Messages: {} requeued", list_in(recovery, "messages").size()));
    if (auto gone = list_member(recovery, "pilots_dropped"); !gone.empty())
        screen.say("  Gone:     " + printable(gone));
    for (Json const& one : sorties) {
        auto who =
            text_or(one, "action", "") == "assigned"
                ? fmt::format(
                      "{} has it again{}", text_or(one, "pilot", ""),
                      one.contains("token") ? fmt::format(", token {}", number_or(one, "token", 0)) : "")
                : text_or(one, "why", "");
        screen.say(fmt::format("    {} {:<10} {}: {}", short_id(text_or(one, "sortie_id", "")),
                               text_or(one, "action", ""), printable(text_or(one, "title", "")),
                               printable(who)));
    }
    for (Json const& one : reservations) {
        for (Json const& held : list_in(one, "conflicts"))
            screen.say(fmt::format("    {} {} is held by {}", screen.style()(Ink::red, "conflict:"),
                                   printable(text_or(held, "requested_pattern", "")),
                                   printable(text_or(held, "holder", ""))));
        if (text_or(one, "action", "") != "left") continue;
        screen.say(fmt::format("    {} not taken: {}", printable(list_member(one, "patterns")),
                               printable(text_or(one, "why", ""))));
    }
}

void say_context(Screen& screen, Json const& recovery) {
    screen.say("\n--- Recovery Context ---");
    screen.say(fmt::format("  {:<12} {} ({}%)", "mission", printable(text_or(recovery, "mission_title", "")),
                           number_or(recovery, "progress", 0)));
    if (recovery.contains("last_action"))
        screen.say(fmt::format("  {:<12} {}: {}", "last action",
                               text_or(recovery.at("last_action"), "type", ""),
                               printable(text_or(recovery.at("last_action"), "words", ""))));
    if (recovery.contains("notes")) say_notes(screen, recovery.at("notes"));
    for (Json const& one : list_in(recovery, "blockers"))
        screen.say(fmt::format("  {:<12} {}: {}", "blocker", printable(text_or(one, "title", "")),
                               printable(text_or(one, "reason", ""))));
    for (Json const& one : list_in(recovery, "files"))
        screen.say(fmt::format("  {:<12} {}", "file", printable(text_or(one, "file", ""))));
}

}  // namespace fleet::cli
