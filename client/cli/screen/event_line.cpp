#include "cli/screen/event_line.hpp"

#include "cli/screen/sentences.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>

#include <fmt/format.h>

#include <array>

namespace fleet::cli {
namespace {

constexpr std::size_t remembered_max = 10'000;
constexpr std::size_t name_columns = 48;

using Family = Sentence (*)(Event const&, Teller const&);

struct Row {
    std::string_view prefix;  // of the types
    Family tell;
};

constexpr std::array families{
    Row{"fleet_recovered", survival_sentence},
    Row{"checkpoint_", survival_sentence},
    Row{"ruling_", survival_sentence},
    Row{"context_", survival_sentence},
    Row{"file_", file_sentence},
    Row{"pilot_", pilot_sentence},
    Row{"message_", mail_sentence},
    Row{"thread_", mail_sentence},
    Row{"mission_", mission_sentence},
    Row{"sortie_", sortie_sentence},
    Row{"review_", sortie_sentence},
    Row{"work_order_", order_sentence},
    Row{"fleet_", fleet_sentence},
    Row{"usage_", usage_sentence},
    Row{"budget_", usage_sentence},
    Row{"price_", usage_sentence},
    Row{"notification_", fleet_sentence},
    Row{"body_", fleet_sentence},
    Row{"host_", fleet_sentence},
    Row{"project_", fleet_sentence},
};

// What the entity of this event is called, as far as the event says it.
std::string name_in(Event const& event) {
    if (event.type.starts_with("file_")) return list_member(event.data, "patterns");
    if (event.type == "mission_updated" || event.type == "sortie_updated") {
        auto changes = event.data.find("changes");
        return changes == event.data.end() ? std::string() : text(*changes, "title");
    }
    for (char const* member : {"callsign", "title", "subject", "kind"}) {
        if (event.type.starts_with("work_order_") != (std::string_view(member) == "kind")) continue;
        if (auto name = text(event.data, member); !name.empty()) return name;
    }
    return {};
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

}  // namespace

Sentence plain_sentence(Event const& event) {
    return {Ink::plain, "·", event.type + plain_data(event.data)};
}

std::string error_words(Json const& data) {
    if (!data.is_object() || !data.contains("error")) return {};
    Json const& error = data.at("error");
    if (error.is_string()) return error.get<std::string>();
    return text_or(error, "message", text(error, "kind"));
}

void Teller::remember(std::string const& id, std::string name) {
    if (names_.size() < remembered_max) names_[id] = std::move(name);
}

std::string Teller::name_of(std::string const& id) const {
    auto known = names_.find(id);
    // A long title must not push what happened out of the line.
    return known == names_.end() ? short_id(id) : cut_to(known->second, name_columns);
}

Sentence Teller::sentence(Event const& event) {
    if (auto name = name_in(event); !name.empty()) remember(event.stream_id, std::move(name));
    for (Row const& family : families) {
        if (event.type.starts_with(family.prefix)) return family.tell(event, *this);
    }
    return plain_sentence(event);
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
