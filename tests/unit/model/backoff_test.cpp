#include <fleet/backoff.hpp>

#include <catch2/catch.hpp>

using namespace fleet;
using namespace std::chrono_literals;

TEST_CASE("pauses double up to the longest and begin anew after a success", "[backoff]") {
    Backoff backoff({.first = 100ms, .longest = 1s, .factor = 2.0, .jitter = 0.0});
    CHECK(backoff.next(0.5) == 100ms);
    CHECK(backoff.next(0.5) == 200ms);
    CHECK(backoff.next(0.5) == 400ms);
    CHECK(backoff.next(0.5) == 800ms);
    CHECK(backoff.next(0.5) == 1s);
    for (int i = 0; i < 10'000; ++i) backoff.next(0.5);
    CHECK(backoff.next(0.5) == 1s);
    CHECK(backoff.failures() == 10'006);
    backoff.reset();
    CHECK(backoff.next(0.5) == 100ms);
}

TEST_CASE("jitter spreads pauses below the step, never above it", "[backoff]") {
    BackoffLimits const limits{.first = 100ms, .longest = 10s, .factor = 2.0, .jitter = 0.5};
    CHECK(Backoff(limits).next(0.0) == 50ms);
    CHECK(Backoff(limits).next(0.5) == 75ms);
    CHECK(Backoff(limits).next(1.0) == 100ms);
    CHECK(Backoff(limits).next(7.0) == 100ms);
    CHECK(Backoff({.first = 0ms, .longest = 0ms}).next(0.0) == 1ms);
}
