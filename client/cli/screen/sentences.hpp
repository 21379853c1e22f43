#pragma once
// The sentences of each family of events. What ids stand for is known to the teller; a type that a function
// does not know gives `plain_sentence`.
#include "cli/screen/event_line.hpp"

#include <fleet/json.hpp>

#include <string>
#include <string_view>

namespace fleet::cli {

Sentence file_sentence(Event const& event, Teller const& teller);
Sentence pilot_sentence(Event const& event, Teller const& teller);
Sentence mail_sentence(Event const& event, Teller const& teller);
Sentence mission_sentence(Event const& event, Teller const& teller);
Sentence sortie_sentence(Event const& event, Teller const& teller);
Sentence order_sentence(Event const& event, Teller const& teller);
// Hosts, projects, halts, rules, redactions.
Sentence fleet_sentence(Event const& event, Teller const& teller);
// Checkpoints, recovery, rulings, contexts that are emptied and filled.
Sentence survival_sentence(Event const& event, Teller const& teller);
// What models used, budgets, prices.
Sentence usage_sentence(Event const& event, Teller const& teller);
// "x.note text=hi".
Sentence plain_sentence(Event const& event);

// A member of the data, "" when it is not there.
inline std::string text(Json const& data, std::string_view key) {
    return text_or(data, key, "");
}
// `value` with `before` in front of it, or nothing.
inline std::string when(std::string const& value, std::string_view before) {
    return value.empty() ? std::string() : std::string(before) + value;
}
// What an error of a sortie or an order says: its message, or its kind.
std::string error_words(Json const& data);

}  // namespace fleet::cli
