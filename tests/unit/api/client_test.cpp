#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <fleet/fleet.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>

using namespace fleet;
using fleet::test::Asked;
using fleet::test::code_of;
using fleet::test::http_answer;
using fleet::test::must;
using fleet::test::run;
using fleet::test::ScriptedServer;

namespace {

ClientOptions options_for(ScriptedServer const& server) {
    ClientOptions options;
    options.endpoint = server.endpoint();
    options.project = "demo";
    options.callsign = "viper-1";
    options.timeouts.retry_for = Millis(400);
    return options;
}

struct Wire {
    explicit Wire(ScriptedServer::Answer answer)
        : server(loop, std::move(answer)), client(loop.get_executor(), options_for(server)) {}

    asio::io_context loop{1};
    ScriptedServer server;
    Client client;
};

std::string held_problem() {
    return R"({"code":"reservation_held","status":409,"detail":"viper-2 holds it","facts":{"conflicts":[)"
           R"({"reservation_id":"rsv_2","holder":"viper-2","pattern":"src/**","requested_pattern":"src/a",)"
           R"("mode":"exclusive","expires_at":"2026-01-01T00:00:00.000Z","for_another_seconds":90}]}})";
}

asio::awaitable<Result<ReserveOutcome>> reserve(Client& client, ReserveRequest request) {
    co_return co_await client.async_reserve(std::move(request), asio::use_awaitable);
}

ReserveRequest some_files() {
    ReserveRequest request;
    request.patterns = {"src/a"};
    request.ttl = Millis(60'000);
    return request;
}

}  // namespace

TEST_CASE("a call says who asks, in which project, and gives the document", "[unit][api]") {
    Wire wire([](Asked const&) {
        return http_answer(R"({"callsign":"viper-1","status":"active","capabilities":["cpp"]})");
    });
    auto show = [](Client& client) -> asio::awaitable<Result<Pilot>> {
        co_return co_await client.async_show_pilot("viper-1", asio::use_awaitable);
    };
    auto pilot = must(run(wire.loop, show(wire.client)));
    CHECK(pilot.callsign == "viper-1");
    CHECK(pilot.capabilities == std::vector<std::string>{"cpp"});
    REQUIRE(wire.server.asked().size() == 1);
    CHECK(wire.server.asked()[0].head.starts_with("GET /api/v1/pilots/viper-1 "));
    CHECK(wire.server.asked()[0].header("Fleet-Project") == "demo");
    CHECK(wire.server.asked()[0].header("Fleet-As") == "viper-1");
}

TEST_CASE("granted, held, timed out and deadlocked are outcomes; anything else is an error", "[unit][api]") {
    std::string body;
    std::string status = "409 Conflict";
    Wire wire([&](Asked const&) { return http_answer(body, status, "application/problem+json"); });

    body = held_problem();
    auto held = must(run(wire.loop, reserve(wire.client, some_files())));
    REQUIRE(std::holds_alternative<Held>(held));
    auto const& conflict = std::get<Held>(held).conflicts.at(0);
    CHECK(conflict.holder == "viper-2");
    CHECK(conflict.for_another == Millis(90'000));
    CHECK(conflict.requested_pattern == "src/a");

    body = R"({"code":"wait_ended","status":409})";
    CHECK(std::holds_alternative<TimedOut>(must(run(wire.loop, reserve(wire.client, some_files())))));
    body = R"({"code":"deadlock","status":409,"facts":{"cycle":["a","b"]}})";
    auto deadlock = must(run(wire.loop, reserve(wire.client, some_files())));
    REQUIRE(std::holds_alternative<Deadlocked>(deadlock));
    CHECK(std::get<Deadlocked>(deadlock).cycle == std::vector<std::string>{"a", "b"});
    body = R"({"code":"invalid_field","status":422,"field":"/patterns/0"})";
    auto refused = run(wire.loop, reserve(wire.client, some_files()));
    REQUIRE(code_of(refused) == "invalid_field");
    CHECK(refused.error().field == "/patterns/0");

    status = "201 Created";
    body =
        R"({"outcome":"granted","reservation_id":"rsv_1","token":12,"expires_at":"2026-01-01T00:00:00.000Z",)"
        R"("extended":false,"patterns":["src/a"],"mode":"exclusive",)"
        R"("displaced":[{"reservation_id":"rsv_0","holder":"old"}]})";
    auto granted = must(run(wire.loop, reserve(wire.client, some_files())));
    REQUIRE(std::holds_alternative<Granted>(granted));
    CHECK(std::get<Granted>(granted).fence.token == 12);
    CHECK(std::get<Granted>(granted).displaced == std::vector<std::string>{"old"});
    body = R"({"outcome":"held","dry_run":true,"conflicts":[{"holder":"x"}]})";
    CHECK(std::holds_alternative<Held>(must(run(wire.loop, reserve(wire.client, some_files())))));
}

TEST_CASE("a call whose connection broke is repeated with the same key", "[unit][api]") {
    int hang_ups = 2;
    Wire wire([&](Asked const&) { return hang_ups-- > 0 ? std::string() : http_answer("{}"); });
    auto release = [](Client& client) -> asio::awaitable<Result<Json>> {
        Fence fence{"rsv_1", 12};
        co_return co_await client.async_release(fence, asio::use_awaitable);
    };
    must(run(wire.loop, release(wire.client)));
    REQUIRE(wire.server.asked().size() == 3);
    auto key = wire.server.asked()[0].header("Idempotency-Key");
    CHECK_FALSE(key.empty());
    CHECK(wire.server.asked()[1].header("Idempotency-Key") == key);
    CHECK(wire.server.asked()[2].header("Idempotency-Key") == key);
    CHECK(wire.server.asked()[2].header("Fleet-Fence") == "reservation/rsv_1/12");
}

TEST_CASE("repeating has an end", "[unit][api]") {
    Wire wire([](Asked const&) { return std::string(); });
    CHECK(code_of(run(wire.loop, reserve(wire.client, some_files()))) == "daemon_away");
    CHECK(wire.server.asked().size() > 1);
}

TEST_CASE("who only wants to know whether the daemon is there is not kept waiting", "[unit][api]") {
    Wire wire([](Asked const&) { return std::string(); });
    auto knock = [](Client& client) -> asio::awaitable<Result<Json>> {
        CallOptions options;
        options.waits_for_daemon = false;
        std::string operation = "healthz";
        auto nothing = Json::object();
        co_return co_await client.async_call(operation, std::move(nothing), std::move(options),
                                             asio::use_awaitable);
    };
    CHECK(code_of(run(wire.loop, knock(wire.client))) == "daemon_away");
    CHECK(wire.server.asked().size() == 1);
}

TEST_CASE("a daemon that was never there is told at once", "[unit][api]") {
    asio::io_context loop{1};
    ClientOptions options;
    options.endpoint = "/nonexistent/fleetd.sock";
    Client client(loop.get_executor(), options);
    CHECK(code_of(run(loop, reserve(client, some_files()), std::chrono::seconds(1))) == "daemon_away");
}

TEST_CASE("an address that cannot be one and an operation that is none are refused", "[unit][api]") {
    asio::io_context loop{1};
    ClientOptions options;
    options.endpoint = "https://host:1";
    Client client(loop.get_executor(), options);
    CHECK(code_of(run(loop, reserve(client, some_files()))) == "usage");
    auto call = [](Client& to) -> asio::awaitable<Result<Json>> {
        CallOptions plain;
        co_return co_await to.async_call("no.such", Json::object(), plain, asio::use_awaitable);
    };
    CHECK(code_of(run(loop, call(client))) == "not_found");
}

TEST_CASE("a future is a completion token as good as any", "[unit][api]") {
    Wire wire([](Asked const&) { return http_answer(R"({"ok":true})"); });
    auto future = wire.client.async_status(asio::use_future);
    std::thread other([&] { wire.loop.run_for(std::chrono::seconds(2)); });
    auto status = future.get();
    wire.loop.stop();
    other.join();
    CHECK(must(status).at("ok") == true);
}

TEST_CASE("a call can be cancelled", "[unit][api]") {
    Wire wire([](Asked const&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"); });
    asio::cancellation_signal cancel;
    std::string outcome;
    auto finish = [&](Result<Json> answer) {
        outcome = code_of(answer);
        wire.loop.stop();
    };
    wire.client.async_status(asio::bind_cancellation_slot(cancel.slot(), finish));
    asio::post(wire.loop, [&] { cancel.emit(asio::cancellation_type::terminal); });
    wire.loop.run_for(std::chrono::seconds(3));
    CHECK(outcome == "cancelled");
}

TEST_CASE("a client may go away while a call is under way", "[unit][api]") {
    asio::io_context loop{1};
    ScriptedServer server(loop, [](Asked const&) { return http_answer("{}"); });
    std::string outcome;
    {
        Client client(loop.get_executor(), options_for(server));
        client.async_status([&](Result<Json> answer) {
            outcome = code_of(answer);
            loop.stop();
        });
    }
    loop.run_for(std::chrono::seconds(2));
    CHECK(outcome == "ok");
}

TEST_CASE("a stream gives its documents, and its last line may be an error", "[unit][api]") {
    std::string last = R"({"step":"ready","done":true})";
    Wire wire([&](Asked const&) {
        return http_answer("{\"step\":\"initdb\"}\n\n" + last + "\n", "200 OK", "application/x-ndjson");
    });
    std::vector<std::string> steps;
    JsonSink sink = [&](Json const& step) {
        steps.push_back(text_or(step, "step", "?"));
        return true;
    };
    auto up = [](Client& client, JsonSink progress) -> asio::awaitable<Result<Json>> {
        co_return co_await client.async_services_up(Json::object(), std::move(progress), asio::use_awaitable);
    };
    CHECK(must(run(wire.loop, up(wire.client, sink))).at("done") == true);
    CHECK(steps == std::vector<std::string>{"initdb", "ready"});
    last = R"({"error":{"code":"port_taken","status":503}})";
    CHECK(code_of(run(wire.loop, up(wire.client, sink))) == "port_taken");
    last = "{broken";
    CHECK(code_of(run(wire.loop, up(wire.client, sink))) == "bad_json");
}

TEST_CASE("lists are pages of values", "[unit][api]") {
    Wire wire([](Asked const& asked) {
        if (asked.has("/hosts"))
            return http_answer(R"({"items":[{"host_id":"host_1","alive":true}],"next":"x"})");
        if (asked.has("/cursors/")) return http_answer(R"({"moved":true,"at":9})");
        if (asked.has("/files/check"))
            return http_answer(R"({"code":"stale_token","status":409,"detail":"no"})", "409 Conflict");
        if (asked.has("/events/batch"))
            return http_answer(R"({"events":[{"seq":3,"event_id":"evt_1","is_new":true}]})", "201 Created");
        return http_answer(
            R"({"items":[{"reservation_id":"rsv_1","holder":"viper-1",)"
            R"("patterns":["a"],"status":"active"}]})");
    });
    Blocking fleet(options_for(wire.server));
    std::thread daemon([&] { wire.loop.run(); });
    auto hosts = fleet.wait<Page<Host>>([&](Completion<Page<Host>> done) {
        fleet.client().async_list_hosts(Json::object(), std::move(done));
    });
    auto held = fleet.reservations();
    auto who = fleet.who_has("a");
    auto cursor = fleet.ack("ci", 9);
    auto check = fleet.check_file("a", 12);
    NewEvent note;
    note.type = "x.note";
    auto appended = fleet.append(note);
    wire.loop.stop();
    daemon.join();
    CHECK(hosts.items.at(0).alive);
    CHECK(hosts.next == "x");
    CHECK(held.items.at(0).state == "active");
    CHECK(who.items.at(0).holder == "viper-1");
    CHECK((cursor.seq == 9 && cursor.moved == true && cursor.consumer == "ci"));
    CHECK_FALSE(check.valid);
    CHECK(appended.seq == 3);
}

TEST_CASE("the blocking face throws what the daemon refuses", "[unit][api]") {
    Wire wire(
        [](Asked const&) { return http_answer(R"({"code":"not_found","status":404})", "404 Not Found"); });
    Blocking fleet(options_for(wire.server));
    std::thread daemon([&] { wire.loop.run(); });
    std::string code;
    try {
        fleet.beat("viper-9");
    } catch (ErrorException const& refused) {
        code = text_code(refused.error());
    }
    wire.loop.stop();
    daemon.join();
    CHECK(code == "not_found");
}
