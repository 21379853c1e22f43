#pragma once
// From what was seen to what is told. Pure.
#include "simulation/audit.hpp"
#include "simulation/ledger.hpp"
#include "simulation/runner.hpp"

#include <string>
#include <vector>

namespace fleet::simulation {

struct Findings {
    Plan const& plan;
    Ledger const& ledger;
    Audit const& audit;
    Json const& verified;  // the answer of the operation `replay`
    Millis took{};
    std::string project{};
    std::size_t hosts = 1;
};

Report make_report(Findings const& findings);

// The report for people, without the faults.
std::vector<std::string> lines_of(Report const& report);

}  // namespace fleet::simulation
