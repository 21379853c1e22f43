#include "bus/listener.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace fleet::bus;

TEST_CASE("a notification of ours is a range", "[bus][hint]") {
    auto const hint = parse_hint(R"({"from":4711,"to":4730,"projects":["demo"]})");
    REQUIRE(hint);
    CHECK(hint->from == 4711);
    CHECK(hint->to == 4730);
    CHECK(parse_hint(R"({"from":1,"to":1,"projects":null})"));
}

TEST_CASE("anything else on the channel is passed over", "[bus][hint]") {
    for (char const* payload : {"", "hello", "[1,2]", "{}", R"({"from":"1","to":2})", R"({"from":5,"to":4})",
                                R"({"from":0,"to":4})", R"({"from":1)"})
        CHECK_FALSE(parse_hint(payload));
}

TEST_CASE("the test switch takes catching up away, and nothing else does", "[bus][hint]") {
    ::unsetenv("FLEET_TEST_SWITCHES");
    CHECK(catch_up_wanted());
    ::setenv("FLEET_TEST_SWITCHES", "other", 1);
    CHECK(catch_up_wanted());
    ::setenv("FLEET_TEST_SWITCHES", "other,no_catch_up", 1);
    CHECK_FALSE(catch_up_wanted());
    ::unsetenv("FLEET_TEST_SWITCHES");
}
