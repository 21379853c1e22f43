#pragma once
// Was an event lost, doubled or put out of order? Looks only at the log and at what writers and subscribers
// say.
#include "fault/history.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace fleet::fault {

struct SeenEvent {
    std::int64_t seq = 0;
    std::string event_id{};
};

struct SubscriberHistory {
    std::string name{};
    std::int64_t after = 0;  // where it began
    std::vector<SeenEvent> seen{};
};

struct EventsEvidence {
    std::vector<SeenEvent> log{};           // ordered by seq
    std::vector<SeenEvent> acknowledged{};  // what writers were told
    std::vector<SubscriberHistory> subscribers{};
};

// Lines {"did": "acked"|"saw", "seq", "event_id"}.
std::vector<SeenEvent> seen_events(std::vector<Json> const& history, std::string const& did);

// The log has no hole and no event twice; each acknowledged event stands in it once, at the seq that was
// told; each subscriber saw what the log has behind its begin: every event, once, in order, to the end.
Findings check_events(EventsEvidence const& evidence);

}  // namespace fleet::fault
