// What the board says about one mission, sortie, pilot or wait.
#include "cli/screen/board_words.hpp"

#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace fleet::cli {
namespace {

struct Mark {
    std::string_view status;
    Ink ink;
    std::string_view symbol;
};

constexpr std::array marks{
    Mark{"pending", Ink::plain, "○"},  Mark{"assigned", Ink::cyan, "◔"},  Mark{"in_progress", Ink::cyan, "▸"},
    Mark{"blocked", Ink::yellow, "■"}, Mark{"review", Ink::magenta, "◐"}, Mark{"completed", Ink::green, "✓"},
    Mark{"failed", Ink::red, "✗"},     Mark{"cancelled", Ink::dim, "–"},  Mark{"skipped", Ink::dim, "↷"},
    Mark{"active", Ink::green, "●"},   Mark{"idle", Ink::plain, "○"},     Mark{"stale", Ink::yellow, "?"},
};

void add(std::string& line, std::string const& part) {
    if (part.empty()) return;
    if (!line.empty()) line += ", ";
    line += part;
}

std::string count(Json const& object, char const* member, std::string_view words) {
    auto number = number_or(object, member, 0);
    return number > 0 ? fmt::format("{} {}", number, words) : std::string();
}

std::string pilot_and_lease(Json const& sortie, Time now) {
    auto pilot = text_or(sortie, "pilot", "");
    if (flag_or(sortie, "lapsed", false)) return pilot + ", lease lapsed";
    auto left = left_member(sortie, "lease_until", now);
    return left.empty() ? pilot : pilot + ", " + left;
}

// The board has the members flat, a sortie by itself below `blocked`.
std::string blocked_words(Json const& sortie) {
    bool nested = sortie.contains("blocked") && sortie.at("blocked").is_object();
    Json const& block = nested ? sortie.at("blocked") : sortie;
    auto kind = text_or(block, "blocker_type", "");
    auto words = "blocked: " + text_or(block, nested ? "reason" : "blocked_reason", kind);
    auto on = text_or(block, "blocker_id", "");
    return on.empty() ? words : fmt::format("{} ({} {})", words, kind, short_id(on));
}

}  // namespace

Ink ink_of(std::string_view status) {
    for (Mark const& mark : marks)
        if (mark.status == status) return mark.ink;
    return Ink::plain;
}

std::string_view symbol_of(std::string_view status) {
    for (Mark const& mark : marks)
        if (mark.status == status) return mark.symbol;
    return "·";
}

std::string bar_of(std::int64_t percent, std::size_t width) {
    constexpr std::array<std::string_view, 8> parts{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    auto filled = static_cast<std::size_t>(std::clamp<std::int64_t>(percent, 0, 100)) * width * 8 / 100;
    std::string bar;
    for (std::size_t i = 0; i < filled / 8; ++i) bar += "█";
    bar += parts[filled % 8];
    auto used = filled / 8 + (filled % 8 > 0 ? 1 : 0);
    for (std::size_t i = used; i < width; ++i) bar += "░";
    return bar;
}

std::string count_words(Json const& counts) {
    auto words =
        fmt::format("{} of {} done", number_or(counts, "completed", 0), number_or(counts, "total", 0));
    add(words, count(counts, "in_progress", "in progress"));
    add(words, count(counts, "assigned", "assigned"));
    add(words, count(counts, "blocked", "blocked"));
    add(words, count(counts, "review", "in review"));
    add(words, count(counts, "ready", "ready"));
    auto waiting = number_or(counts, "pending", 0) - number_or(counts, "ready", 0);
    if (waiting > 0) add(words, fmt::format("{} waiting", waiting));
    add(words, count(counts, "failed", "failed"));
    add(words, count(counts, "skipped", "skipped"));
    add(words, count(counts, "cancelled", "cancelled"));
    return words;
}

std::string sortie_words(Json const& sortie, Time now) {
    auto status = text_or(sortie, "status", "");
    auto percent = number_or(sortie, "progress", 0);
    if (status == "pending") {
        auto again = number_or(sortie, "attempt", 1);
        auto tried = again > 1 ? fmt::format(" (attempt {})", again) : std::string();
        if (flag_or(sortie, "ready", false)) return "ready" + tried;
        return text_or(sortie, "why_not", "waits") + tried;
    }
    if (status == "assigned") return "taken by " + pilot_and_lease(sortie, now);
    if (status == "in_progress") return fmt::format("{}%  {}", percent, pilot_and_lease(sortie, now));
    if (status == "blocked")
        return fmt::format("{}%  {}  {}", percent, text_or(sortie, "pilot", ""), blocked_words(sortie));
    if (status == "review") return fmt::format("in review  {}", text_or(sortie, "pilot", ""));
    if (status == "completed") return text_or(sortie, "summary", "");
    auto reason = text_or(sortie, "reason", "");
    return reason.empty() ? status : status + ": " + reason;
}

std::string pilot_words(Json const& pilot, Time now) {
    std::string words;
    auto sortie = text_or(pilot, "sortie", "");
    if (!sortie.empty()) {
        add(words, fmt::format("{} {}%", text_or(pilot, "sortie_title", short_id(sortie)),
                               number_or(pilot, "progress", 0)));
    }
    if (auto more = number_or(pilot, "sorties", 0); more > 1) add(words, fmt::format("{} sorties", more));
    add(words, count(pilot, "orders", number_or(pilot, "orders", 0) == 1 ? "order" : "orders"));
    if (auto holds = number_or(pilot, "holds", 0); holds > 0) add(words, fmt::format("holds {}", holds));
    if (auto waits = number_or(pilot, "waits", 0); waits > 0) add(words, fmt::format("waits for {}", waits));
    add(words, count(pilot, "unread", "unread"));
    if (text_or(pilot, "status", "") == "stale") add(words, "seen " + ago_member(pilot, "seen_at", now));
    return words;
}

std::string waiting_words(Json const& one) {
    auto since = span_words(Millis(number_or(one, "seconds", 0) * 1'000));
    auto whom = list_member(one, "waits_for");
    auto kind = text_or(one, "kind", "");
    auto what = text_or(one, "what", "");
    auto who = text_or(one, "who", "?");
    if (kind == "blocked") return fmt::format("{} is blocked for {}: {}", who, since, what);
    if (kind == "review") return fmt::format("{} waits {} for a review of {}", who, since, what);
    auto for_whom = whom.empty() ? std::string() : " for " + whom;
    if (kind == "ack") return fmt::format("{} waits {}{} to answer: {}", who, since, for_whom, what);
    return fmt::format("{} waits {}{}: {}", who, since, for_whom, what);
}

std::string halt_words(Json const& halt, Time now) {
    auto scope = text_or(halt, "scope", "");
    auto subject = text_or(halt, "subject", "");
    auto what = scope == "fleet"     ? std::string("the whole fleet")
                : scope == "project" ? "project " + text_or(halt, "project", "")
                : scope == "mission" ? "mission " + short_id(subject)
                                     : scope + " " + subject;
    return fmt::format("{} is halted: {} ({}, {})", what, text_or(halt, "reason", ""),
                       text_or(halt, "by", "?"), ago_member(halt, "since", now));
}

std::string order_words(Json const& board) {
    if (!board.contains("orders")) return {};
    Json const& orders = board.at("orders");
    std::string words;
    add(words, count(orders, "pending", "pending"));
    add(words, count(orders, "delayed", "delayed"));
    add(words, count(orders, "claimed", "claimed"));
    add(words, count(orders, "failed", "failed"));
    add(words, count(orders, "dead", "dead"));
    auto oldest = number_or(orders, "oldest_pending_seconds", 0);
    if (oldest > 0 && number_or(orders, "pending", 0) > 0)
        add(words, "the oldest for " + span_words(Millis(oldest * 1'000)));
    return words;
}

std::string mail_words(Json const& board) {
    if (!board.contains("mail")) return {};
    std::string words;
    add(words, count(board.at("mail"), "unread", "unread"));
    add(words, count(board.at("mail"), "unacked", "without an answer"));
    return words;
}

}  // namespace fleet::cli
