#include "duties/duty_plan.hpp"
#include "duties/order_lock_watch.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace fleet;
using namespace fleet::duties;

namespace {

using Instant = DutyPlan::Instant;
Instant at(int milliseconds) { return Instant() + std::chrono::hours(1) + Millis(milliseconds); }

}  // namespace

TEST_CASE("a new session renews before all else, then takes the beacon and asks to lead", "[unit][duties]") {
    DutyPlan plan{DutyPauses{}};
    plan.begin(at(0));
    CHECK(plan.next().duty == Duty::renew);
    plan.done(Duty::renew, at(1));
    CHECK(plan.next().duty == Duty::hold_beacon);
    plan.beacon_is_held(true);
    CHECK(plan.next().duty == Duty::lead);
    plan.done(Duty::lead, at(2));
    CHECK(plan.next().duty == Duty::renew);
    CHECK(plan.next().at == at(5'001));
}

TEST_CASE("a leader sweeps and watches, whoever does not lead does neither", "[unit][duties]") {
    DutyPlan plan{DutyPauses{}};
    plan.begin(at(0));
    plan.done(Duty::renew, at(0));
    plan.beacon_is_held(true);
    plan.leads(true, at(0));
    CHECK(plan.next().duty == Duty::watch_order_lock);
    plan.done(Duty::watch_order_lock, at(1));
    CHECK(plan.next().duty == Duty::sweep);
    plan.done(Duty::sweep, at(2));
    CHECK(plan.next().duty == Duty::watch_order_lock);
    CHECK(plan.next().at == at(1'001));
    plan.leads(false, at(3));
    CHECK(plan.next().duty == Duty::lead);
    plan.begin(at(10));
    CHECK_FALSE(plan.leads());
}

TEST_CASE("nobody is looked for who may be lost before the others had time to come back", "[unit][duties]") {
    DutyPauses pauses;
    pauses.before_watching = Millis(3'000);
    DutyPlan plan{pauses};
    auto const do_until = [&](Instant end) {
        bool watched = false;
        while (plan.next().at <= end) {
            auto const next = plan.next();
            watched = watched || next.duty == Duty::watch_hosts;
            plan.done(next.duty, std::max(next.at, at(0)));
        }
        return watched;
    };
    plan.begin(at(0));
    plan.beacon_is_held(true);
    CHECK_FALSE(do_until(at(2'999)));
    CHECK(do_until(at(3'000)));
    plan.leads(true, at(3'001));
    CHECK_FALSE(do_until(at(7'999)));
    CHECK(do_until(at(8'000)));
    plan.begin(at(9'000));
    CHECK_FALSE(do_until(at(11'999)));
}

TEST_CASE("only a transaction that held the order lock all the time sits on it", "[unit][duties]") {
    OrderLockWatch watch(Millis(5'000));
    auto const holder = [](std::int64_t pid, std::string began) {
        LockHolder one{.pid = pid, .began = std::move(began)};
        return std::vector<LockHolder>{one};
    };
    CHECK(watch.look(holder(1, "a"), at(0)).empty());
    CHECK(watch.look(holder(1, "b"), at(4'000)).empty());     // the next transaction of the same session
    CHECK(watch.look(holder(1, "b"), at(8'000)).empty());
    CHECK(watch.look({}, at(8'500)).empty());
    CHECK(watch.look(holder(1, "b"), at(9'500)).empty());     // it had let go in between
    auto const sitting = watch.look(holder(1, "b"), at(14'500));
    REQUIRE(sitting.size() == 1);
    CHECK(sitting[0].pid == 1);
}
