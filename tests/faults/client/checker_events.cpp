#include "fault/checker_events.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace fleet::fault {

namespace {

using SeqById = std::unordered_map<std::string, std::int64_t>;

SeqById check_log(std::vector<SeenEvent> const& log, Findings& findings) {
    SeqById seq_by_id;
    std::int64_t before = log.empty() ? 0 : log.front().seq - 1;
    for (auto const& event : log) {
        if (event.seq != before + 1) {
            findings.add("log_hole", fmt::format("the log goes from seq {} to {}", before, event.seq));
        }
        before = event.seq;
        auto const [place, is_new] = seq_by_id.emplace(event.event_id, event.seq);
        if (!is_new) {
            findings.add("log_double", fmt::format("{} stands in the log at {} and {}", event.event_id,
                                                   place->second, event.seq));
        }
    }
    return seq_by_id;
}

void check_acknowledged(std::vector<SeenEvent> const& acknowledged, SeqById const& log, Findings& findings) {
    for (auto const& event : acknowledged) {
        auto const found = log.find(event.event_id);
        if (found == log.end()) {
            findings.add("lost", fmt::format("{} was acknowledged at seq {} and is not in the log",
                                             event.event_id, event.seq));
        } else if (found->second != event.seq) {
            findings.add("moved", fmt::format("{} was acknowledged at seq {} and stands at {}",
                                              event.event_id, event.seq, found->second));
        }
    }
}

// Compares two ordered lists; tells the first differences and where each list goes on.
void check_subscriber(SubscriberHistory const& subscriber, std::vector<SeenEvent> const& log,
                      Findings& findings) {
    std::size_t at = 0;
    while (at < log.size() && log[at].seq <= subscriber.after) at += 1;
    std::int64_t before = subscriber.after;
    for (auto const& event : subscriber.seen) {
        if (event.seq <= before) {
            findings.add("seen_late",
                         fmt::format("{} saw seq {} after {}", subscriber.name, event.seq, before));
            continue;
        }
        before = event.seq;
        for (; at < log.size() && log[at].seq < event.seq; ++at) {
            findings.add("never_seen", fmt::format("{} never saw seq {} ({})", subscriber.name, log[at].seq,
                                                   log[at].event_id));
        }
        if (at == log.size() || log[at].seq != event.seq) {
            findings.add("seen_stranger",
                         fmt::format("{} saw seq {}, which is not in the log", subscriber.name, event.seq));
            continue;
        }
        if (log[at].event_id != event.event_id) {
            findings.add("seen_other", fmt::format("{} saw {} at seq {}, the log has {}", subscriber.name,
                                                   event.event_id, event.seq, log[at].event_id));
        }
        at += 1;
    }
    for (; at < log.size(); ++at) {
        findings.add("never_seen", fmt::format("{} never saw seq {} ({}), at the end", subscriber.name,
                                               log[at].seq, log[at].event_id));
    }
}

}  // namespace

std::vector<SeenEvent> seen_events(std::vector<Json> const& history, std::string const& did) {
    std::vector<SeenEvent> events;
    for (auto const& line : history) {
        if (line.value("did", "") != did) continue;
        events.push_back(
            {.seq = line.at("seq").get<std::int64_t>(), .event_id = line.at("event_id").get<std::string>()});
    }
    return events;
}

Findings check_events(EventsEvidence const& evidence) {
    Findings findings;
    auto const log = check_log(evidence.log, findings);
    check_acknowledged(evidence.acknowledged, log, findings);
    for (auto const& subscriber : evidence.subscribers) check_subscriber(subscriber, evidence.log, findings);
    return findings;
}

}  // namespace fleet::fault
