#include "cli/screen/event_line.hpp"

#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

constexpr std::size_t remembered_max = 10'000;

std::string text(Json const& data, std::string_view key) {
    return text_or(data, key, "");
}

std::string when(std::string const& value, std::string_view before) {
    return value.empty() ? std::string() : std::string(before) + value;
}

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

// "key=value key=value" of whatever the catalogue does not know.
std::string plain_data(Json const& data) {
    if (!data.is_object()) return json_text(data);
    std::string out;
    for (auto const& [key, value] : data.items()) {
        if (value.is_null()) continue;
        out += fmt::format(" {}={}", key, value.is_string() ? value.get<std::string>() : json_text(value));
    }
    return out;
}

Sentence file_sentence(Event const& event, std::string const& what) {
    Json const& data = event.data;
    if (event.type == "file_reserved") return reserved(data);
    if (event.type == "file_released") return released(event, what);
    if (event.type == "file_conflict") return conflict(data);
    if (event.type == "file_wait_ended") return wait_ended(data);
    if (event.type == "file_wait_started")
        return {Ink::yellow, "…", "waits for " + list_member(data, "patterns")};
    if (event.type == "file_reservation_extended") {
        auto until = time_member(data, "expires_at");
        auto left = until && *until > event.recorded_at ? ": " + left_words(*until, event.recorded_at)
                                                        : std::string();
        return {Ink::green, "●", fmt::format("extended {}{}", what, left)};
    }
    return {Ink::red, "!",
            fmt::format("{} took {} from {}: {}", text(data, "by"), what, text(data, "holder"),
                        text(data, "reason"))};
}

Sentence pilot_sentence(Event const& event, std::string const& who) {
    Json const& data = event.data;
    if (event.type == "pilot_registered") {
        return {Ink::cyan, "+",
                fmt::format("{} reports for duty ({} {}{})", text(data, "callsign"), text(data, "program"),
                            text(data, "model"), when(text(data, "role"), ", "))};
    }
    if (event.type == "pilot_status_changed") {
        return {Ink::dim, "~", fmt::format("is {} (was {})", text(data, "to"), text(data, "from"))};
    }
    if (event.type == "pilot_stale") return {Ink::yellow, "?", who + " gave no sign of life and is stale"};
    if (event.type == "pilot_deregistered") {
        return {Ink::cyan, "-", fmt::format("signed off{}", when(text(data, "reason"), ", "))};
    }
    return {Ink::dim, "~", event.type + plain_data(data)};
}

}  // namespace

void Teller::remember(std::string const& id, std::string name) {
    if (names_.size() < remembered_max) names_[id] = std::move(name);
}

Sentence Teller::sentence(Event const& event) {
    Json const& data = event.data;
    if (event.type.starts_with("file_")) {
        auto named = list_member(data, "patterns");
        if (!named.empty()) remember(event.stream_id, named);
        auto known = names_.find(event.stream_id);
        return file_sentence(event, known == names_.end() ? short_id(event.stream_id) : known->second);
    }
    if (event.type.starts_with("pilot_")) {
        if (auto name = text(data, "callsign"); !name.empty()) remember(event.stream_id, name);
        auto known = names_.find(event.stream_id);
        return pilot_sentence(event, known == names_.end() ? short_id(event.stream_id) : known->second);
    }
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
    return {Ink::plain, "·", event.type + plain_data(data)};
}

std::string Teller::line(Event const& event, Style const& style, Time now, bool with_project) {
    Sentence sentence = this->sentence(event);
    auto actor = printable(event.actor);
    if (width_of(actor) < 12) actor.append(12 - width_of(actor), ' ');
    auto project = with_project ? style(Ink::dim, printable(event.project)) + "  " : std::string();
    return fmt::format("{}  {}  {}{}  {} {}", style(Ink::dim, local_clock(event.recorded_at, now)),
                       style(Ink::dim, fmt::format("#{:<5}", event.seq)), project, style(Ink::bold, actor),
                       style(sentence.ink, sentence.symbol), style(sentence.ink, printable(sentence.text)));
}

}  // namespace fleet::cli
