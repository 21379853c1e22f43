#include "cli/screen/player.hpp"
#include "support/catch.hpp"

#include <fleet/time.hpp>

using namespace fleet;
using namespace fleet::cli;
using fleet::test::must;
using namespace std::chrono_literals;

namespace {

Event event(std::int64_t seq, Millis after) {
    Event made;
    made.seq = seq;
    made.recorded_at = must(parse_time("2026-07-28T09:15:00Z")) + after;
    return made;
}

Player::Instant const start{1000s};

// Three events: at once, a second later, an hour later.
Player player(double speed) {
    Player made(speed, 3s);
    made.add({event(1, 0ms), event(2, 1s), event(3, 3'601s)});
    return made;
}

std::int64_t seq_at(Player& player, Player::Instant now) {
    auto taken = player.take(now);
    return taken ? taken->seq : 0;
}

}  // namespace

TEST_CASE("events come as long after each other as they did, divided by the speed", "[player]") {
    Player made = player(10);
    CHECK(seq_at(made, start) == 1);
    CHECK(seq_at(made, start + 99ms) == 0);
    CHECK(made.due() == start + 100ms);
    CHECK(seq_at(made, start + 100ms) == 2);
}

TEST_CASE("no silence lasts longer than the longest gap", "[player]") {
    Player made = player(1);
    seq_at(made, start);
    seq_at(made, start + 1s);
    CHECK(made.due() == start + 4s);
}

TEST_CASE("a pause stops the clock of the past and leaves the silence that was left", "[player]") {
    Player made = player(1);
    seq_at(made, start);
    made.pause(start + 400ms);
    CHECK_FALSE(made.due());
    CHECK(seq_at(made, start + 50s) == 0);
    made.pause(start + 60s);
    CHECK(made.due() == start + 60'600ms);
}

TEST_CASE("a step shows one event at once and stays paused behind it", "[player]") {
    Player made = player(1);
    seq_at(made, start);
    made.step(start + 10ms);
    CHECK(seq_at(made, start + 10ms) == 2);
    CHECK(made.is_paused());
    CHECK(seq_at(made, start + 100s) == 0);
}

TEST_CASE("steps that are asked for in a row are all taken", "[player]") {
    Player made = player(1);
    made.step(start);
    made.step(start);
    CHECK(seq_at(made, start) == 1);
    CHECK(seq_at(made, start) == 2);
    CHECK(seq_at(made, start + 100s) == 0);
}

TEST_CASE("a new speed leaves as much of the silence behind as there was", "[player]") {
    Player made = player(1);
    seq_at(made, start);
    made.faster(start + 500ms);
    CHECK(made.due() == start + 750ms);
    made.slower(start + 500ms);
    CHECK(made.due() == start + 1s);
}

TEST_CASE("without a speed nothing waits", "[player]") {
    Player made = player(0);
    CHECK(seq_at(made, start) == 1);
    CHECK(seq_at(made, start) == 2);
    CHECK(seq_at(made, start) == 3);
    CHECK(made.waiting() == 0);
}
