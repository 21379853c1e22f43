// The HTTP face of a real fleetd: routes, headers, problems, pages, streams.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "transport/http_connection.hpp"
#include "transport/ws_channel.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <fleet/operations.hpp>

#include <future>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

struct House {
    using Environment = std::map<std::string, std::string>;
    Database database = fresh_database();
    DaemonProcess daemon;

    House() : House(Environment()) {}
    explicit House(Environment environment)
        : daemon(DaemonOptions{.dsn = database.dsn(), .environment = std::move(environment)}) {
        daemon.wait_ready();
        REQUIRE(post("/projects", Json{{"key", "shop"}}).status == 201);
    }
    static HttpHeaders as(std::string const& callsign, HttpHeaders more = {}) {
        more["Fleet-Project"] = "shop";
        if (!callsign.empty()) more["Fleet-As"] = callsign;
        return more;
    }
    HttpAnswer get(std::string const& path, HttpHeaders const& headers = {}) {
        return daemon.call("GET", "/api/v1" + path, nullptr, headers);
    }
    HttpAnswer post(std::string const& path, Json const& body, HttpHeaders const& headers = {},
                    std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        return daemon.call("POST", "/api/v1" + path, body, headers, limit);
    }
    HttpAnswer pilot(std::string const& callsign) {
        return post("/pilots", Json{{"callsign", callsign}, {"program", "test"}, {"model", "m"}}, as(""));
    }
    HttpAnswer reserve(std::string const& callsign, Json body,
                       std::chrono::milliseconds limit = std::chrono::seconds(10)) {
        return post("/reservations", body, as(callsign), limit);
    }
    HttpAnswer note(std::string const& text, HttpHeaders headers = {}) {
        return post("/events", Json{{"type", "x.note"}, {"data", {{"note", text}}}},
                    as("", std::move(headers)));
    }
};

std::string fence(Json const& granted) {
    return "reservation/" + granted["reservation_id"].get<std::string>() + "/"
           + std::to_string(granted["token"].get<std::int64_t>());
}

}  // namespace

TEST_CASE("an event is created with its place, its position and its address", "[integration][http]") {
    House house;
    auto const made = house.note("hello");
    REQUIRE(made.status == 201);
    auto const event = made.json()["events"][0];
    CHECK(made.headers.at("location") == "/api/v1/events/" + event["event_id"].get<std::string>());
    CHECK(made.headers.at("fleet-seq") == std::to_string(event["seq"].get<std::int64_t>()));
    auto const shown = house.daemon.call("GET", made.headers.at("location"));
    REQUIRE(shown.status == 200);
    CHECK(shown.json()["data"]["note"] == "hello");
    CHECK(shown.json()["metadata"]["source"] == "unix");
}

TEST_CASE("the same idempotency key gives the first answer back, with another body it is refused",
          "[integration][http]") {
    House house;
    HttpHeaders const key{{"Idempotency-Key", "key-1"}};
    auto const first = house.note("once", key);
    auto const again = house.note("once", key);
    REQUIRE(first.status == 201);
    CHECK(again.status == 201);
    CHECK(again.json() == first.json());
    CHECK(again.headers.at("idempotency-replayed") == "true");
    auto const other = house.note("twice", key);
    CHECK(other.status == 422);
    CHECK(other.code() == "idempotency_mismatch");
    CHECK(house.database.connect().number("select count(*) from fleet.events where type = 'x.note'") == 1);
}

TEST_CASE("a key stands for the path, too", "[integration][http]") {
    House house;
    house.pilot("viper-1");
    auto const one = house.reserve("viper-1", Json{{"patterns", {"a/**"}}}).json();
    auto const two = house.reserve("viper-1", Json{{"patterns", {"b/**"}}}).json();
    HttpHeaders headers = House::as("viper-1", {{"Idempotency-Key", "release"}, {"Fleet-Fence", fence(one)}});
    auto const first = house.post("/reservations/" + one["reservation_id"].get<std::string>() + "/release",
                                  nullptr, headers);
    CHECK(first.status == 200);
    headers["Fleet-Fence"] = fence(two);
    auto const second = house.post("/reservations/" + two["reservation_id"].get<std::string>() + "/release",
                                   nullptr, headers);
    CHECK(second.code() == "idempotency_mismatch");
}

TEST_CASE("pages of a list follow each other without gap, both ways", "[integration][http]") {
    House house;
    for (int i = 0; i < 7; ++i) REQUIRE(house.note(std::to_string(i)).status == 201);
    std::string after;
    std::vector<std::string> seen;
    for (int page = 0; page < 10; ++page) {
        auto const list =
            house.get("/events?type=x.note&limit=3" + (after.empty() ? "" : "&after=" + after)).json();
        for (Json const& event : list["items"]) seen.push_back(event["data"]["note"].get<std::string>());
        if (!list.contains("next")) break;
        after = list["next"].get<std::string>();
    }
    CHECK(seen == std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6"});
    auto const last = house.get("/events?type=x.note&limit=2&before=999999").json();
    REQUIRE(last["items"].size() == 2);
    CHECK(last["items"][1]["data"]["note"] == "6");
    auto const before =
        house.get("/events?type=x.note&limit=2&before=" + last["previous"].get<std::string>()).json();
    CHECK(before["items"][1]["data"]["note"] == "4");
    CHECK(house.get("/projects?limit=1").json()["items"].size() == 1);
}

TEST_CASE("addresses that are not there, and methods that are not, are told apart", "[integration][http]") {
    House house;
    CHECK(house.get("/nothing").code() == "not_found");
    auto const wrong = house.daemon.call("PUT", "/api/v1/pilots");
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.at("allow") == "GET, POST");
    CHECK(wrong.headers.at("content-type") == "application/problem+json");
    CHECK(house.get("/pilots", {{"Accept", "text/html"}}).status == 406);
    CHECK(house.get("/pilots", {{"Accept", "text/html, application/*;q=0.5"}}).status == 200);
    CHECK(house.post("/projects", Json{{"key", "x"}}, {{"Content-Type", "text/plain"}}).status == 415);
    auto const plain = house.daemon.call("GET", "/ws");
    CHECK(plain.status == 426);
    CHECK(plain.code() == "upgrade_required");
}

TEST_CASE("a request without its project says so", "[integration][http]") {
    House house;
    auto const answer = house.post("/reservations", Json{{"patterns", {"a"}}});
    CHECK(answer.status == 422);
    CHECK(answer.json()["field"] == "/project");
}

TEST_CASE("a pilot is registered once, shown with its ETag, and beaten", "[integration][http]") {
    House house;
    auto const made = house.pilot("viper-1");
    REQUIRE(made.status == 201);
    CHECK(made.json()["token"].get<std::string>().starts_with("tok_"));
    CHECK(made.headers.at("location") == "/api/v1/pilots/viper-1");
    CHECK(house.pilot("viper-1").code() == "callsign_taken");
    CHECK(house.database.connect().text("select token_hash from fleet_live.pilots").size() == 64);

    auto const shown = house.get("/pilots/viper-1", House::as(""));
    REQUIRE(shown.status == 200);
    CHECK(shown.headers.at("etag") == "\"1\"");
    auto const beat = house.post("/pilots/viper-1/beat", nullptr, House::as(""));
    CHECK(beat.json()["status"] == "active");
    CHECK(house.post("/pilots/nobody/beat", nullptr, House::as("")).status == 404);

    auto const idle = [&](std::string const& etag) {
        return house.daemon.call("PATCH", "/api/v1/pilots/viper-1", Json{{"to", "idle"}},
                                 House::as("", {{"If-Match", etag}}));
    };
    auto const stale = idle("\"7\"");
    CHECK(stale.status == 412);
    CHECK(stale.code() == "if_match_failed");
    CHECK(idle("\"1\"").status == 200);
    CHECK(idle("not a version").code() == "bad_request");
}

TEST_CASE("files that are held are refused with the holder and the time left", "[integration][http]") {
    House house;
    house.pilot("viper-1");
    house.pilot("falcon-1");
    auto const mine = house.reserve("viper-1", Json{{"patterns", {"src/**"}}, {"ttl_seconds", "15m"}});
    REQUIRE(mine.status == 201);
    auto const held = house.reserve("falcon-1", Json{{"patterns", {"src/a.c"}}});
    CHECK(held.status == 409);
    CHECK(held.code() == "reservation_held");
    CHECK(held.json()["facts"]["conflicts"][0]["holder"] == "viper-1");
    CHECK(held.json()["facts"]["conflicts"][0]["for_another_seconds"] > 800);
    CHECK(held.json()["field"] == "/patterns");
    auto const again = house.reserve("viper-1", Json{{"patterns", {"src/**"}}});
    CHECK(again.status == 200);
    CHECK(again.json()["token"] == mine.json()["token"]);
    auto const who = house.get("/files/who?path=src/a.c", House::as(""));
    CHECK(who.json()["items"][0]["holder"] == "viper-1");
    auto const check = house.post("/files/check", Json{{"paths", {"src/a.c"}}, {"token", 1}}, House::as(""));
    CHECK(check.json()["ok"] == false);
}

TEST_CASE("a lease is acted on with its token only", "[integration][http]") {
    House house;
    house.pilot("viper-1");
    auto const mine = house.reserve("viper-1", Json{{"patterns", {"a"}}}).json();
    auto const address = "/reservations/" + mine["reservation_id"].get<std::string>();
    CHECK(house.post(address + "/extend", Json{{"ttl_seconds", 60}}, House::as("viper-1")).status == 422);
    CHECK(house.post(address + "/extend", Json{{"ttl_seconds", 60}},
                     House::as("viper-1", {{"Fleet-Fence", "reservation/x/1"}})).code() == "stale_token");
    CHECK(house.post(address + "/extend", Json{{"ttl_seconds", 60}},
                     House::as("viper-1", {{"Fleet-Fence", "nonsense"}})).json()["field"] == "/fence");
    CHECK(house.post(address + "/extend", Json{{"ttl_seconds", "2m"}},
                     House::as("viper-1", {{"Fleet-Fence", fence(mine)}})).status == 200);
    Json const body{
        {"fence", {{"kind", "reservation"}, {"id", mine["reservation_id"]}, {"token", mine["token"]}}}};
    CHECK(house.post(address + "/release", body, House::as("viper-1")).status == 200);
}

TEST_CASE("a request that waits is answered at the release, in order", "[integration][http][wait]") {
    House house;
    for (auto const* name : {"viper-1", "falcon-1", "raven-1"}) house.pilot(name);
    auto const mine = house.reserve("viper-1", Json{{"patterns", {"src/**"}}}).json();
    auto const wait = [&](std::string name, std::string pattern) {
        return std::async(std::launch::async, [&house, name, pattern] {
            return house.reserve(name, Json{{"patterns", {pattern}}, {"wait_seconds", 20}},
                                 std::chrono::seconds(25));
        });
    };
    auto second = wait("falcon-1", "src/a.c");
    REQUIRE(eventually(
        [&] { return house.get("/reservations/waiting", House::as("")).json()["items"].size() == 1; }));
    auto third = wait("raven-1", "src/a.c");
    REQUIRE(eventually(
        [&] { return house.get("/reservations/waiting", House::as("")).json()["items"].size() == 2; }));
    CHECK(house.post("/reservations/" + mine["reservation_id"].get<std::string>() + "/release", nullptr,
                     House::as("viper-1", {{"Fleet-Fence", fence(mine)}})).status == 200);
    auto const got = second.get();
    REQUIRE(got.status == 201);
    CHECK(got.json()["outcome"] == "granted");
    CHECK(got.json()["token"].get<std::int64_t>() > mine["token"].get<std::int64_t>());
    CHECK(third.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    auto const freed = got.json();
    house.post("/reservations/" + freed["reservation_id"].get<std::string>() + "/release", nullptr,
               House::as("falcon-1", {{"Fleet-Fence", fence(freed)}}));
    CHECK(third.get().status == 201);
}

TEST_CASE("a wait ends at its deadline with the holder's name", "[integration][http][wait]") {
    House house;
    house.pilot("viper-1");
    house.pilot("falcon-1");
    house.reserve("viper-1", Json{{"patterns", {"src/**"}}});
    auto const begun = std::chrono::steady_clock::now();
    auto const answer = house.reserve("falcon-1", Json{{"patterns", {"src/a.c"}}, {"wait_seconds", 1}});
    auto const took = std::chrono::steady_clock::now() - begun;
    CHECK(answer.status == 409);
    CHECK(answer.code() == "wait_ended");
    CHECK(answer.json()["facts"]["conflicts"][0]["holder"] == "viper-1");
    CHECK(took > std::chrono::milliseconds(950));
    CHECK(took < std::chrono::milliseconds(3'000));
}

TEST_CASE("a wait is granted when what blocked it lapses, without anybody asking",
          "[integration][http][wait]") {
    House house;
    house.pilot("viper-1");
    house.pilot("falcon-1");
    house.reserve("viper-1", Json{{"patterns", {"src/**"}}, {"ttl_seconds", 2}});
    auto const begun = std::chrono::steady_clock::now();
    auto const got = house.reserve("falcon-1", Json{{"patterns", {"src/a.c"}}, {"wait_seconds", 9}});
    CHECK(got.status == 201);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(4'000));
}

TEST_CASE("who hangs up loses the place in line", "[integration][http][wait]") {
    House house;
    house.pilot("viper-1");
    house.pilot("falcon-1");
    house.reserve("viper-1", Json{{"patterns", {"src/**"}}});
    auto const waiting = [&] {
        return house.get("/reservations/waiting", House::as("")).json()["items"].size();
    };
    {
        HttpWire wire(house.daemon.socket());
        wire.send(http_request("POST", "/api/v1/reservations",
                               json_text(Json{{"patterns", {"src/a.c"}}, {"wait_seconds", 60}}),
                               House::as("falcon-1")));
        REQUIRE(eventually([&] { return waiting() == 1; }));
    }
    CHECK(eventually([&] { return waiting() == 0; }));
    CHECK(house.database.connect().text(
              "select data ->> 'outcome' from fleet.events where type = 'file_wait_ended'") == "cancelled");
}

TEST_CASE("two who would wait for each other are told", "[integration][http][wait]") {
    House house;
    house.pilot("viper-1");
    house.pilot("falcon-1");
    house.reserve("viper-1", Json{{"patterns", {"a"}}});
    house.reserve("falcon-1", Json{{"patterns", {"b"}}});
    auto first = std::async(std::launch::async, [&] {
        return house.reserve("viper-1", Json{{"patterns", {"b"}}, {"wait_seconds", 3}});
    });
    REQUIRE(eventually(
        [&] { return house.get("/reservations/waiting", House::as("")).json()["items"].size() == 1; }));
    auto const second = house.reserve("falcon-1", Json{{"patterns", {"a"}}, {"wait_seconds", 3}});
    CHECK(second.status == 409);
    CHECK(second.code() == "deadlock");
    CHECK(second.json()["facts"]["cycle"].size() >= 2);
    CHECK(first.get().code() == "wait_ended");
}

TEST_CASE("a stream of events begins where it is told, and continues by Last-Event-ID",
          "[integration][http][sse]") {
    House house;
    house.note("one");
    auto const two = house.note("two").json()["events"][0]["seq"].get<std::int64_t>();
    house.note("three");
    HttpWire wire(house.daemon.socket());
    wire.send(http_request("GET", "/api/v1/events/stream?type=x.note&after=0"));
    auto text = wire.read_until("\"three\"");
    CHECK(text.find("text/event-stream") != std::string::npos);
    CHECK(text.find("\"one\"") < text.find("\"two\""));
    house.note("four");
    CHECK(wire.read_until("\"four\"").find("data: ") != std::string::npos);

    auto const shown = house.get("/events?type=x.note&limit=1&after=" + std::to_string(two - 1)).json();
    HttpWire resumed(house.daemon.socket());
    resumed.send(http_request("GET", "/api/v1/events/stream?type=x.note&after=0", {},
                              {{"Last-Event-ID", shown["items"][0]["position"].get<std::string>()}}));
    text = resumed.read_until("\"four\"");
    CHECK(text.find("\"two\"") == std::string::npos);
    CHECK(text.find("\"three\"") != std::string::npos);

    auto const elsewhere = house.get("/events/stream?after=ffffffff.1");
    CHECK(elsewhere.status == 410);
    CHECK(elsewhere.code() == "log_rewound");
    CHECK(house.get("/events/stream?after=nonsense").status == 422);
}

TEST_CASE("a cursor moves forward only, and a stream starts from it", "[integration][http][sse]") {
    House house;
    auto const one = house.note("one").json()["events"][0]["seq"].get<std::int64_t>();
    house.note("two");
    auto const move = [&](std::int64_t seq) {
        return house.post("/cursors/ci", Json{{"seq", seq}}, House::as(""));
    };
    CHECK(move(one).json()["moved"] == true);
    auto const back = move(one - 1);
    CHECK(back.json()["moved"] == false);
    CHECK(back.json()["at"] == one);
    CHECK(move(one + 1'000).status == 422);
    HttpWire wire(house.daemon.socket());
    wire.send(http_request("GET", "/api/v1/events/stream?cursor=ci", {}, House::as("")));
    auto const text = wire.read_until("\"two\"");
    CHECK(text.find("\"one\"") == std::string::npos);
}

TEST_CASE("the pages for machines answer", "[integration][http]") {
    House house;
    CHECK(house.daemon.call("GET", "/healthz").json()["ok"] == true);
    CHECK(eventually([&] { return house.daemon.call("GET", "/readyz").json()["checks"].size() >= 3; }));
    auto const metrics = house.daemon.call("GET", "/metrics");
    CHECK(metrics.headers.at("content-type").starts_with("text/plain"));
    CHECK(metrics.body.find("# TYPE fleet_http_requests_total counter") != std::string::npos);
    CHECK(metrics.body.find("fleet_operation_seconds_bucket{operation=\"projects.register\"") !=
          std::string::npos);
    auto const openapi = house.daemon.call("GET", "/openapi.json").json();
    CHECK(openapi["openapi"] == "3.1.0");
    CHECK(openapi["paths"].contains("/api/v1/reservations"));
}

TEST_CASE("every address of the catalogue is there", "[integration][http]") {
    House house;
    for (Operation const& operation : operations()) {
        if (operation.method.empty()) continue;
        // Another method than the one that acts: nothing happens, and the answer proves the address.
        std::string path = "/api/v1" + std::string(operation.path);
        for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
            path.replace(open, path.find('}') - open + 1, "x");
        CAPTURE(operation.name);
        CHECK(house.daemon.call("TRACE", path).status == 405);
    }
}

TEST_CASE("without its database the daemon answers 503 at once, and goes on when it is back",
          "[integration][http]") {
    House house;
    auto const name = house.database.name();
    // Nobody may connect, and who is connected is thrown out: as far as the daemon sees, the database is
    // gone.
    auto const shut = [&](bool open) {
        auto const elsewhere = empty_database();
        auto outside = elsewhere.connect();
        outside.run("alter database \"" + name + "\" allow_connections " + (open ? "true" : "false"));
        if (!open)
            outside.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + name +
                        "'");
    };
    shut(false);
    REQUIRE(eventually([&] { return house.note("away").status == 503; }));
    auto const begun = std::chrono::steady_clock::now();
    auto const answer = house.note("away");
    CHECK(answer.status == 503);
    CHECK(answer.code() == "away");
    CHECK(answer.headers.count("retry-after") == 1);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(8));
    CHECK(house.daemon.call("GET", "/healthz").status == 200);
    CHECK(eventually([&] { return house.daemon.call("GET", "/readyz").status == 503; },
                     std::chrono::seconds(10)));
    shut(true);
    CHECK(eventually([&] { return house.note("back").status == 201; }, std::chrono::seconds(15)));
}

TEST_CASE("TCP asks for a token, and a pilot's token is that pilot's alone", "[integration][http][tcp]") {
    // A port that was free a moment ago.
    asio::io_context loop{1};
    std::string port;
    {
        asio::ip::tcp::acceptor probe(loop, {asio::ip::make_address("127.0.0.1"), 0});
        port = std::to_string(probe.local_endpoint().port());
    }
    House::Environment environment;
    environment["FLEET_LISTEN_TCP"] = "127.0.0.1:" + port;
    House house(environment);
    auto const call = [&](std::string method, std::string target, std::string token, std::string as,
                          std::string body) {
        transport::HttpConnection connection(loop.get_executor(),
                                             *transport::parse_endpoint("127.0.0.1:" + port));
        must(run(loop, connection.connect(Millis(2'000))));
        transport::HttpRequest request{
            .method = std::move(method), .target = "/api/v1" + target, .body = std::move(body)};
        if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
        if (!as.empty()) request.headers.push_back({"Fleet-As", as});
        request.headers.push_back({"Fleet-Project", "shop"});
        if (!request.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
        return must(run(loop, connection.exchange(std::move(request), Millis(5'000))));
    };
    auto const code = [](transport::HttpAnswer const& answer) {
        auto const body = parse_json(answer.body);
        return body ? text_or(*body, "code", "") : std::string("?");
    };
    auto const nobody = call("GET", "/pilots", "", "", "");
    CHECK(nobody.status == 401);
    CHECK(nobody.header("www-authenticate").starts_with("Bearer"));
    CHECK(code(call("GET", "/pilots", "tok_wrong", "", "")) == "unauthenticated");

    auto const viper = house.pilot("viper-1").json()["token"].get<std::string>();
    house.pilot("falcon-1");
    std::string const reserve = R"({"patterns":["a"]})";
    CHECK(call("GET", "/pilots", viper, "", "").status == 200);
    auto const got = call("POST", "/reservations", viper, "", reserve);
    CHECK(got.status == 201);
    CHECK(code(call("POST", "/reservations", viper, "falcon-1", reserve)) == "forbidden");
    CHECK(code(call("POST", "/pilots/falcon-1/deregister", viper, "", "{}")) == "forbidden");
    CHECK(code(call("POST", "/events", viper, "", R"({"type":"x.a","data":{},"project":"other"})")) ==
          "forbidden");
    CHECK(code(call("PATCH", "/pilots/falcon-1", viper, "", R"({"to":"idle"})")) == "forbidden");
    CHECK(code(call("GET", "/messages?project=other", viper, "", "")) == "forbidden");
    CHECK(code(call("GET", "/events/stream?project=other", viper, "", "")) == "forbidden");
    CHECK(code(call("GET", "/events/stream?project=other&cursor=ci", viper, "", "")) == "forbidden");
    REQUIRE(house.daemon.call("POST", "/api/v1/projects", Json{{"key", "other"}}).status == 201);
    auto const tell_others = [&] {
        Json const secret{{"type", "x.secret"}, {"data", Json::object()}, {"project", "other"}};
        auto const answer = house.daemon.call("POST", "/api/v1/events", secret);
        return answer.json()["events"][0]["event_id"].get<std::string>();
    };
    CHECK(code(call("GET", "/events/" + tell_others(), viper, "", "")) == "not_found");
    transport::WsChannel channel(loop.get_executor(), *transport::parse_endpoint("127.0.0.1:" + port));
    must(run(loop, channel.open("/ws", {{"Authorization", "Bearer " + viper}}, Millis(3'000))));
    auto const say = [&](Json const& frame) {
        must(run(loop, channel.write(json_text(frame))));
        return must(parse_json(must(run(loop, channel.read(), Millis(5'000)))));
    };
    Json const elsewhere{{"filter", {{"project", "other"}}}};
    CHECK(say(Json{{"id", 1}, {"op", "subscribe"}, {"args", elsewhere}})["error"]["code"] == "forbidden");
    CHECK(say(Json{{"id", 2}, {"op", "subscribe"}, {"args", Json::object()}})["ok"] == true);
    tell_others();
    REQUIRE(house.note("ours").status == 201);
    auto const heard = must(parse_json(must(run(loop, channel.read(), Millis(5'000)))));
    CHECK(heard["events"][0]["project"] == "shop");
    CHECK(code(call("POST", "/halts", viper, "", R"({"scope_kind":"fleet","reason":"r"})")) == "forbidden");
    CHECK(call("GET", "/pilots/falcon-1", viper, "", "").status == 200);
    auto const id = must(parse_json(got.body))["reservation_id"].get<std::string>();
    CHECK(code(call("POST", "/reservations/" + id + "/force-release", viper, "", R"({"reason":"x"})")) ==
          "forbidden");

    auto const file = read_text(house.daemon.state_folder() / "token");
    auto const token = file.substr(0, file.find('\n'));
    CHECK(call("POST", "/reservations/" + id + "/force-release", token, "", R"({"reason":"test"})").status ==
          200);
    CHECK(call("POST", "/reservations", token, "falcon-1", reserve).status == 201);
    CHECK(house.database.connect().text(
              "select actor from fleet.events where type = 'file_reservation_forced'") == "operator");
}
