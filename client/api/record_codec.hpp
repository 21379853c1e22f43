#pragma once
// From the daemon's JSON to the values of `fleet/records.hpp`.
#include <fleet/event.hpp>
#include <fleet/records.hpp>

namespace fleet {

Project project_from_json(Json const& value);
Pilot pilot_from_json(Json const& value);
Host host_from_json(Json const& value);
Reservation reservation_from_json(Json const& value);
Conflict conflict_from_json(Json const& value);
Cursor cursor_from_json(Json const& value);
AppendedEvent appended_from_json(Json const& value);

// The outcome of a request for files: an answer that was granted, or a refusal that is one of the outcomes.
// Errors: every other refusal.
Result<ReserveOutcome> outcome_from(Result<Json> const& answer);

template <class T>
Page<T> page_from_json(Json const& value, T (*item)(Json const&)) {
    Page<T> page;
    if (!value.is_object()) return page;
    if (auto items = value.find("items"); items != value.end() && items->is_array()) {
        for (Json const& one : *items) page.items.push_back(item(one));
    }
    if (auto next = value.find("next"); next != value.end() && next->is_string())
        page.next = next->get<std::string>();
    return page;
}

}  // namespace fleet
