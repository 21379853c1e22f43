// Reservations and pilots.
#include "cli/screen/sentences.hpp"
#include "cli/screen/words.hpp"

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string ttl(Json const& data) {
    auto seconds = number_or(data, "ttl_seconds", 0);
    return seconds > 0 ? " for " + span_words(Millis(seconds * 1'000)) : std::string();
}

Sentence reserved(Json const& data) {
    auto shared = text(data, "mode") == "shared" ? " together with others" : "";
    return {Ink::green, "●",
            fmt::format("reserved {}{}{}{}", list_member(data, "patterns"), shared, ttl(data),
                        when(text(data, "reason"), ": "))};
}

Sentence released(Event const& event, std::string const& what) {
    auto cause = text(event.data, "cause");
    auto held = number_or(event.data, "held_ms", 0);
    auto after = held > 0 ? " after " + span_words(Millis(held)) : std::string();
    auto why = cause == "explicit" || cause.empty() ? std::string() : " (" + cause + ")";
    auto holder = text(event.data, "holder");
    auto whose = holder.empty() || holder == event.actor ? std::string() : " of " + holder;
    return {Ink::blue, "○", fmt::format("released {}{}{}{}", what, whose, after, why)};
}

Sentence conflict(Json const& data) {
    std::string holders;
    if (data.contains("conflicts") && data.at("conflicts").is_array()) {
        for (Json const& one : data.at("conflicts")) {
            auto holder = text(one, "holder");
            if (holders.find(holder) == std::string::npos) holders += (holders.empty() ? "" : ", ") + holder;
        }
    }
    auto resolution = text(data, "resolution");
    auto verb = resolution == "refused" ? "was refused" : resolution == "forced" ? "forced" : "met others at";
    return {Ink::yellow, "✗",
            fmt::format("{} {}{}", verb, list_member(data, "patterns"), when(holders, ", held by "))};
}

Sentence wait_ended(Json const& data) {
    auto outcome = text(data, "outcome");
    auto waited = span_words(Millis(number_or(data, "waited_ms", 0)));
    if (outcome == "granted") return {Ink::green, "▸", fmt::format("got the files after {}", waited)};
    return {Ink::yellow, "▸", fmt::format("stopped waiting after {} ({})", waited, outcome)};
}

Sentence extended(Event const& event, std::string const& what) {
    auto until = time_member(event.data, "expires_at");
    auto left =
        until && *until > event.recorded_at ? ": " + left_words(*until, event.recorded_at) : std::string();
    return {Ink::green, "●", fmt::format("extended {}{}", what, left)};
}

std::string signed_list(Json const& data, char const* member, char sign) {
    std::string out;
    if (!data.contains(member) || !data.at(member).is_array()) return out;
    for (Json const& one : data.at(member)) {
        if (one.is_string()) out += fmt::format(" {}{}", sign, one.get<std::string>());
    }
    return out;
}

}  // namespace

Sentence file_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    auto what = teller.name_of(event.stream_id);
    if (event.type == "file_reserved") return reserved(data);
    if (event.type == "file_released") return released(event, what);
    if (event.type == "file_conflict") return conflict(data);
    if (event.type == "file_wait_ended") return wait_ended(data);
    if (event.type == "file_wait_started")
        return {Ink::yellow, "…", "waits for " + list_member(data, "patterns")};
    if (event.type == "file_reservation_extended") return extended(event, what);
    if (event.type != "file_reservation_forced") return plain_sentence(event);
    return {Ink::red, "!",
            fmt::format("{} took {} from {}: {}", text(data, "by"), what, text(data, "holder"),
                        text(data, "reason"))};
}

Sentence pilot_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    if (event.type == "pilot_registered") {
        return {Ink::cyan, "+",
                fmt::format("{} reports for duty ({} {}{})", text(data, "callsign"), text(data, "program"),
                            text(data, "model"), when(text(data, "role"), ", "))};
    }
    if (event.type == "pilot_status_changed") {
        return {Ink::dim, "~", fmt::format("is {} (was {})", text(data, "to"), text(data, "from"))};
    }
    if (event.type == "pilot_stale")
        return {Ink::yellow, "?", teller.name_of(event.stream_id) + " gave no sign of life and is stale"};
    if (event.type == "pilot_deregistered") {
        return {Ink::cyan, "-", fmt::format("signed off{}", when(text(data, "reason"), ", "))};
    }
    if (event.type != "pilot_capabilities_changed") return plain_sentence(event);
    return {Ink::dim, "~",
            fmt::format("{} can:{}{}", teller.name_of(event.stream_id), signed_list(data, "added", '+'),
                        signed_list(data, "removed", '-'))};
}

}  // namespace fleet::cli
