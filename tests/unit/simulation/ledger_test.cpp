#include "simulation/ledger.hpp"

#include <catch2/catch.hpp>

namespace fleet::simulation {
namespace {

using std::chrono::milliseconds;

// Sortie 1 needs sortie 0.
Plan two_in_a_row() {
    Plan plan;
    plan.pilots = {{"ann", "test", "none"}, {"bob", "test", "none"}, {"cid", "test", "none"}};
    plan.missions = {{"goal", "medium", {0, 1}}};
    plan.sorties.resize(2);
    plan.sorties[1].depends_on = {{0, false}};
    return plan;
}

Instant at(int ms) {
    return Instant{} + milliseconds(ms);
}

TEST_CASE("a claim counts from when the sortie was ready and its pilot asked", "[unit][simulation]") {
    auto const plan = two_in_a_row();
    Ledger ledger(plan);
    ledger.opened(0, at(0));
    ledger.opened(1, at(0));
    ledger.begins_to_ask(0, at(100));
    CHECK(ledger.claimed(0, 0, at(110)) == 1);
    ledger.ends_asking(0);
    ledger.begins_to_ask(1, at(120));
    ledger.completed(0, at(200));
    CHECK(ledger.claimed(1, 1, at(230)) == 1);
    CHECK(ledger.ready_to_claimed().count() == 2);
    CHECK(ledger.ready_to_claimed().at(0.5) == 10.0);
    CHECK(ledger.ready_to_claimed().at(1.0) == 30.0);
}

TEST_CASE("a claim counts from when it was ready if somebody else waited idly", "[unit][simulation]") {
    auto const plan = two_in_a_row();
    Ledger ledger(plan);
    ledger.begins_to_ask(0, at(0));
    ledger.finds_nothing(0, at(5));
    ledger.opened(0, at(100));
    ledger.begins_to_ask(1, at(900));
    ledger.claimed(0, 1, at(910));
    CHECK(ledger.ready_to_claimed().at(1.0) == 810.0);
}

TEST_CASE("what comes back is ready again, and its next attempt has the next number", "[unit][simulation]") {
    auto const plan = two_in_a_row();
    Ledger ledger(plan);
    ledger.opened(0, at(0));
    ledger.begins_to_ask(0, at(0));
    CHECK(ledger.claimed(0, 0, at(1)) == 1);
    ledger.ends_asking(0);
    ledger.begins_to_ask(1, at(2));
    ledger.returned(0, at(5'000), at(1'000));
    CHECK(ledger.claimed(0, 1, at(5'002)) == 2);
    CHECK(ledger.recoveries().at(1.0) == 4'000.0);
    CHECK(ledger.ready_to_claimed().at(1.0) == 2.0);
}

TEST_CASE("a sortie that is completed twice is a fault", "[unit][simulation]") {
    auto const plan = two_in_a_row();
    Ledger ledger(plan);
    ledger.completed(0, at(1));
    CHECK(ledger.faults().empty());
    ledger.completed(0, at(2));
    CHECK(ledger.faults().size() == 1);
}

TEST_CASE("a file that two pilots surely hold at once is a fault", "[unit][simulation]") {
    auto const plan = two_in_a_row();
    Ledger ledger(plan);
    ledger.holds(0, {"src/a/**"}, at(0), at(1'000));

    SECTION("others hold other files") {
        ledger.holds(1, {"src/b/**"}, at(10), at(1'000));
        CHECK(ledger.faults().empty());
    }
    SECTION("it was given back") {
        ledger.lets_go(0);
        ledger.holds(1, {"src/a/x.cpp"}, at(10), at(1'000));
        CHECK(ledger.faults().empty());
    }
    SECTION("its lease may have run out") {
        ledger.holds(1, {"src/a/x.cpp"}, at(1'000), at(2'000));
        CHECK(ledger.faults().empty());
    }
    SECTION("it was held all the time") {
        ledger.still_holds(0, at(1'500));
        ledger.holds(1, {"src/a/x.cpp"}, at(1'000), at(2'000));
        REQUIRE(ledger.faults().size() == 1);
        CHECK(ledger.faults().front() == "bob got src/a/x.cpp while ann held it");
    }
}

TEST_CASE("mail is unread until each reader has read it, also when it is read early", "[unit][simulation]") {
    auto const plan = two_in_a_row();
    Ledger ledger(plan);
    ledger.read("msg_1", 2);
    ledger.wrote("msg_1", {1, 2});
    CHECK(ledger.unread() == 1);
    CHECK(ledger.has_mail(1));
    CHECK_FALSE(ledger.has_mail(2));
    ledger.read("msg_1", 1);
    CHECK(ledger.unread() == 0);
}

TEST_CASE("percentiles are values that were seen", "[unit][simulation]") {
    Samples samples;
    CHECK(samples.at(0.99) == 0);
    for (int i = 1; i <= 100; ++i) samples.add(milliseconds(i));
    CHECK(samples.at(0.5) == 50.0);
    CHECK(samples.at(0.99) == 99.0);
    CHECK(samples.at(1.0) == 100.0);
}

}  // namespace
}  // namespace fleet::simulation
