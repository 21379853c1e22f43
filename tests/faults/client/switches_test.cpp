// The checkers can fail: with a safety switched off each of them finds the fault it is there for.
#include "fault/runs.hpp"

#include <catch2/catch.hpp>

#include <iostream>

namespace fleet::fault {
namespace {

EventsRun short_events_run() {
    EventsRun run;
    run.length = std::chrono::seconds{8};
    run.end_limit = std::chrono::seconds{20};
    run.kill_listeners = false;
    run.kill_daemons = false;
    run.crash_server = false;
    return run;
}

FilesRun short_files_run() {
    FilesRun run;
    run.rounds = 150;
    run.limit = std::chrono::seconds{60};
    run.kill_workers = false;
    run.kill_daemon = false;
    return run;
}

TEST_CASE("without the order lock, events are found missing at a subscriber", "[fault][switches]") {
    auto run = short_events_run();
    run.stage.database_switches = "no_order_lock";
    // A daemon holds its subscribers back at a hole, so nothing is lost there but time. A subscription
    // straight on the database reads what is behind its last seq, as one would with an identity column.
    run.daemon_subscribers = false;
    auto const outcome = run_events(run);
    std::cout << "no_order_lock: " << outcome.text() << std::endl;
    CHECK(outcome.acknowledged >= 500);
    CHECK(outcome.findings.of("never_seen") > 0);
}

TEST_CASE("without catching up before the wait, events are found missing at a subscriber",
          "[fault][switches]") {
    auto run = short_events_run();
    run.kill_listeners = true;
    run.stage.daemon_switches = "no_catch_up";
    auto const outcome = run_events(run);
    std::cout << "no_catch_up: " << outcome.text() << std::endl;
    CHECK(outcome.listeners_killed >= 4);
    CHECK(outcome.findings.of("never_seen") > 0);
}

TEST_CASE("without the token check, a stale token is found accepted", "[fault][switches]") {
    auto run = short_files_run();
    run.stage.database_switches = "no_token_check";
    auto const outcome = run_files(run);
    std::cout << "no_token_check: " << outcome.text() << std::endl;
    CHECK(outcome.findings.of("stale_accepted") > 0);
}

TEST_CASE("without the displacement of what lapsed, a file is found held twice", "[fault][switches]") {
    auto run = short_files_run();
    run.stage.database_switches = "no_displacement";
    auto const outcome = run_files(run);
    std::cout << "no_displacement: " << outcome.text() << std::endl;
    CHECK(outcome.findings.of("held_in_log") > 0);
}

TEST_CASE("without the token check, an act with an earlier claim's token is found", "[fault][switches]") {
    ClaimsRun run;
    run.sorties = 800;
    run.kill_workers = false;
    run.limit = std::chrono::seconds{60};
    run.stage.database_switches = "no_token_check";
    // Whether somebody acts with a token of before is chance: one of five runs has to show it.
    std::size_t found = 0;
    for (int turn = 0; turn < 5 && found == 0; ++turn) {
        auto const outcome = run_claims(run);
        std::cout << "no_token_check (claims): " << outcome.text() << std::endl;
        found = outcome.findings.of("stale_accepted");
    }
    CHECK(found > 0);
}

}  // namespace
}  // namespace fleet::fault
