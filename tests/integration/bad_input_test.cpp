// What no client should send: each gets its status and a clear problem, the daemon goes on, nothing is
// half-written.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"

#include <vector>

#include <sys/resource.h>

using namespace fleet;
using namespace fleet::test;

namespace {

struct House {
    Database database = fresh_database();
    DaemonProcess daemon{
        DaemonOptions{.dsn = database.dsn(), .environment = {{"FLEET_HTTP_READ_TIMEOUT", "1s"}}}};
    std::int64_t events_before = 0;

    House() {
        daemon.wait_ready();
        must_be(201, daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}}));
        must_be(201, daemon.call("POST", "/api/v1/pilots",
                                 Json{{"callsign", "viper-1"}, {"program", "t"}, {"model", "m"}}, headers()));
        events_before = events();
    }
    ~House() {
        // Whatever came, the log holds what it held, and the next request is served.
        CHECK(events() == events_before);
        CHECK(daemon.call("GET", "/healthz").status == 200);
        CHECK(
            daemon
                .call("POST", "/api/v1/events", Json{{"type", "x.fine"}, {"data", Json::object()}}, headers())
                .status == 201);
    }
    static HttpHeaders headers() { return {{"Fleet-Project", "shop"}, {"Fleet-As", "viper-1"}}; }
    static void must_be(int status, HttpAnswer const& answer) {
        INFO(answer.body);
        REQUIRE(answer.status == status);
    }
    std::int64_t events() {
        return database.connect().number("select count(*) from fleet.events where project = 'shop'");
    }
    HttpAnswer send(std::string const& path, std::string const& body) {
        HttpHeaders all = headers();
        all["Content-Type"] = "application/json";
        return http_call(daemon.socket(), "POST", "/api/v1" + path, body, all);
    }
    // Status, code and field of the problem, in one text.
    std::string problem(std::string const& path, std::string const& body) {
        auto const answer = send(path, body);
        INFO(answer.body);
        CHECK(answer.headers.at("content-type") == "application/problem+json");
        auto const document = answer.json();
        CHECK(document["status"] == answer.status);
        CHECK(!document["title"].get<std::string>().empty());
        CHECK(!document["detail"].get<std::string>().empty());
        CHECK(!document["hint"].get<std::string>().empty());
        return std::to_string(answer.status) + " " + answer.code() + " " + text_or(document, "field", "");
    }
};

std::string note(std::string const& data) { return R"({"type":"x.note","data":)" + data + "}"; }

std::string nested(int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("a body of 10 MB is answered 413", "[integration][bad]") {
    House house;
    CHECK(house.problem("/events", note("{\"a\":\"" + std::string(10'000'000, 'x') + "\"}")) ==
          "413 too_large ");
}

TEST_CASE("text that is not JSON, or not UTF-8, is answered 400", "[integration][bad]") {
    House house;
    CHECK(house.problem("/events", "{").starts_with("400 bad_json"));
    CHECK(house.problem("/events", note("{\"a\":\"\xc3\x28\"}")).starts_with("400 bad_json"));
    CHECK(house.problem("/events", note("{\"a\":\"\xed\xa0\x80\"}")).starts_with("400 bad_json"));
    CHECK(house.problem("/events", R"({"type":"x.note","type":"x.note","data":{}})")
              .starts_with("400 bad_json"));
    CHECK(
        house.problem("/events", note("{\"a\":123456789012345678901234567890}")).starts_with("400 bad_json"));
}

TEST_CASE("JSON that is too deep is answered 400", "[integration][bad]") {
    House house;
    CHECK(house.problem("/events", note("{\"a\":" + nested(70) + "}")).starts_with("400 bad_json"));
    CHECK(house.problem("/events", nested(100'000)).starts_with("400 bad_json"));
}

TEST_CASE("a NUL in a string is refused with a pointer to it", "[integration][bad]") {
    House house;
    CHECK(house.problem("/events", note("{\"a\":[1,\"x\\u0000y\"]}")) == "400 bad_json /data/a/1");
    CHECK(house.problem("/events", note("{\"a\\u0000b\":1}")).starts_with("400 bad_json"));
    CHECK(http_call(house.daemon.socket(), "GET", "/api/v1/pilots/a%00b?project=shop").status == 400);
}

TEST_CASE("a field that is not known, missing or wrong is named", "[integration][bad]") {
    House house;
    CHECK(house.problem("/events", R"({"type":"x.note","data":{},"dta":1})") == "422 unknown_field /dta");
    CHECK(house.problem("/events", R"({"data":{}})") == "422 invalid_field /type");
    CHECK(house.problem("/events", R"({"type":"x.note","data":7})") == "422 invalid_field /data");
    CHECK(house.problem("/events", R"([1,2])").starts_with("422 invalid_field"));
    CHECK(house.problem("/events", "null").starts_with("422 invalid_field"));
    CHECK(house.problem("/events", R"({"type":"no_such_type","data":{}})") == "422 unknown_event_type /type");
    CHECK(house.problem("/events", R"({"type":"usage_recorded","data":{"surprise":1}})").find("/data/") !=
          std::string::npos);
    CHECK(house.problem("/events/batch",
                        R"({"events":[{"type":"x.a","data":{}},{"type":"pilot_stale","data":{}}]})") ==
          "403 forbidden /events/1/type");
    CHECK(house.problem("/pilots", R"({"callsign":"Not Good","program":"t","model":"m"})") ==
          "422 invalid_field /callsign");
}

TEST_CASE("paths that leave the project and patterns outside the grammar are named", "[integration][bad]") {
    House house;
    for (auto const* pattern : {"../../x", "/etc/passwd", "a[", "a{b}", "!a", "a//b", "", "a/**b"}) {
        CAPTURE(pattern);
        auto const said = house.problem("/reservations", json_text(Json{{"patterns", {"fine", pattern}}}));
        CHECK(said == "422 invalid_field /patterns/1");
    }
    CHECK(house.problem("/reservations", R"({"patterns":[]})") == "422 invalid_field /patterns");
    CHECK(
        house.problem("/files/check", R"({"paths":["../../x"],"token":1})").starts_with("422 invalid_field"));
    auto const who =
        http_call(house.daemon.socket(), "GET", "/api/v1/files/who?path=../../x", {}, House::headers());
    CHECK(who.status == 422);
}

TEST_CASE("headers and parameters with nonsense are refused", "[integration][bad]") {
    House house;
    auto const with = [&](std::string const& name, std::string const& value) {
        HttpHeaders all = House::headers();
        all["Content-Type"] = "application/json";
        all[name] = value;
        return http_call(house.daemon.socket(), "POST", "/api/v1/reservations", R"({"patterns":["a"]})", all);
    };
    CHECK(with("Idempotency-Key", std::string(300, 'k')).json()["field"] == "/idempotency_key");
    CHECK(with("Fleet-Fence", "reservation/x").json()["field"] == "/fence");
    CHECK(with("Fleet-As", "Bad Name").json()["field"] == "/as");
    CHECK(with("Fleet-Project", "no-such-project").status == 404);
    auto const get = [&](std::string const& target) {
        return http_call(house.daemon.socket(), "GET", "/api/v1" + target);
    };
    CHECK(get("/events?limit=many").json()["field"] == "/limit");
    CHECK(get("/events?limit=100000").status == 422);
    CHECK(get("/events?limit=1&limit=2").status == 422);
    CHECK(get("/events?surprise=1").code() == "unknown_field");
    CHECK(get("/events?since=yesterday").json()["field"] == "/since");
    CHECK(get("/events?project=%zz").code() == "bad_request");
}

TEST_CASE("a slow client is told 408, half a frame and half a request cost nothing", "[integration][bad]") {
    House house;
    HttpWire slow(house.daemon.socket());
    slow.send("POST /api/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    HttpWire half(house.daemon.socket());
    half.send(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    CHECK(half.read_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
    half.send(std::string("\x81\x8a\0\0\0\0{\"i", 9));
    CHECK(slow.read_answer().status == 408);
    CHECK(house.daemon.call("GET", "/healthz").status == 200);
}

TEST_CASE("a thousand idle connections disturb nobody", "[integration][bad]") {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    House house;
    std::vector<HttpWire> idle;
    for (int i = 0; i < 1'000; ++i) idle.emplace_back(house.daemon.socket());
    auto const begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) CHECK(house.daemon.call("GET", "/healthz").status == 200);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(2));
    idle.front().send(http_request("GET", "/healthz"));
    CHECK(idle.front().read_answer().status == 200);
    auto const status = house.daemon.call("GET", "/api/v1/status").json();
    CHECK(status["daemon"]["connections"] >= 1'000);
    WARN("resident with 1,000 idle connections: "
         << status["daemon"]["memory_bytes"].get<std::int64_t>() / 1024 << " KB");
}
