#pragma once
// What the pilots of a run share. Lives on the loop of the run; owned by the runner, outlives the pilots.
#include "simulation/fleet_line.hpp"
#include "simulation/ledger.hpp"
#include "simulation/plan.hpp"
#include "simulation/together.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace fleet::simulation {

struct Pace {
    double speed = 10;      // how much faster than at speed 1 work is done; 0: no pauses at all
    int lease_seconds = 5;  // of sorties and work orders
    int sweep_seconds = 5;  // how often the daemons look for lapsed leases, at most
};

// A pilot that fell silent.
struct Silence {
    std::size_t sortie = 0;  // what it left behind
    Instant since{};
    bool came_back = false;  // the sortie is pending again
};

class Stage {
public:
    Stage(asio::any_io_executor executor, Plan const& plan, Pace pace, FleetLine& line, Ledger& ledger);

    Plan const& plan;
    Pace const pace;
    FleetLine& line;
    Ledger& ledger;
    Bell work;  // rung for a pilot when something can be claimed
    Bell mail;  // rung when somebody has written, and when there is no more work
    std::map<std::int64_t, Silence> silences{};  // by the token of the lease that was left behind

    void know_mission(std::size_t index, std::string id);
    void know_sortie(std::size_t index, std::string id);
    void know_order(std::string id, std::size_t index);
    std::string const& sortie_id(std::size_t index) const { return sortie_ids_[index]; }
    std::string const& mission_id(std::size_t index) const { return mission_ids_[index]; }
    std::optional<std::size_t> sortie(std::string const& id) const;
    std::optional<std::size_t> order(std::string const& id) const;
    std::set<std::string> order_ids() const;

    // A mission was started: its sorties can be claimed.
    void opened(std::size_t mission);
    bool is_open(std::size_t mission) const { return open_[mission]; }
    // A sortie was completed, as its pilot was told.
    void completed(std::size_t sortie);
    // A pilot has it, by this token. Answers which attempt at it this is.
    int claimed(std::size_t sortie, std::size_t pilot, std::int64_t token);
    // Its attempt failed: it is pending again.
    void failed(std::size_t sortie);
    // Its lease was lost, as the event with this seq says; by now somebody else may have it.
    void lost(std::size_t sortie, std::int64_t seq);
    void order_completed(std::size_t ready_now);

    bool work_is_over() const;
    // Ends the run early: pilots stop at their next step.
    void stop();
    bool is_stopped() const { return stopped_; }
    std::size_t orders_done() const { return orders_done_; }
    std::size_t pilots_at_work = 0;
    std::size_t letters_under_way = 0;  // read ones that are being answered
    // Nobody writes any more, and everything that was written is read.
    bool mail_is_over() const;

    // The pause that so much work makes at this speed.
    Millis scaled(Millis length) const;
    // How long a waiting pilot waits before it asks again by itself.
    Millis ask_again() const;
    // A lapsed lease is noticed within this time.
    Millis recovery_max() const;

private:
    std::vector<std::string> mission_ids_;
    std::vector<bool> open_;
    std::vector<std::string> sortie_ids_;
    std::vector<std::int64_t> tokens_;  // of the last claim of each sortie
    std::unordered_map<std::string, std::size_t> sorties_{};
    std::unordered_map<std::string, std::size_t> orders_{};
    std::size_t orders_done_ = 0;
    bool stopped_ = false;
};

}  // namespace fleet::simulation
