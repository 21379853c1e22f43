#pragma once
// What a simulated fleet has to do, drawn from a seed. Without I/O and without a clock.
#include <fleet/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fleet::simulation {

struct PlanOptions {
    int pilots = 50;
    int missions = 20;
    int sorties_per_mission = 5;
    int orders = 0;
    std::uint64_t seed = 1;
    // Shares of attempts at a sortie, 0 to 1.
    double crash_rate = 0.03;    // the pilot falls silent in the middle of it
    double fail_rate = 0.05;     // it ends in a failure and is tried again
    double block_rate = 0.08;    // it stands still for a while
    double talk_rate = 0.5;      // the pilot writes to others
    double collide_rate = 0.15;  // it wants a file that others want, too
};

struct PlannedPilot {
    std::string callsign{};
    std::string program{};
    std::string model{};
};

struct Dependency {
    std::size_t sortie = 0;  // index in `Plan::sorties`
    bool settled = false;    // however it ended; else: completed
};

struct PlannedSortie {
    std::size_t mission = 0;
    std::string title{};
    std::string priority{};
    int complexity = 1;
    std::vector<std::string> files{};
    std::vector<Dependency> depends_on{};  // earlier sorties of the same mission
    bool any = false;                      // one of them is enough
};

struct PlannedMission {
    std::string title{};
    std::string priority{};
    std::vector<std::size_t> sorties{};
};

struct PlannedOrder {
    std::string kind{};
    std::string priority{};
    std::vector<std::size_t> depends_on{};  // earlier orders
    int failures = 0;                       // before it succeeds
};

struct Plan {
    PlanOptions options{};
    std::vector<PlannedPilot> pilots{};
    std::vector<PlannedMission> missions{};
    std::vector<PlannedSortie> sorties{};
    std::vector<PlannedOrder> orders{};
};

// The same options give the same plan. Dependencies point backwards, so there is no cycle.
Plan make_plan(PlanOptions options);

enum class Act { reserve, work, progress, talk, block, fail, crash, complete };

struct Step {
    Act act = Act::work;
    Millis length{};  // of `work` and `block`, at speed 1
    int percent = 0;  // of `progress`
};

// What a pilot does in this attempt (1 is the first) at a sortie: begins with the files and ends with
// complete, fail or crash. Only the first two attempts go wrong, so every sortie comes to its end.
std::vector<Step> script_of(Plan const& plan, std::size_t sortie, int attempt);

// A message that a pilot writes: `number` is how many it has written before.
struct Letter {
    std::vector<std::size_t> to{};  // indices in `Plan::pilots`, never the writer
    std::string importance{};
    bool wants_ack = false;
    std::string subject{};
    std::string body{};
};
Letter letter_of(Plan const& plan, std::size_t writer, std::size_t number);

// Whether a pilot answers a letter with this subject. An answer is never answered, so talk ends.
bool answers(Plan const& plan, std::size_t reader, std::string const& subject);

// Sorties that need nothing or whose dependencies are `done`; done ones are not among them.
std::vector<std::size_t> ready_sorties(Plan const& plan, std::vector<bool> const& done);
bool is_ready(Plan const& plan, std::size_t sortie, std::vector<bool> const& done);

}  // namespace fleet::simulation
