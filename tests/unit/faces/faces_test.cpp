#include "faces/http_input.hpp"
#include "faces/router.hpp"
#include "faces/ws_frames.hpp"

#include "support/catch.hpp"

using namespace fleet;
using namespace fleet::faces;
using fleet::test::code_of;

TEST_CASE("an address finds its operation, words before parameters", "[unit][faces]") {
    Router const router;
    auto const name = [&](std::string_view method, std::string_view path) {
        auto const route = router.find(method, path);
        return route ? std::string(route->operation->name) : std::string(text_code(route.error()));
    };
    CHECK(name("GET", "/api/v1/reservations/waiting") == "reservations.waiting");
    CHECK(name("GET", "/api/v1/reservations/rsv_1") == "reservations.show");
    CHECK(name("HEAD", "/healthz") == "healthz");
    CHECK(name("GET", "/api/v1/healthz") == "healthz");
    CHECK(name("GET", "/pilots") == "not_found");
    CHECK(name("GET", "/api/v1/pilots/") == "not_found");
    CHECK(name("DELETE", "/api/v1/pilots") == "method_not_allowed");
    CHECK(name("GET", "nonsense") == "bad_request");
    auto const project = router.find("GET", "/api/v1/projects/github.com%2Fa%2Fb");
    REQUIRE(project.has_value());
    CHECK(project->path_args["key"] == "github.com/a/b");
    CHECK(router.find("PUT", "/api/v1/pilots").error().detail["allow"] == Json{"GET", "POST"});
}

TEST_CASE("percent escapes are read, and refused when they are broken", "[unit][faces]") {
    CHECK(*percent_decoded("a%20b%C3%A9") == "a b\xc3\xa9");
    for (auto const* bad : {"%", "%1", "%zz", "%00", "%ff", "a%c3"})
        CHECK(code_of(percent_decoded(bad)) == "bad_request");
    CHECK(*query_args("a=1&b=x+y&c&d=%26") == Json{{"a", "1"}, {"b", "x y"}, {"c", ""}, {"d", "&"}});
    CHECK(code_of(query_args("a=1&a=2")) == "invalid_field");
}

TEST_CASE("Accept is read with its ranges and qualities", "[unit][faces]") {
    auto const allows = [](std::string_view accept, std::string_view type) {
        net::Headers headers;
        headers.add("Accept", accept);
        return accepts(headers, type);
    };
    CHECK(accepts(net::Headers(), "application/json"));
    CHECK(allows("*/*", "application/json"));
    CHECK(allows("text/html, application/json;q=0.5", "application/json"));
    CHECK(allows("application/*", "application/json"));
    CHECK_FALSE(allows("application/json;q=0", "application/json"));
    CHECK_FALSE(allows("text/*", "application/json"));
}

TEST_CASE("headers of a call are checked", "[unit][faces]") {
    net::Headers headers;
    headers.add("Fleet-Project", "shop");
    headers.add("Fleet-Fence", "reservation/rsv_1/12");
    headers.add("If-Match", "W/\"7\"");
    headers.add("Idempotency-Key", "k");
    auto const said = call_headers(headers);
    REQUIRE(said.has_value());
    CHECK(said->fence->token == 12);
    CHECK(said->fence->id == "rsv_1");
    CHECK(said->if_match == 7);
    for (auto const* bad : {"", "a/b", "a//1", "/b/1", "a/b/0", "a/b/x"})
        CHECK(code_of(parse_fence(bad)) == "invalid_field");
    CHECK(check_idempotency_key(std::string(201, 'k')).has_value());
    CHECK(check_idempotency_key("with blank").has_value());
    headers.set("If-Match", "seven");
    CHECK(code_of(call_headers(headers)) == "bad_request");
}

TEST_CASE("arguments come from path, query and body, each once", "[unit][faces]") {
    auto const& list = *find_operation("events.list");
    auto const args = arguments_of(list, Json::object(), Json{{"limit", "5"}}, nullptr);
    REQUIRE(args.has_value());
    CHECK((*args)["limit"] == 5);
    auto const& extend = *find_operation("reservations.extend");
    Json const path{{"reservation_id", "rsv_1"}};
    CHECK(
        arguments_of(extend, path, Json::object(), Json{{"ttl_seconds", 60}, {"project", nullptr}})->size() ==
        2);
    CHECK(code_of(arguments_of(extend, path, Json::object(),
                               Json{{"reservation_id", "x"}, {"ttl_seconds", 60}})) == "invalid_field");
    CHECK(code_of(arguments_of(extend, path, Json{{"reservation_id", "x"}}, nullptr)) == "invalid_field");
    CHECK(code_of(arguments_of(extend, path, Json::object(), Json::array())) == "invalid_field");
}

TEST_CASE("a frame says what it wants in either form", "[unit][faces]") {
    auto const flat = read_frame(R"({"id":1,"op":"append","as":"viper-1","events":[]})");
    REQUIRE(flat.frame.has_value());
    CHECK(flat.frame->op == "events.append_batch");
    CHECK(flat.frame->callsign == "viper-1");
    CHECK(flat.frame->args == Json{{"events", Json::array()}});
    auto const nested = read_frame(R"({"id":"a","op":"status","project":"p","args":{"x":1}})");
    REQUIRE(nested.frame.has_value());
    CHECK(nested.frame->args == Json{{"project", "p"}, {"x", 1}});
    for (auto const* bad : {R"({"op":"status"})", R"({"id":1})", R"({"id":1.5,"op":"status"})", "[]",
                            R"({"id":1,"op":"status","args":3})", R"({"id":1,"op":"status","args":{},"y":1})",
                            R"({"id":1,"op":"status","idempotency_key":""})"})
        CHECK(read_frame(bad).frame.has_error());
    CHECK(read_frame(R"({"id":7})").id == 7);
}

TEST_CASE("events go out as the text they are", "[unit][faces]") {
    bus::Batch batch;
    auto event = std::make_shared<bus::LoggedEvent>();
    event->seq = 5;
    event->json = R"({"seq" : 5})";
    batch.events.push_back(event);
    batch.to = 6;
    CHECK(events_frame("s1", batch, "1a2b3c4d") ==
          R"({"sub":"s1","events":[{"seq" : 5}],"to":"1a2b3c4d.6"})");
    CHECK(answer_frame(1, 201, "{}") == R"({"id":1,"ok":true,"status":201,"result":{}})");
}

TEST_CASE("a frame may say which version it changes", "[unit][faces]") {
    auto const read = read_frame(R"({"id":1,"op":"missions.update","if_match":3,"args":{"title":"t"}})");
    REQUIRE(read.frame.has_value());
    CHECK(read.frame->if_match == 3);
    CHECK(read.frame->args == Json{{"title", "t"}});
    auto const flat = read_frame(R"({"id":1,"op":"missions.update","if_match":3,"title":"t"})");
    REQUIRE(flat.frame.has_value());
    CHECK(flat.frame->if_match == 3);
    CHECK(flat.frame->args == Json{{"title", "t"}});
    auto const bad = read_frame(R"({"id":1,"op":"missions.update","if_match":"3"})");
    CHECK(code_of(bad.frame) == "invalid_field");
}
