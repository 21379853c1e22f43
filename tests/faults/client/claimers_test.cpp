#include "fault/runs.hpp"

#include <catch2/catch.hpp>

#include <iostream>

namespace fleet::fault {
namespace {

TEST_CASE("sixteen claimers finish two thousand sorties once each, while they are killed",
          "[fault][claimers]") {
    ClaimsRun const run;
    auto const outcome = run_claims(run);
    std::cout << outcome.text() << std::endl;

    CHECK(outcome.findings.faults_count == 0);
    CHECK(outcome.differences.empty());
    CHECK(outcome.complaints.empty());
    CHECK(outcome.sorties == 2'000);
    CHECK(outcome.claimed >= 2'000);
    CHECK(outcome.requeued >= 50);
    CHECK(outcome.rejected >= 50);
    CHECK(outcome.workers_killed >= 20);
}

TEST_CASE("fifty simulated pilots finish a hundred sorties with dependencies while a daemon is killed",
          "[fault][simulation]") {
    SimulationRun const run;
    auto const outcome = run_simulation(run);
    std::cout << outcome.figures.dump() << std::endl;
    INFO(outcome.complaints);

    CHECK(outcome.status == 0);
    CHECK(outcome.daemons_killed == 1);
    REQUIRE(outcome.figures.contains("counts"));
    CHECK(outcome.figures.at("sorties") == 100);
    CHECK(outcome.figures.at("counts").at("messages_lost") == 0);
    CHECK(outcome.figures.at("counts").at("deadlocks") == 0);
}

}  // namespace
}  // namespace fleet::fault
