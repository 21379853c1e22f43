#include "fault/runs.hpp"

#include <catch2/catch.hpp>

#include <iostream>

namespace fleet::fault {
namespace {

TEST_CASE("no event is lost, doubled or out of order while listeners, daemons and the server break",
          "[fault][events]") {
    EventsRun run;
    run.stage.durability = test::Durability::durable;
    auto const outcome = run_events(run);
    std::cout << outcome.text() << std::endl;

    CHECK(outcome.findings.faults_count == 0);
    CHECK(outcome.differences.empty());
    CHECK(outcome.complaints.empty());
    CHECK(outcome.subscribers == 5);
    CHECK(outcome.acknowledged >= (is_long_run() ? 1'000U : 600U));
    CHECK(outcome.listeners_killed >= 10);
    CHECK(outcome.daemons_killed == 2);
    CHECK(outcome.servers_crashed == 1);
}

TEST_CASE("without any daemon, psql and a subscription straight on the database lose nothing",
          "[fault][events]") {
    EventsRun run;
    run.stage.durability = test::Durability::durable;
    run.stage.daemons = 0;
    run.length = std::chrono::seconds{6};
    run.psql_writers = 4;
    auto const outcome = run_events(run);
    std::cout << outcome.text() << std::endl;

    CHECK(outcome.findings.faults_count == 0);
    CHECK(outcome.differences.empty());
    CHECK(outcome.complaints.empty());
    CHECK(outcome.subscribers == 1);
    CHECK(outcome.acknowledged >= 200);
    CHECK(outcome.servers_crashed == 1);
}

}  // namespace
}  // namespace fleet::fault
