#pragma once
// The runs of the fault tests. Each says what was broken and what was done meanwhile, so that a test can
// ask for a minimum: a run in which nothing happened shows nothing.
#include "fault/stage.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace fleet::fault {

// What `make test` plays is long enough for every kind of fault to happen; `make test-long` plays more of it.
inline bool is_long_run() { return std::getenv("FLEET_TEST_LONG") != nullptr; }

struct EventsRun {
    StageOptions stage{};
    std::chrono::seconds length{is_long_run() ? 30 : 18};
    int daemon_writers = 5;
    int psql_writers = 3;
    bool daemon_subscribers = true;
    std::chrono::seconds end_limit{60};  // for the workers to come to their end
    bool kill_listeners = true;
    bool kill_daemons = true;
    bool crash_server = true;
};

struct EventsOutcome {
    Findings findings{};
    std::vector<std::string> differences{};  // of verify_projections
    std::vector<std::string> complaints{};   // of workers that did not end well
    std::size_t subscribers = 0;
    std::size_t acknowledged = 0;
    std::size_t repeated = 0;  // tries that got no acknowledgement
    std::int64_t logged = 0;
    std::size_t listeners_killed = 0;
    std::size_t daemons_killed = 0;
    std::size_t servers_crashed = 0;

    std::string text() const;
};

EventsOutcome run_events(EventsRun run);

struct FilesRun {
    StageOptions stage{};
    int workers = 8;
    int rounds = is_long_run() ? 1'000 : 300;  // of each worker
    std::chrono::seconds limit{300};
    bool kill_workers = true;
    bool kill_daemon = true;
};

struct FilesOutcome {
    Findings findings{};
    std::vector<std::string> differences{};
    std::vector<std::string> complaints{};
    std::size_t rounds = 0;
    std::size_t granted = 0;
    std::size_t conflicts = 0;  // requests that were refused or waited in vain
    std::size_t displaced = 0;  // lapsed reservations that a grant ended
    std::size_t accepted = 0;
    std::size_t rejected = 0;  // questions with a token that was stale
    std::size_t failed = 0;    // operations without a clear answer
    std::size_t workers_killed = 0;
    std::size_t daemons_killed = 0;

    std::string text() const;
};

FilesOutcome run_files(FilesRun run);

struct ClaimsRun {
    StageOptions stage{};
    int workers = 16;
    std::size_t sorties = 2'000;
    std::size_t kills_max = 40;
    std::chrono::seconds limit{240};
    bool kill_workers = true;
};

struct ClaimsOutcome {
    Findings findings{};
    std::vector<std::string> differences{};
    std::vector<std::string> complaints{};
    std::size_t sorties = 0;
    std::size_t claimed = 0;
    std::size_t accepted = 0;
    std::size_t rejected = 0;
    std::size_t requeued = 0;
    std::size_t workers_killed = 0;
    std::chrono::seconds took{};

    std::string text() const;
};

ClaimsOutcome run_claims(ClaimsRun run);

// `fleet simulate` on all daemons of the stage; the first one is killed, and started again, once `kill_after`
// sorties are done.
struct SimulationRun {
    StageOptions stage{};
    int pilots = 50;
    int missions = 20;
    int sorties_per_mission = 5;
    int orders = 20;
    std::int64_t kill_after = 20;
    std::chrono::seconds limit{150};
};

struct SimulationOutcome {
    int status = -1;
    Json figures = nullptr;    // what it printed
    std::string complaints{};  // all else that it printed
    std::size_t daemons_killed = 0;
};

SimulationOutcome run_simulation(SimulationRun run);

}  // namespace fleet::fault
