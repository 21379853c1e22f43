#include "simulation/audit.hpp"

#include <catch2/catch.hpp>

namespace fleet::simulation {
namespace {

Event event(std::int64_t seq, std::string type, std::string stream, Json data = Json::object()) {
    Event made;
    made.seq = seq;
    made.type = std::move(type);
    made.stream_id = std::move(stream);
    made.data = std::move(data);
    return made;
}

Planned one_sortie() {
    Planned planned;
    planned.sorties = {"srt_1"};
    return planned;
}

TEST_CASE("a run in which all ended once has no faults", "[unit][simulation]") {
    Audit audit(one_sortie());
    audit.take(event(1, "sortie_assigned", "srt_1", {{"pilot", "ann"}}));
    audit.take(event(2, "sortie_requeued", "srt_1"));
    audit.take(event(3, "sortie_assigned", "srt_1", {{"pilot", "bob"}}));
    audit.take(event(4, "sortie_completed", "srt_1"));
    CHECK(audit.work_faults().empty());
    CHECK(audit.events() == 4);
}

TEST_CASE("a sortie that was never completed, or twice, is told", "[unit][simulation]") {
    Audit audit(one_sortie());
    CHECK(audit.work_faults() == std::vector<std::string>{"sortie srt_1 was completed 0 times"});
    audit.take(event(1, "sortie_completed", "srt_1"));
    audit.take(event(2, "sortie_completed", "srt_1"));
    CHECK(audit.work_faults() == std::vector<std::string>{"sortie srt_1 was completed 2 times"});
}

TEST_CASE("a sortie that two pilots have at once is told", "[unit][simulation]") {
    Audit audit(one_sortie());
    audit.take(event(1, "sortie_assigned", "srt_1", {{"pilot", "ann"}}));
    audit.take(event(2, "sortie_assigned", "srt_1", {{"pilot", "bob"}}));
    audit.take(event(3, "sortie_completed", "srt_1"));
    CHECK(audit.work_faults() ==
          std::vector<std::string>{"srt_1 was given to bob at seq 2 while ann had it"});
}

TEST_CASE("a letter is lost until each of its readers has read it", "[unit][simulation]") {
    Audit audit(Planned{});
    audit.take(event(1, "message_sent", "msg_1", {{"to", {"ann", "bob"}}}));
    audit.take(event(2, "message_read", "msg_1", {{"reader", "ann"}}));
    CHECK(audit.lost_messages() == 1);
    audit.take(event(3, "message_read", "msg_1", {{"reader", "bob"}}));
    CHECK(audit.lost_messages() == 0);
}

}  // namespace
}  // namespace fleet::simulation
