#include "cli/commands/work_screen.hpp"

#include "cli/screen/board_lines.hpp"
#include "cli/screen/board_words.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <unistd.h>

namespace fleet::cli {
namespace {

std::string state_of(Screen const& screen, Json const& item) {
    auto status = text_or(item, "status", "?");
    bool ready = flag_or(item, "ready", false) && status == "pending";
    return screen.style()(ready ? Ink::green : ink_of(status), ready ? "ready" : status);
}

std::string percent_of(Json const& item) {
    auto percent = number_or(item, "progress", -1);
    return percent < 0 ? std::string() : fmt::format("{}%", percent);
}

std::string done_of(Json const& mission) {
    auto counts = mission.find("counts");
    if (counts == mission.end() || !counts->is_object()) return {};
    return fmt::format("{}/{}", number_or(*counts, "completed", 0), number_or(*counts, "total", 0));
}

std::string dependency_words(Json const& sortie) {
    std::vector<std::string> parts;
    if (!sortie.contains("depends_on") || !sortie.at("depends_on").is_array()) return {};
    for (Json const& one : sortie.at("depends_on")) {
        auto id = text_or(one, "sortie_id", text_or(one, "id", ""));
        auto name = text_or(one, "name", short_id(id));
        auto settled = text_or(one, "mode", "success") == "settled" ? ":settled" : "";
        auto status = text_or(one, "status", "");
        parts.push_back(fmt::format("{}{}{}", name, settled, status.empty() ? "" : " (" + status + ")"));
    }
    return joined(parts, text_or(sortie, "join", "all") == "any" ? " or " : ", ");
}

std::string evidence_line(Json const& one) {
    return fmt::format("{} → exit {}", text_or(one, "command", "?"), number_or(one, "exit_code", 0));
}

void say_evidence(Screen const& screen, Json const& sortie) {
    if (!sortie.contains("evidence") || !sortie.at("evidence").is_array()) return;
    for (Json const& one : sortie.at("evidence")) say_member(screen, "evidence", evidence_line(one));
}

void say_review(Screen const& screen, Json const& item) {
    if (!item.contains("review") || !item.at("review").is_object()) return;
    Json const& review = item.at("review");
    auto verdict = text_or(review, "verdict", "");
    auto by = text_or(review, "reviewer", "");
    if (verdict.empty())
        return say_member(screen, "review", by.empty() ? "asked for, of anybody" : "asked for, of " + by);
    auto feedback = text_or(review, "feedback", "");
    say_member(screen, "review",
               fmt::format("{} by {}{}", verdict, by, feedback.empty() ? feedback : ": " + feedback));
    for (auto const& issue : review.value("issues", Json::array()))
        if (issue.is_string()) say_member(screen, "issue", issue.get<std::string>());
}

std::string error_text(Json const& item) {
    if (!item.contains("error") || !item.at("error").is_object()) return {};
    Json const& error = item.at("error");
    return fmt::format("{}: {}", text_or(error, "kind", "error"), text_or(error, "message", ""));
}

}  // namespace

std::string titled(Screen const& screen, Json const& item, std::string_view id_field) {
    return fmt::format("{} ({})", screen.style()(Ink::bold, printable(text_or(item, "title", "?"))),
                       short_member(item, id_field));
}

void show_missions(Screen const& screen, Json const& items) {
    Table table({"ID", "STATUS", "DONE", "", "PRIORITY", "BY", "TITLE"});
    for (Json const& one : items) {
        table.row({short_member(one, "mission_id"), state_of(screen, one), done_of(one), percent_of(one),
                   text_or(one, "priority", ""), printable(text_or(one, "created_by", "")),
                   printable(text_or(one, "title", ""))});
    }
    screen.table(table, "no mission; `fleet missions create TITLE` makes one");
}

void show_mission(Context& context, Json const& mission) {
    Screen& screen = context.screen();
    if (context.is_json()) return;
    Time now = clock_now();
    screen.say(screen.style()(Ink::bold, printable(text_or(mission, "title", "?"))));
    say_member(screen, "id", text_or(mission, "mission_id", ""));
    say_member(screen, "status", text_or(mission, "status", ""));
    say_member(screen, "priority", text_or(mission, "priority", ""));
    say_member(screen, "strategy", text_or(mission, "strategy", ""));
    say_member(screen, "on failure", text_or(mission, "on_failure", ""));
    say_member(screen, "deadline", left_member(mission, "deadline", now));
    say_member(screen, "planned",
               ago_member(mission, "created_at", now) + " by " + text_or(mission, "created_by", "?"));
    say_member(screen, "started", ago_member(mission, "started_at", now));
    say_member(screen, "ended", ago_member(mission, "ended_at", now));
    say_member(screen, "why", text_or(mission, "reason", ""));
    say_member(screen, "failed with", error_text(mission));
    say_review(screen, mission);
    say_text(screen, "", text_or(mission, "description", ""));
    say_text(screen, "summary", text_or(mission, "summary", ""));
    auto board = context.try_call("board", {{"project", context.require_project()},
                                            {"mission_id", text_or(mission, "mission_id", "")},
                                            {"all", true},
                                            {"sorties", 1'000}});
    if (!board) return;
    bool wide = ::isatty(1) == 1;
    Look look{screen.style(), wide ? columns_of(1) : 200, now};
    for (std::string const& line : mission_lines(*board, look))
        screen.say(wide ? cut_to(line, look.columns) : line);
}

void show_sorties(Screen const& screen, Json const& items) {
    Time now = clock_now();
    Table table({"ID", "STATUS", "", "PRIORITY", "PILOT", "TITLE", "HOW IT IS"});
    for (Json const& one : items) {
        auto status = text_or(one, "status", "");
        bool under_way = status == "in_progress" || status == "blocked" || status == "review";
        auto words = sortie_words(one, now);
        if (status == "in_progress" || status == "assigned") words = left_member(one, "lease_until", now);
        if (status == "review") words.clear();
        if (status == "blocked" && one.contains("blocked")) words = text_or(one.at("blocked"), "reason", "");
        if (status == "pending" && flag_or(one, "ready", false)) words.clear();
        table.row({short_member(one, "sortie_id"), state_of(screen, one), under_way ? percent_of(one) : "",
                   text_or(one, "priority", ""), printable(text_or(one, "pilot", "")),
                   printable(text_or(one, "title", "")), printable(words)});
    }
    screen.table(table, "no sortie; `fleet sorties create TITLE --mission M` makes one");
}

void show_sortie(Screen const& screen, Json const& sortie) {
    if (screen.is_json()) return;
    Time now = clock_now();
    auto status = text_or(sortie, "status", "");
    screen.say(screen.style()(Ink::bold, printable(text_or(sortie, "title", "?"))));
    say_member(screen, "id", text_or(sortie, "sortie_id", ""));
    say_member(screen, "name", text_or(sortie, "name", ""));
    say_member(screen, "mission", text_or(sortie, "mission_title", short_member(sortie, "mission_id")));
    say_member(screen, "status", status);
    say_member(screen, "how it is", sortie_words(sortie, now));
    say_member(screen, "pilot", text_or(sortie, "pilot", ""));
    say_member(screen, "priority", text_or(sortie, "priority", ""));
    say_member(screen, "role", text_or(sortie, "role", ""));
    say_member(screen, "capabilities", list_member(sortie, "capabilities"));
    say_member(screen, "files", list_member(sortie, "files"));
    say_member(screen, "after", dependency_words(sortie));
    say_member(screen, "condition", text_or(sortie, "condition", ""));
    if (auto limit = number_or(sortie, "timeout_seconds", 0); limit > 0)
        say_member(screen, "time-out", span_words(Millis(limit * 1'000)));
    if (auto most = number_or(sortie, "max_attempts", 1); most > 1)
        say_member(screen, "attempts", fmt::format("{} of {}", number_or(sortie, "attempt", 0), most));
    say_member(screen, "touched", list_member(sortie, "files_touched"));
    say_member(screen, "unreserved", list_member(sortie, "unreserved"));
    say_review(screen, sortie);
    say_evidence(screen, sortie);
    say_member(screen, "failed with", error_text(sortie));
    if (sortie.contains("result") && !sortie.at("result").is_null())
        say_member(screen, "result", json_text(sortie.at("result")));
    say_text(screen, "", text_or(sortie, "description", ""));
    if (status != "completed") return;
    say_text(screen, "summary", text_or(sortie, "summary", ""));
}

void note_consequences(Screen const& screen, Json const& answer) {
    if (auto files = list_member(answer, "violated"); !files.empty()) {
        screen.note(fmt::format("  {} touched without having reserved it: {}",
                                screen.note_style()(Ink::red, "!"), printable(files)));
    }
    for (char const* member : {"skipped", "cancelled"}) {
        if (!answer.contains(member) || !answer.at(member).is_array() || answer.at(member).empty()) continue;
        auto count = answer.at(member).size();
        screen.note(fmt::format("  {} sortie{} {} {}", count, count == 1 ? "" : "s",
                                count == 1 ? "is" : "are", member));
    }
    if (!answer.contains("mission") || !answer.at("mission").is_object()) return;
    Json const& mission = answer.at("mission");
    auto status = text_or(mission, "status", "");
    if (status.empty() || status == "in_progress") return;
    screen.note(fmt::format("  the mission {} is {} now",
                            printable(text_or(mission, "title", short_member(mission, "mission_id"))),
                            status));
}

}  // namespace fleet::cli
