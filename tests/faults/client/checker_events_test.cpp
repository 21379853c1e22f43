#include "fault/checker_events.hpp"

#include <catch2/catch.hpp>

namespace fleet::fault {
namespace {

std::vector<SeenEvent> events(std::initializer_list<std::int64_t> seqs) {
    std::vector<SeenEvent> list;
    for (auto const seq : seqs) list.push_back({.seq = seq, .event_id = "evt_" + std::to_string(seq)});
    return list;
}

EventsEvidence whole_run() {
    return {.log = events({1, 2, 3, 4}),
            .acknowledged = events({2, 4}),
            .subscribers = {{.name = "a", .after = 0, .seen = events({1, 2, 3, 4})},
                            {.name = "b", .after = 2, .seen = events({3, 4})}}};
}

TEST_CASE("a run in which nothing was lost has no findings", "[unit][checker]") {
    CHECK(check_events(whole_run()).text().empty());
}

TEST_CASE("an acknowledged event that is not in the log is found", "[unit][checker]") {
    auto run = whole_run();
    run.acknowledged.push_back({.seq = 5, .event_id = "evt_5"});
    CHECK(check_events(run).faults_count == 1);
}

TEST_CASE("an acknowledged event at another place of the log is found", "[unit][checker]") {
    auto run = whole_run();
    run.acknowledged[0].seq = 3;
    CHECK(check_events(run).faults_count == 1);
}

TEST_CASE("an event that stands in the log twice is found", "[unit][checker]") {
    auto run = whole_run();
    run.log.push_back({.seq = 5, .event_id = "evt_1"});
    run.subscribers.clear();
    CHECK(check_events(run).faults_count == 1);
}

TEST_CASE("a hole in the log is found", "[unit][checker]") {
    auto run = whole_run();
    run.log.erase(run.log.begin() + 1);
    run.acknowledged.clear();
    run.subscribers.clear();
    CHECK(check_events(run).faults_count == 1);
}

TEST_CASE("a seq that a subscriber never saw is found", "[unit][checker]") {
    auto run = whole_run();
    run.subscribers[0].seen.erase(run.subscribers[0].seen.begin() + 1);
    CHECK(check_events(run).text() == "a never saw seq 2 (evt_2)\n");
}

TEST_CASE("a subscriber that stopped before the end is found", "[unit][checker]") {
    auto run = whole_run();
    run.subscribers[1].seen.pop_back();
    CHECK(check_events(run).text() == "b never saw seq 4 (evt_4), at the end\n");
}

TEST_CASE("a seq that a subscriber saw twice, or late, is found", "[unit][checker]") {
    auto run = whole_run();
    run.subscribers[0].seen.push_back({.seq = 4, .event_id = "evt_4"});
    CHECK(check_events(run).text() == "a saw seq 4 after 4\n");
    run = whole_run();
    std::swap(run.subscribers[0].seen[1], run.subscribers[0].seen[2]);
    CHECK(check_events(run).faults_count == 2);
}

TEST_CASE("another event at the same seq is found", "[unit][checker]") {
    auto run = whole_run();
    run.subscribers[0].seen[2].event_id = "evt_other";
    CHECK(check_events(run).faults_count == 1);
}

TEST_CASE("a history is read up to where its writer was killed", "[unit][checker]") {
    auto const file = std::filesystem::temp_directory_path() / ("history-" + std::to_string(now_us()));
    {
        History history{file};
        history.note({{"did", "acked"}, {"seq", 7}, {"event_id", "evt_7"}});
        std::ofstream{file, std::ios::app} << R"({"did":"acked","seq":8,"ev)";
    }
    History{file}.note({{"did", "saw"}, {"seq", 9}, {"event_id", "evt_9"}});
    auto const lines = read_history(file);
    std::filesystem::remove(file);
    REQUIRE(lines.size() == 2);
    CHECK(seen_events(lines, "acked").at(0).seq == 7);
    CHECK(seen_events(lines, "saw").at(0).event_id == "evt_9");
}

}  // namespace
}  // namespace fleet::fault
