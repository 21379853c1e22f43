#pragma once
// What the log says of a run, compared with what was planned. Pure.
#include "simulation/plan.hpp"

#include <fleet/event.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fleet::simulation {

struct Planned {
    std::set<std::string> sorties{};
    std::set<std::string> missions{};
    std::set<std::string> orders{};
};

// Takes the events of the project in the order of the log.
class Audit {
public:
    explicit Audit(Planned planned) : planned_(std::move(planned)) {}

    void take(Event const& event);

    // What did not end exactly once, or was given to two pilots at once.
    std::vector<std::string> work_faults() const;
    // Letters that a recipient has not read.
    std::vector<std::string> mail_faults() const;
    std::int64_t lost_messages() const;
    std::int64_t bounced_messages() const { return bounced_; }
    std::int64_t events() const { return events_; }

private:
    void take_lease(std::string const& id, Event const& event, bool given);

    Planned planned_;
    std::map<std::string, int> completed_{};  // by the id of what was completed
    std::map<std::string, std::string> holder_{};
    std::set<std::pair<std::string, std::string>> unread_{};  // message, recipient
    std::vector<std::string> lease_faults_{};
    std::int64_t bounced_ = 0;
    std::int64_t events_ = 0;
};

}  // namespace fleet::simulation
