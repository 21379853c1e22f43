#include "direct/tail_plan.hpp"

#include <catch2/catch.hpp>

#include <initializer_list>

using namespace fleet;
using namespace fleet::direct;

namespace {

TailPlan listening_plan() {
    TailPlan plan;
    for (int i = 0; i < 3; ++i) plan.next(TailHappened::done, Millis(0), 0.5);
    return plan;
}

}  // namespace

TEST_CASE("a listener connects, listens and catches up before it waits", "[direct][plan]") {
    TailPlan plan;
    CHECK(plan.step() == TailStep::connect);
    CHECK(plan.next(TailHappened::done, Millis(0), 0.5) == TailStep::listen);
    CHECK(plan.next(TailHappened::done, Millis(0), 0.5) == TailStep::catch_up);
    CHECK(plan.next(TailHappened::done, Millis(0), 0.5) == TailStep::wait);
}

TEST_CASE("every path to waiting goes through catching up", "[direct][plan]") {
    for (auto const what :
         {TailHappened::hint, TailHappened::quiet, TailHappened::lost, TailHappened::pooler}) {
        auto plan = listening_plan();
        REQUIRE(plan.step() == TailStep::wait);
        Millis now(0);
        plan.next(what, now, 0.5);
        int steps = 0;
        TailStep before = plan.step();
        while (plan.step() != TailStep::wait) {
            before = plan.step();
            now += Millis(1'000);
            plan.next(TailHappened::done, now, 0.5);
            REQUIRE(++steps < 10);
        }
        CHECK(before == TailStep::catch_up);
    }
}

TEST_CASE("a listener that is only hinted at is still tried at its time", "[direct][plan]") {
    auto plan = listening_plan();
    for (int ms = 0; ms <= 5'000; ms += 100) {
        if (plan.step() == TailStep::catch_up) plan.next(TailHappened::done, Millis(ms), 0.5);
        REQUIRE(plan.step() == TailStep::wait);
        if (plan.wait_limit(Millis(ms)) == Millis(0)) break;
        plan.next(TailHappened::hint, Millis(ms), 0.5);
    }
    CHECK(plan.next(TailHappened::quiet, Millis(5'000), 0.5) == TailStep::ping);
    CHECK(plan.next(TailHappened::done, Millis(5'001), 0.5) == TailStep::catch_up);
}

TEST_CASE("a quiet listener looks at the log at the pace of the poll", "[direct][plan]") {
    auto plan = listening_plan();
    CHECK(plan.wait_limit(Millis(0)) == Millis(2'000));
    CHECK(plan.next(TailHappened::quiet, Millis(2'000), 0.5) == TailStep::catch_up);
}

TEST_CASE("pauses between tries grow to a limit and start again after a success", "[direct][plan]") {
    TailPlan plan;
    Millis longest(0);
    Millis first(0);
    for (int i = 0; i < 20; ++i) {
        CHECK(plan.next(TailHappened::lost, Millis(0), 0.999) == TailStep::sleep);
        if (i == 0) first = plan.pause();
        longest = std::max(longest, plan.pause());
        CHECK(plan.next(TailHappened::done, Millis(0), 0.5) == TailStep::connect);
    }
    CHECK(first <= Millis(100));
    CHECK(longest <= Millis(10'000));
    CHECK(longest > Millis(5'000));
    for (int i = 0; i < 3; ++i) plan.next(TailHappened::done, Millis(0), 0.5);
    REQUIRE(plan.step() == TailStep::wait);
    plan.next(TailHappened::lost, Millis(0), 0.999);
    CHECK(plan.pause() <= Millis(100));
}

TEST_CASE("connecting alone does not shorten the pause", "[direct][plan]") {
    TailPlan plan;
    for (int i = 0; i < 8; ++i) {
        plan.next(TailHappened::done, Millis(0), 0.5);    // connected
        plan.next(TailHappened::lost, Millis(0), 0.999);  // and thrown out at LISTEN
        plan.next(TailHappened::done, Millis(0), 0.5);
    }
    CHECK(plan.failures() == 8);
    CHECK(plan.pause() > Millis(1'000));
}

TEST_CASE("a pooler is left alone for a long time", "[direct][plan]") {
    TailPlan plan;
    plan.next(TailHappened::done, Millis(0), 0.5);
    CHECK(plan.next(TailHappened::pooler, Millis(0), 0.5) == TailStep::sleep);
    CHECK(plan.pause() == Millis(30'000));
}
