#include "transport/reconnect_plan.hpp"
#include "support/catch.hpp"

using namespace fleet;
using fleet::transport::ReconnectPlan;

TEST_CASE("pauses grow while it fails and start again after progress", "[unit][transport]") {
    ReconnectPlan plan{{BackoffLimits{Millis(100), Millis(1'000)}, std::nullopt}};
    auto first = plan.failed(Millis(0), 0.999);
    auto second = plan.failed(Millis(200), 0.999);
    REQUIRE((first && second));
    CHECK(*second > *first);
    CHECK(plan.is_failing());
    plan.progressed();
    CHECK_FALSE(plan.is_failing());
    CHECK(*plan.failed(Millis(300), 0.999) == *first);
}

TEST_CASE("without a time to give up it tries for ever", "[unit][transport]") {
    ReconnectPlan plan{{BackoffLimits{Millis(100), Millis(1'000)}, std::nullopt}};
    for (int i = 0; i < 1'000; ++i) REQUIRE(plan.failed(Millis(i * 1'000), 0.5));
}

TEST_CASE("it gives up when all has been failing for long enough, and never sleeps past that",
          "[unit][transport]") {
    ReconnectPlan plan{{BackoffLimits{Millis(100), Millis(60'000)}, Millis(500)}};
    REQUIRE(plan.failed(Millis(1'000), 0.999));
    CHECK(*plan.failed(Millis(1'450), 0.999) <= Millis(50));
    CHECK_FALSE(plan.failed(Millis(1'500), 0.999));
}
