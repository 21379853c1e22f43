#include "simulation/audit.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::simulation {
namespace {

bool ends_lease(std::string const& type) {
    static std::set<std::string> const ends{
        "sortie_completed",     "sortie_failed",     "sortie_requeued",     "sortie_cancelled",
        "work_order_completed", "work_order_failed", "work_order_requeued", "work_order_cancelled"};
    return ends.contains(type);
}

void once_each(std::set<std::string> const& ids, std::map<std::string, int> const& completed,
               std::string_view what, std::vector<std::string>& faults) {
    for (auto const& id : ids) {
        auto const found = completed.find(id);
        int const times = found == completed.end() ? 0 : found->second;
        if (times != 1) faults.push_back(fmt::format("{} {} was completed {} times", what, id, times));
    }
}

}  // namespace

void Audit::take_lease(std::string const& id, Event const& event, bool given) {
    if (!given) {
        holder_.erase(id);
        return;
    }
    auto const to = text_or(event.data, "pilot", text_or(event.data, "by", event.actor));
    auto const [at, is_new] = holder_.emplace(id, to);
    if (is_new) return;
    lease_faults_.push_back(
        fmt::format("{} was given to {} at seq {} while {} had it", id, to, event.seq, at->second));
    at->second = to;
}

void Audit::take(Event const& event) {
    events_ += 1;
    auto const& id = event.stream_id;
    if (event.type == "sortie_assigned" || event.type == "work_order_claimed") take_lease(id, event, true);
    if (ends_lease(event.type)) take_lease(id, event, false);
    if (event.type == "sortie_completed" || event.type == "mission_completed" ||
        event.type == "work_order_completed")
        completed_[id] += 1;
    if (event.type == "message_sent" && event.data.contains("to") && event.data.at("to").is_array()) {
        for (auto const& one : event.data.at("to")) {
            if (one.is_string()) unread_.insert({id, one.get<std::string>()});
        }
    }
    // Who acknowledges has read.
    if (event.type == "message_acked") unread_.erase({id, text_or(event.data, "acker", event.actor)});
    if (event.type == "message_read") unread_.erase({id, text_or(event.data, "reader", event.actor)});
    if (event.type == "message_bounced") {
        // Its sender is told: that is not a loss.
        bounced_ += 1;
        unread_.erase({id, text_or(event.data, "recipient", "")});
    }
}

std::int64_t Audit::lost_messages() const {
    return static_cast<std::int64_t>(unread_.size());
}

std::vector<std::string> Audit::work_faults() const {
    auto faults = lease_faults_;
    once_each(planned_.sorties, completed_, "sortie", faults);
    once_each(planned_.missions, completed_, "mission", faults);
    once_each(planned_.orders, completed_, "work order", faults);
    return faults;
}

std::vector<std::string> Audit::mail_faults() const {
    std::vector<std::string> faults;
    for (auto const& [message, reader] : unread_)
        faults.push_back(fmt::format("{} was never read by {}", message, reader));
    return faults;
}

}  // namespace fleet::simulation
