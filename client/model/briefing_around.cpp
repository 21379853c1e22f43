// The rest of a briefing: what to do next, what stands in the way, mail, files, the others.
#include "model/briefing_parts.hpp"

#include <fleet/briefing.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet {
namespace {

constexpr std::size_t title_max = 160;
constexpr std::size_t reason_max = 400;
constexpr std::size_t body_max = 1'200;
constexpr std::size_t holds_max = 4;

Json const& list_of(Json const& facts, char const* member) {
    static Json const nothing = Json::array();
    auto const found = facts.find(member);
    return found != facts.end() && found->is_array() ? *found : nothing;
}

std::string code(Json const& object, char const* member) {
    auto const text = text_or(object, member, "");
    return text.empty() ? std::string() : "`" + inline_text(text, title_max) + "`";
}

std::string title(Json const& object, char const* member = "title") {
    return "“" + inline_text(text_or(object, member, ""), title_max) + "”";
}

std::string said(Json const& object, char const* member, std::string_view before) {
    auto const words = inline_text(text_or(object, member, ""), reason_max);
    return words.empty() ? words : std::string(before) + "“" + words + "”";
}

std::string own_words(Json const& value) {
    return value.is_string() ? inline_text(value.get<std::string>(), reason_max) : std::string();
}

// What follows from the state, after what the pilot itself had planned.
BriefingSection next_steps(Json const& facts) {
    BriefingSection section{"Next Steps", "fleet checkpoint show"};
    auto add = [&](int tier, std::string text, Json fact = nullptr) {
        section.items.push_back(
            {.text = "- " + std::move(text) + "\n", .tier = tier, .fact = std::move(fact)});
    };
    Json const notes =
        facts.contains("notes") && facts.at("notes").is_object() ? facts.at("notes") : Json::object();
    std::size_t planned = 0;
    for (Json const& step : list_of(notes, "next_steps"))
        add(++planned <= 5 ? 1 : 2, fmt::format("planned by {}: “{}”", code(notes, "by"), own_words(step)),
            step);
    for (Json const& sortie : list_of(facts, "sorties")) {
        auto const status = text_or(sortie, "status", "");
        auto const id = code(sortie, "sortie_id");
        if (status == "assigned") add(1, fmt::format("start sortie {}", id));
        if (status == "in_progress") add(1, fmt::format("go on with sortie {}, and report progress", id));
        if (status == "blocked") add(1, fmt::format("resolve what blocks sortie {}", id));
    }
    auto const wants_answer = [](Json const& mail) { return flag_or(mail, "ack_required", false); };
    auto const waits = std::ranges::count_if(list_of(facts, "mail"), wants_answer);
    if (waits > 0) add(1, fmt::format("answer mail that waits for it: {} (`fleet mail ack`)", waits));
    if (list_of(facts, "sorties").empty()) {
        for (Json const& sortie : list_of(facts, "ready"))
            add(2,
                fmt::format("claim {} {}, {}", title(sortie), code(sortie, "sortie_id"),
                            text_or(sortie, "priority", "")),
                sortie);
    }
    if (section.items.empty()) add(1, "review the state of the mission and ask for work (`fleet ready`)");
    return section;
}

BriefingSection blockers(Json const& facts) {
    BriefingSection section{"Blockers", "fleet board"};
    for (Json const& one : list_of(facts, "blockers")) {
        auto const on = text_or(one, "blocker_id", "");
        auto const place = section.items.size();
        auto text = fmt::format(
            "- {} {} of {} is {}{}{}\n", title(one), code(one, "sortie_id"),
            one.contains("pilot") ? code(one, "pilot") : "nobody", text_or(one, "status", ""),
            said(one, "reason", ": "),
            on.empty() ? ""
                       : fmt::format(" ({} {})", text_or(one, "blocker_type", ""), code(one, "blocker_id")));
        section.items.push_back({.text = std::move(text), .tier = place < 3 ? 1 : 2, .fact = one});
    }
    return section;
}

BriefingSection mail(Json const& facts) {
    BriefingSection section{"Unread Mail", "fleet mail inbox"};
    for (Json const& one : list_of(facts, "mail")) {
        auto const importance = text_or(one, "importance", "normal");
        auto const by_when = text_or(one, "ack_due_at", "");
        auto const program = inline_text(text_or(one, "program", ""), title_max);
        auto head =
            fmt::format("- {} from {}{} at {}: {}{}{}{}\n", code(one, "message_id"), code(one, "from"),
                        program.empty() ? "" : " (" + program + ")", text_or(one, "sent_at", ""),
                        title(one, "subject"), importance == "normal" ? "" : ", " + importance,
                        flag_or(one, "ack_required", false) ? ", answer wanted" : "",
                        by_when.empty() ? "" : " until " + by_when);
        bool const is_urgent = importance == "urgent" || importance == "high";
        auto const place = section.items.size();
        auto const body = text_or(one, "body", "");
        BriefingItem item{.text = head,
                          .tier = is_urgent && place < 10 ? 1
                                  : place < 15            ? 2
                                                          : 3,
                          .fact = one};
        if (!body.empty()) {
            item.text += quoted_text(body, body_max);
            item.brief = std::move(head);
        }
        section.items.push_back(std::move(item));
    }
    return section;
}

BriefingSection files(Json const& facts) {
    BriefingSection section{"Files Modified", "fleet show"};
    for (Json const& one : list_of(facts, "files")) {
        bool const is_mine = flag_or(one, "mine", false);
        section.items.push_back(
            {.text = fmt::format("- {}{}\n", code(one, "file"), is_mine ? "" : " by " + code(one, "pilot")),
             .tier = is_mine ? 2 : 3,
             .fact = one});
    }
    return section;
}

std::string holds_words(Json const& pilot) {
    auto const& holds = list_of(pilot, "holds");
    std::string words;
    for (std::size_t i = 0; i < holds.size() && i < holds_max; ++i)
        words += (i == 0 ? "; holds `" : ", `") + own_words(holds[i]) + "`";
    return words;
}

BriefingSection others(Json const& facts) {
    BriefingSection section{"Other Pilots", "fleet board"};
    for (Json const& one : list_of(facts, "others")) {
        auto const place = section.items.size();
        auto const role = inline_text(text_or(one, "role", ""), title_max);
        bool const works = one.contains("sortie_id");
        auto doing = works
                         ? fmt::format(": {} {} %", title(one, "sortie_title"), number_or(one, "progress", 0))
                         : std::string(": no sortie");
        auto text =
            fmt::format("- {}{}, {}{}{}\n", code(one, "callsign"), role.empty() ? "" : " (" + role + ")",
                        text_or(one, "status", ""), doing, holds_words(one));
        section.items.push_back({.text = std::move(text), .tier = works && place < 8 ? 2 : 3, .fact = one});
    }
    return section;
}

BriefingSection times(Json const& facts) {
    BriefingSection section{"Time Context", "fleet log"};
    auto add = [&](std::string text) {
        section.items.push_back({.text = "- " + std::move(text) + "\n", .tier = 2});
    };
    Json const m =
        facts.contains("mission") && facts.at("mission").is_object() ? facts.at("mission") : Json::object();
    Json const notes =
        facts.contains("notes") && facts.at("notes").is_object() ? facts.at("notes") : Json::object();
    auto const& steps = list_of(facts, "steps");
    if (!steps.empty()) add("Last activity: " + text_or(steps[0], "at", ""));
    if (auto const at = text_or(m, "started_at", ""); !at.empty()) add("Mission started: " + at);
    if (auto const at = text_or(m, "deadline", ""); !at.empty()) add("Deadline: " + at);
    if (notes.contains("checkpoint_id"))
        add(fmt::format("Last checkpoint: {} at {}, {} %, taken for {}", code(notes, "checkpoint_id"),
                        text_or(notes, "at", ""), number_or(notes, "progress", 0),
                        text_or(notes, "trigger", "")));
    return section;
}

BriefingSection warnings(Json const& facts) {
    BriefingSection section{"Warnings", "fleet halt list"};
    for (Json const& one : list_of(facts, "halts"))
        section.items.push_back({.text = fmt::format("- halted by {} since {}: {} {}{}\n", code(one, "by"),
                                                     text_or(one, "since", ""), text_or(one, "scope", ""),
                                                     code(one, "subject"), said(one, "reason", ", ")),
                                 .tier = 1,
                                 .fact = one});
    Json const notes =
        facts.contains("notes") && facts.at("notes").is_object() ? facts.at("notes") : Json::object();
    if (notes.contains("error") && notes.at("error").is_object()) {
        Json const& error = notes.at("error");
        section.items.push_back(
            {.text = fmt::format("- the last checkpoint was taken for an error {}{}{}\n", code(error, "kind"),
                                 said(error, "message", ": "), said(error, "command", ", of ")),
             .tier = 1,
             .fact = error});
    }
    if (flag_or(notes, "redacted", false))
        section.items.push_back(
            {.text = "- what was written into the last checkpoint has been erased\n", .tier = 2});
    auto const unread = number_or(facts, "unread", 0);
    if (auto const shown = static_cast<std::int64_t>(list_of(facts, "mail").size()); unread > shown)
        section.items.push_back(
            {.text = fmt::format("- {} unread messages in all: `fleet mail inbox`\n", unread), .tier = 1});
    return section;
}

}  // namespace

void add_surroundings(std::vector<BriefingSection>& sections, Json const& facts) {
    sections.push_back(next_steps(facts));
    sections.push_back(blockers(facts));
    sections.push_back(warnings(facts));
    sections.push_back(mail(facts));
    sections.push_back(files(facts));
    sections.push_back(others(facts));
    sections.push_back(times(facts));
}

}  // namespace fleet
