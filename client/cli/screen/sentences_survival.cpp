// Checkpoints, recovery, rulings.
#include "cli/screen/sentences.hpp"

#include <fleet/id.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string count_words(std::size_t count, std::string_view thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::size_t length_of(Json const& data, char const* member) {
    auto found = data.find(member);
    return found != data.end() && found->is_array() ? found->size() : 0;
}

Sentence taken(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    auto subject = text_or(data, "sortie_id", text(data, "mission_id"));
    auto error = text(data, "error_kind");
    auto why = error.empty() ? text(data, "trigger") : error + when(text(data, "error_message"), ": ");
    return {error.empty() ? Ink::blue : Ink::red, "◆",
            fmt::format("checkpoint of {} at {} % ({})", teller.name_of(subject),
                        number_or(data, "progress_percent", 0), why)};
}

Sentence told(Json const& data) {
    auto const kind = text(data, "kind");
    std::string what = "is told what it needs";
    if (kind == "briefing") what = "is briefed";
    if (kind == "mail")
        what = fmt::format("is shown {}", count_words(length_of(data, "messages"), "message"));
    if (kind == "promises") what = "is reminded of what is open";
    return {Ink::yellow, "●", fmt::format("{} {}", text(data, "pilot"), what)};
}

}  // namespace

Sentence survival_sentence(Event const& event, Teller const& teller) {
    Json const& data = event.data;
    if (event.type == "checkpoint_created") return taken(event, teller);
    if (event.type == "checkpoint_restored")
        return {Ink::green, "◆", "restores from " + short_id(event.stream_id)};
    if (event.type == "checkpoint_deleted")
        return {Ink::dim, "◇",
                fmt::format("checkpoint {} is {}", short_id(event.stream_id),
                            text(data, "reason") == "pruned" ? "pruned" : "deleted")};
    if (event.type == "fleet_recovered") {
        return {Ink::green, "▸",
                fmt::format("{} goes on: {} back with their pilots, {} taken again",
                            teller.name_of(text(data, "mission_id")),
                            count_words(length_of(data, "sorties"), "sortie"),
                            count_words(length_of(data, "reservations"), "reservation"))};
    }
    if (event.type == "context_compacted")
        return {Ink::yellow, "◌", text(data, "pilot") + "'s context is emptied"};
    if (event.type == "context_injected") return told(data);
    if (event.type == "ruling_recorded") return {Ink::bold, "§", "rules: " + text(data, "text")};
    if (event.type == "ruling_revoked")
        return {Ink::dim, "§",
                fmt::format("takes back the ruling {}{}", short_id(event.stream_id),
                            when(text(data, "reason"), ": "))};
    return plain_sentence(event);
}

}  // namespace fleet::cli
