// Missions, sorties and work orders.
#include "cli/screen/sentences.hpp"
#include "cli/screen/words.hpp"

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string lasted(Json const& data) {
    auto took = number_or(data, "duration_ms", 0);
    return took > 0 ? " after " + span_words(Millis(took)) : std::string();
}

std::string names_of(Json const& data, char const* member) {
    std::vector<std::string> names;
    if (!data.contains(member) || !data.at(member).is_object()) return {};
    for (auto const& [name, value] : data.at(member).items()) {
        static_cast<void>(value);
        names.push_back(name);
    }
    return joined(names, ", ");
}

std::string again_at(Event const& event) {
    auto at = time_member(event.data, "run_after");
    if (!at || *at <= event.recorded_at) return {};
    return ", again in " + span_words(*at - event.recorded_at);
}

Sentence assigned(Event const& event, std::string const& what) {
    auto pilot = text(event.data, "pilot");
    auto verb = pilot.empty() || pilot == event.actor ? std::string("took") : "gave " + pilot;
    return {Ink::cyan, "◔", fmt::format("{} {}", verb, what)};
}

Sentence sortie_end(Event const& event, std::string const& what) {
    Json const& data = event.data;
    if (event.type == "sortie_completed") {
        return {Ink::green, "✓",
                fmt::format("completed {}{}{}", what, lasted(data), when(text(data, "summary"), ": "))};
    }
    if (event.type == "sortie_failed")
        return {Ink::red, "✗", fmt::format("failed {}{}", what, when(error_words(data), ": "))};
    if (event.type == "sortie_cancelled")
        return {Ink::dim, "–", fmt::format("cancelled {}{}", what, when(text(data, "reason"), ": "))};
    if (event.type == "sortie_skipped")
        return {Ink::dim, "↷", fmt::format("skipped {}{}", what, when(text(data, "reason"), ": "))};
    if (event.type == "sortie_requeued") {
        return {Ink::yellow, "↺",
                fmt::format("{} is to be had again{}", what, when(text(data, "cause"), ": "))};
    }
    if (event.type != "sortie_scope_violated") return plain_sentence(event);
    return {Ink::red, "!",
            fmt::format("{} touched what it had not reserved: {}", what, list_member(data, "files"))};
}

Sentence review_sentence(Event const& event, std::string const& what) {
    Json const& data = event.data;
    if (event.type == "sortie_review_requested") {
        return {Ink::magenta, "◐",
                fmt::format("wants a review of {}{}", what, when(text(data, "reviewer"), " by "))};
    }
    auto verdict = text(data, "verdict");
    auto words = verdict == "needs_changes" ? std::string("wants changes of") : verdict;
    return {verdict == "approved" ? Ink::green : Ink::yellow, "◐",
            fmt::format("{} {}{}", words, what, when(text(data, "feedback"), ": "))};
}

}  // namespace

Sentence mission_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    auto what = "mission " + teller.name_of(event.stream_id);
    if (event.type == "mission_created") return {Ink::magenta, "+", "planned " + what};
    if (event.type == "mission_updated")
        return {Ink::dim, "~", fmt::format("changed {} of {}", names_of(data, "changes"), what)};
    if (event.type == "mission_started") return {Ink::magenta, "▸", "started " + what};
    if (event.type == "mission_progressed")
        return {Ink::magenta, "▸", fmt::format("{} is at {}%", what, number_or(data, "percent", 0))};
    if (event.type == "mission_review_requested") return {Ink::magenta, "◐", what + " waits for its review"};
    if (event.type == "mission_review_completed") {
        auto verdict = text(data, "verdict");
        auto words = verdict == "needs_changes" ? std::string("wants changes of") : verdict;
        return {verdict == "approved" ? Ink::green : Ink::yellow, "◐",
                fmt::format("{} {}{}", words, what, when(text(data, "feedback"), ": "))};
    }
    if (event.type == "mission_completed") {
        auto result = data.find("result");
        auto summary = result == data.end() ? std::string() : text(*result, "summary");
        return {Ink::green, "✓", fmt::format("{} is completed{}{}", what, lasted(data), when(summary, ": "))};
    }
    if (event.type == "mission_failed") {
        auto why = text(data, "reason");
        return {Ink::red, "✗",
                fmt::format("{} failed{}", what, when(why.empty() ? error_words(data) : why, ": "))};
    }
    if (event.type == "mission_cancelled")
        return {Ink::dim, "–", fmt::format("cancelled {}{}", what, when(text(data, "reason"), ": "))};
    return plain_sentence(event);
}

Sentence sortie_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    auto what = teller.name_of(event.stream_id);
    if (event.type == "sortie_created") {
        auto mission = text(data, "mission_id");
        auto of = mission.empty() ? std::string() : " of " + teller.name_of(mission);
        return {Ink::cyan, "+", fmt::format("planned sortie {}{}", what, of)};
    }
    if (event.type == "sortie_updated")
        return {Ink::dim, "~", fmt::format("changed {} of {}", names_of(data, "changes"), what)};
    if (event.type == "sortie_assigned") return assigned(event, what);
    if (event.type == "sortie_started") return {Ink::cyan, "▸", "started " + what};
    if (event.type == "sortie_progress") {
        return {Ink::cyan, "▸",
                fmt::format("{} is at {}%{}", what, number_or(data, "percent", 0),
                            when(text(data, "message"), ": "))};
    }
    if (event.type == "sortie_blocked")
        return {Ink::yellow, "■", fmt::format("is blocked at {}: {}", what, text(data, "reason"))};
    if (event.type == "sortie_unblocked")
        return {Ink::cyan, "▸", fmt::format("goes on with {}{}", what, when(text(data, "resolution"), ": "))};
    if (event.type == "sortie_review_requested" || event.type.starts_with("review_"))
        return review_sentence(event, what);
    return sortie_end(event, what);
}

Sentence order_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    auto what = "order " + teller.name_of(event.stream_id);
    if (event.type == "work_order_created")
        return {Ink::blue, "+", fmt::format("enqueued {}{}", what, when(text(data, "role"), " for "))};
    if (event.type == "work_order_claimed") {
        auto attempt = number_or(data, "attempt", 1);
        auto times = attempt > 1 ? fmt::format(" (attempt {})", attempt) : std::string();
        return {Ink::blue, "◔", fmt::format("took {}{}", what, times)};
    }
    if (event.type == "work_order_completed") return {Ink::green, "✓", "completed " + what};
    if (event.type == "work_order_failed") {
        auto end = flag_or(data, "dead", false) ? ", for good" : "";
        return {Ink::red, "✗", fmt::format("failed {}{}{}", what, end, when(error_words(data), ": "))};
    }
    if (event.type == "work_order_requeued") {
        return {
            Ink::yellow, "↺",
            fmt::format("{} is to be had again{}{}", what, again_at(event), when(text(data, "cause"), ": "))};
    }
    if (event.type == "work_order_cancelled")
        return {Ink::dim, "–", fmt::format("cancelled {}{}", what, when(text(data, "reason"), ": "))};
    return plain_sentence(event);
}

}  // namespace fleet::cli
