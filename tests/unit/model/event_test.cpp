#include <fleet/callsign.hpp>
#include <fleet/event.hpp>
#include <fleet/json.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace fleet;

namespace {

Event some_event() {
    return Event{.seq = 7,
                 .position = "1a2b3c4d.7",
                 .event_id = "evt_01h455vb4pex5vsknk084sn02q",
                 .project = "acme",
                 .type = "x.note",
                 .stream_type = "x",
                 .stream_id = "x:acme",
                 .stream_version = 3,
                 .actor = "viper-1",
                 .correlation_id = "conversation",
                 .data = {{"a", 1}},
                 .metadata = {{"host", "h"}},
                 .occurred_at = Time{Millis{1}},
                 .recorded_at = Time{Millis{2}},
                 .schema_version = 1};
}

}  // namespace

TEST_CASE("an event survives the way through JSON text", "[event]") {
    auto const event = some_event();
    auto const back = event_from_json(parse_json(json_text(event_to_json(event))).value());
    REQUIRE(back.has_value());
    CHECK(*back == event);
}

TEST_CASE("members of a newer daemon are passed over, absent optional ones are absent", "[event]") {
    auto json = event_to_json(some_event());
    json["shard"] = 4;
    json["causation_id"] = nullptr;
    auto const event = event_from_json(json);
    REQUIRE(event.has_value());
    CHECK_FALSE(event->causation_id.has_value());
}

TEST_CASE("an event with a member missing or of another type is refused by name", "[event]") {
    auto const whole = event_to_json(some_event());
    for (auto const* key :
         {"seq", "position", "event_id", "project", "type", "stream_type", "stream_id", "stream_version",
          "actor", "data", "metadata", "occurred_at", "recorded_at", "schema_version"}) {
        CAPTURE(key);
        auto without = whole;
        without.erase(key);
        CHECK(event_from_json(without).error().field == "/" + std::string(key));
        auto wrong = whole;
        wrong[key] = Json::array();
        CHECK(event_from_json(wrong).error().field == "/" + std::string(key));
    }
    auto wrong = whole;
    wrong["occurred_at"] = "yesterday";
    CHECK(event_from_json(wrong).error().field == "/occurred_at");
    wrong = whole;
    wrong["schema_version"] = 5'000'000'000;
    CHECK(event_from_json(wrong).error().message == "is out of range");
    CHECK_FALSE(event_from_json(Json::array()).has_value());
}

TEST_CASE("a position is printed and read again, and nothing else is read as one", "[event]") {
    Position const position{.incarnation = "1a2b3c4d", .seq = 4711};
    CHECK(position_text(position) == "1a2b3c4d.4711");
    CHECK(parse_position("1a2b3c4d.4711").value() == position);
    CHECK(parse_position("00000000.0").value().seq == 0);
    for (auto const* text : {"", "4711", "1a2b3c4d", "1a2b3c4d.", "1a2b3c4d.-1", "1A2B3C4D.1", "1a2b3c4d.1x",
                             "1a2b3c4d.01", "1a2b3c4.47111", "1a2b3c4d.99999999999999999999", "1a2b3c4g.1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_position(text).has_value());
    }
}

TEST_CASE("a callsign begins with a letter and has 63 characters at most", "[callsign]") {
    for (auto const& text : {std::string("a"), std::string("viper-1"), std::string(63, 'z')})
        CHECK(Callsign::parse(text).has_value());
    for (auto const& text :
         {std::string(), std::string("1viper"), std::string("-a"), std::string("Viper"), std::string("a b"),
          std::string("a_b"), std::string(64, 'z'), std::string("ü")}) {
        CAPTURE(text);
        CHECK_FALSE(Callsign::parse(text).has_value());
    }
    CHECK(Callsign::parse("viper-1").value().str() == "viper-1");
    CHECK(Callsign::parse("a").value() < Callsign::parse("b").value());
}
