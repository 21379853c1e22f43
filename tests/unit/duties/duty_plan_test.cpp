#include "duties/duty_plan.hpp"

#include <catch2/catch.hpp>

using namespace fleet::duties;
using fleet::Millis;

namespace {

Instant at(int ms) { return Instant{} + Millis(ms); }

}  // namespace

TEST_CASE("a host that does not lead asks to lead at once and renews at a third of its lease", "[duties]") {
    DutyPlan plan(DutyPauses{}, at(0));
    CHECK(plan.next().duty == Duty::lead);
    plan.done(Duty::lead, at(1));
    CHECK(plan.next().duty == Duty::lead);
    CHECK(plan.next().at == at(2001));
    plan.done(Duty::lead, at(4500));
    CHECK(plan.next().duty == Duty::renew);
    CHECK(plan.next().at == at(5000));
}

TEST_CASE("a new leader sweeps at once and watches in between", "[duties]") {
    DutyPlan plan(DutyPauses{}, at(0));
    plan.leads(true, at(10));
    CHECK(plan.next().duty == Duty::sweep);
    plan.done(Duty::sweep, at(11));
    CHECK(plan.next().duty == Duty::watch);
    plan.done(Duty::watch, at(12));
    CHECK(plan.next().duty == Duty::watch);
    CHECK(plan.next().at == at(1012));
}

TEST_CASE("who no longer leads neither sweeps nor watches, and asks again after a pause", "[duties]") {
    DutyPlan plan(DutyPauses{}, at(0));
    plan.leads(true, at(0));
    plan.done(Duty::sweep, at(1));
    plan.leads(false, at(100));
    CHECK(plan.next().duty == Duty::lead);
    CHECK(plan.next().at == at(2100));
}
