#include "store/act.hpp"

#include <fleet/json.hpp>

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::store;

TEST_CASE("a request is the object that fleet.act takes", "[store][act]") {
    ActRequest request;
    request.op = "reserve";
    request.project = "demo";
    request.actor = "viper-1";
    request.caller = "uid:0";
    request.key = "k1";
    request.digest = "abc";
    request.host = "host_1";
    request.epoch = 7;
    request.roles = {"operator"};
    request.metadata = Json{{"source", "http"}};
    request.fence = Fence{"reservation", "rsv_1", 12};
    request.args = Json{{"patterns", {"src/**"}}};
    auto const value = parse_json(request_text(request));
    REQUIRE(value.has_value());
    CHECK(*value == Json{{"op", "reserve"},
                         {"project", "demo"},
                         {"actor", "viper-1"},
                         {"caller", "uid:0"},
                         {"key", "k1"},
                         {"digest", "abc"},
                         {"host", "host_1"},
                         {"epoch", 7},
                         {"roles", {"operator"}},
                         {"metadata", {{"source", "http"}}},
                         {"fence", {{"kind", "reservation"}, {"id", "rsv_1"}, {"token", 12}}},
                         {"args", {{"patterns", {"src/**"}}}}});
}

TEST_CASE("what is not said is not sent", "[store][act]") {
    ActRequest request;
    request.op = "sweep";
    CHECK(request_text(request) == R"({"op":"sweep","args":{}})");
}

TEST_CASE("texts with quotes, line ends and umlauts survive", "[store][act]") {
    ActRequest request;
    request.op = "append";
    request.actor = "a\"b\\c\nd\x01 \xc3\xa4";
    auto const value = parse_json(request_text(request));
    REQUIRE(value.has_value());
    CHECK((*value)["actor"].get<std::string>() == request.actor);
}

TEST_CASE("a batch is put together without reading its requests again", "[store][act]") {
    std::string const a = R"({"op":"a"})";
    std::string const b = R"({"op":"b"})";
    CHECK(batch_text({&a, &b}) == R"([{"op":"a"},{"op":"b"}])");
    CHECK(batch_text({&a}) == R"([{"op":"a"}])");
    CHECK(batch_text({}) == "[]");
}

TEST_CASE("a request without a key gets one, so that its repeat is the same request", "[store][act]") {
    ActRequest request;
    request.op = "release";
    seal(request);
    CHECK_FALSE(request.key.empty());
    auto const key = request.key;
    seal(request);
    CHECK(request.key == key);
}

TEST_CASE("an append is made safe by the ids of its events, and needs no key", "[store][act]") {
    ActRequest request;
    request.op = "append";
    request.args = Json{{"events",
                         {{{"type", "x.a"}, {"data", Json::object()}},
                          {{"type", "x.b"}, {"event_id", "evt_mine"}, {"data", Json::object()}}}}};
    seal(request);
    CHECK(request.key.empty());
    CHECK(request.args["events"][0]["event_id"].get<std::string>().starts_with("evt_"));
    CHECK(request.args["events"][1]["event_id"] == "evt_mine");
}
