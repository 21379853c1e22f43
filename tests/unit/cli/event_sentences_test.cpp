#include "cli/screen/event_line.hpp"
#include "cli/screen/style.hpp"
#include "support/catch.hpp"

#include <fleet/events.hpp>
#include <fleet/json.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace fleet;
using namespace fleet::cli;
using fleet::test::must;

namespace {

Event event(std::string type, std::string stream, Json data) {
    Event out;
    out.type = std::move(type);
    out.actor = "viper-1";
    out.project = "demo";
    out.stream_id = std::move(stream);
    out.data = std::move(data);
    return out;
}

}  // namespace

TEST_CASE("missions and sorties are told by their titles", "[unit][cli]") {
    Teller teller;
    auto told = [&](std::string type, std::string stream, Json data) {
        return teller.sentence(event(std::move(type), std::move(stream), std::move(data))).text;
    };
    CHECK(told("mission_created", "msn_1", {{"title", "New parser"}}) == "planned mission New parser");
    CHECK(told("sortie_created", "srt_1", {{"title", "grammar"}, {"mission_id", "msn_1"}}) ==
          "planned sortie grammar of New parser");
    CHECK(told("mission_started", "msn_1", {{"started_by", "ann"}}) == "started mission New parser");
    CHECK(told("sortie_assigned", "srt_1", {{"pilot", "viper-1"}, {"lease_seconds", 900}}) == "took grammar");
    CHECK(told("sortie_assigned", "srt_1", {{"pilot", "eve"}}) == "gave eve grammar");
    CHECK(told("sortie_started", "srt_1", {{"pilot", "viper-1"}}) == "started grammar");
    CHECK(told("sortie_progress", "srt_1", {{"percent", 40}, {"message", "half"}}) ==
          "grammar is at 40%: half");
    CHECK(told("sortie_blocked", "srt_1", {{"reason", "no key"}}) == "is blocked at grammar: no key");
    CHECK(told("sortie_unblocked", "srt_1", {{"resolution", "got it"}}) == "goes on with grammar: got it");
    CHECK(told("sortie_review_requested", "srt_1", {{"reviewer", "eve"}}) ==
          "wants a review of grammar by eve");
    CHECK(told("review_completed", "srt_1", {{"verdict", "needs_changes"}, {"feedback", "typo"}}) ==
          "wants changes of grammar: typo");
    CHECK(told("sortie_completed", "srt_1", {{"duration_ms", 61'000}}) == "completed grammar after 1m 1s");
    CHECK(told("sortie_failed", "srt_1", {{"error", {{"kind", "test"}, {"message", "two fail"}}}}) ==
          "failed grammar: two fail");
    CHECK(told("sortie_requeued", "srt_1", {{"cause", "pilot_lost"}}) ==
          "grammar is to be had again: pilot_lost");
    CHECK(told("sortie_scope_violated", "srt_1", {{"files", {"a.c"}}}).find("had not reserved: a.c") !=
          std::string::npos);
    CHECK(told("sortie_updated", "srt_1", {{"changes", {{"title", "the grammar"}}}}) ==
          "changed title of the grammar");
    CHECK(told("mission_completed", "msn_1", {{"result", {{"summary", "good"}}}, {"duration_ms", 0}}) ==
          "mission New parser is completed: good");
    CHECK(told("mission_failed", "msn_1", {{"reason", "deadline"}}) == "mission New parser failed: deadline");
}

TEST_CASE("orders, mail, halts and rules have their sentences", "[unit][cli]") {
    Teller teller;
    auto told = [&](std::string type, std::string stream, Json data) {
        return teller.sentence(event(std::move(type), std::move(stream), std::move(data))).text;
    };
    CHECK(told("work_order_created", "wo_1", {{"kind", "lint"}, {"role", "tester"}}) ==
          "enqueued order lint for tester");
    CHECK(told("work_order_claimed", "wo_1", {{"attempt", 2}}) == "took order lint (attempt 2)");
    CHECK(told("work_order_failed", "wo_1", {{"error", {{"message", "no"}}}, {"dead", true}}) ==
          "failed order lint, for good: no");
    CHECK(told("message_sent", "msg_1",
               {{"to", {"bob", "eve"}},
                {"subject", "Files?"},
                {"importance", "urgent"},
                {"ack_required", true}}) == "wrote to bob, eve (urgent): Files?, wants an answer");
    CHECK(told("message_read", "msg_1", {{"reader", "bob"}}) == "read Files?");
    CHECK(told("message_bounced", "msg_1", {{"recipient", "eve"}, {"reason", "unknown"}}) ==
          "Files? did not reach eve (unknown)");
    CHECK(told("fleet_halted", "halt:fleet", {{"scope", {{"kind", "fleet"}}}, {"reason", "fire"}}) ==
          "halted the whole fleet: fire");
    CHECK(told("fleet_resumed", "halt:pilot:demo:eve", {{"scope", {{"kind", "pilot"}, {"id", "eve"}}}}) ==
          "lifted the halt of pilot eve");
    CHECK(
        told("notification_rule_set", "rule:a", {{"rule", {{"name", "a"}, {"types", {"sortie_failed"}}}}}) ==
        "set the rule a for sortie_failed");
    CHECK(told("body_redacted", "evt_1", {{"event_id", "evt_x7k2pq"}, {"reason", "key"}}).ends_with(": key"));
}

TEST_CASE("every event of the catalogue has a sentence of its own", "[unit][cli]") {
    namespace fs = std::filesystem;
    Teller teller;
    std::size_t seen = 0;
    for (auto const& entry :
         fs::directory_iterator(fs::path(FLEET_SOURCE_DIR) / "client/catalogue/samples")) {
        auto type = entry.path().filename().string();
        type.erase(type.find('.'));
        std::ifstream in(entry.path());
        std::ostringstream text;
        text << in.rdbuf();
        auto sample = must(parse_json(text.str()));
        auto said =
            teller.sentence(event(type, "id_1", sample.contains("data") ? sample.at("data") : sample));
        seen += 1;
        INFO(type << ": " << said.text);
        CHECK_FALSE(said.text.empty());
        CHECK((type == "usage_recorded" || said.text.find(type) == std::string::npos));
    }
    CHECK(seen > 30);
}

TEST_CASE("text of several lines stands behind bars, whatever is in it", "[unit][cli]") {
    auto lines = barred("one\r\ntwo\x1b[2J\n\nfleet: done");
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "  │ one");
    CHECK(lines[1] == "  │ two\\x1b[2J");
    CHECK(lines[3] == "  │ fleet: done");
    CHECK(barred("").empty());
    CHECK(printable("a\xC2\x9B"
                    "2Jb") == "a\\u009b2Jb");
    CHECK(printable("user\xE2\x80\xAEtxt") == "user\\u202etxt");
    CHECK(printable("a\xE2\x80\xA6") == "a…");
}
