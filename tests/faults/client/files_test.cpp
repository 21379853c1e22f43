#include "fault/runs.hpp"

#include <catch2/catch.hpp>

#include <iostream>

namespace fleet::fault {
namespace {

TEST_CASE("no file is held twice and no stale token accepted while workers are killed and leases lapse",
          "[fault][files]") {
    FilesRun const run;
    auto const outcome = run_files(run);
    std::cout << outcome.text() << std::endl;

    CHECK(outcome.findings.faults_count == 0);
    CHECK(outcome.differences.empty());
    CHECK(outcome.complaints.empty());
    auto const part = is_long_run() ? 1U : 3U;
    CHECK(outcome.rounds >= static_cast<std::size_t>(run.workers * run.rounds));
    CHECK(outcome.granted >= 1'000 / part);
    CHECK(outcome.conflicts >= 500 / part);
    CHECK(outcome.displaced >= 20 / part);
    CHECK(outcome.rejected >= 50 / part);
    CHECK(outcome.workers_killed >= 10);
    CHECK(outcome.daemons_killed == 1);
}

}  // namespace
}  // namespace fleet::fault
