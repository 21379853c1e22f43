#include "transport/http_connection.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

using namespace fleet;
using namespace fleet::transport;
using fleet::test::Asked;
using fleet::test::code_of;
using fleet::test::http_answer;
using fleet::test::must;
using fleet::test::run;
using fleet::test::ScriptedServer;

namespace {

HttpRequest get(std::string target) {
    return HttpRequest{"GET", std::move(target), {}, {}};
}

struct Wire {
    explicit Wire(ScriptedServer::Answer answer)
        : server(loop, std::move(answer)),
          connection(loop.get_executor(), must(parse_endpoint(server.endpoint()))) {}

    void connect() { must(run(loop, connection.connect(Millis(2'000)))); }
    Result<HttpAnswer> exchange(HttpRequest request, Millis limit = Millis(2'000)) {
        return run(loop, connection.exchange(std::move(request), limit));
    }

    asio::io_context loop{1};
    ScriptedServer server;
    HttpConnection connection;
};

}  // namespace

TEST_CASE("an exchange carries method, target, headers and body, and the connection stays",
          "[unit][transport]") {
    Wire wire([](Asked const& asked) { return http_answer(asked.body.empty() ? "none" : asked.body); });
    wire.connect();
    auto first = must(wire.exchange({"POST", "/api/v1/x?y=1", {{"Fleet-As", "viper-1"}}, "{\"a\":1}"}));
    CHECK(first.status == 200);
    CHECK(first.is_ok());
    CHECK(first.body == "{\"a\":1}");
    CHECK(first.header("content-type") == "application/json");
    CHECK(first.header("nothing").empty());
    REQUIRE(wire.connection.is_open());
    CHECK(must(wire.exchange(get("/again"))).body == "none");
    REQUIRE(wire.server.asked().size() == 2);
    CHECK(wire.server.asked()[0].head.starts_with("POST /api/v1/x?y=1 HTTP/1.1\r\n"));
    CHECK(wire.server.asked()[0].header("Fleet-As") == "viper-1");
    CHECK(wire.server.asked()[1].connection == 1);
}

TEST_CASE("nobody listening is daemon_away with the address in the message", "[unit][transport]") {
    asio::io_context loop{1};
    HttpConnection connection{loop.get_executor(), must(parse_endpoint("/nonexistent/fleetd.sock"))};
    auto connected = run(loop, connection.connect(Millis(500)));
    REQUIRE(code_of(connected) == "daemon_away");
    CHECK(connected.error().message.find("/nonexistent/fleetd.sock") != std::string::npos);
    HttpConnection tcp{loop.get_executor(), must(parse_endpoint("127.0.0.1:1"))};
    CHECK(code_of(run(loop, tcp.connect(Millis(500)))) == "daemon_away");
}

TEST_CASE("a daemon that hangs up gives daemon_away, and the connection is closed", "[unit][transport]") {
    Wire wire([](Asked const&) { return std::string(); });
    wire.connect();
    auto answer = wire.exchange(get("/"));
    REQUIRE(code_of(answer) == "daemon_away");
    CHECK_FALSE(answer.error().detail.at("timed_out").get<bool>());
    CHECK_FALSE(wire.connection.is_open());
}

TEST_CASE("a daemon that does not answer in time is told from one that hung up", "[unit][transport]") {
    Wire wire([](Asked const&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"); });
    wire.connect();
    auto answer = wire.exchange(get("/"), Millis(30));
    REQUIRE(code_of(answer) == "daemon_away");
    CHECK(answer.error().detail.at("timed_out").get<bool>());
}

TEST_CASE("a connection that the daemon wants closed is not kept", "[unit][transport]") {
    Wire wire(
        [](Asked const&) { return std::string("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"); });
    wire.connect();
    CHECK(must(wire.exchange(get("/"))).status == 204);
    CHECK_FALSE(wire.connection.is_open());
}

TEST_CASE("a streamed answer comes line by line, whatever the chunks are", "[unit][transport]") {
    Wire wire([](Asked const&) {
        return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") +
               "3\r\none\r\n5\r\n\ntwo\r\r\n6\r\n\nthree\r\n0\r\n\r\n";
    });
    wire.connect();
    std::vector<std::string> lines;
    LineSink sink = [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
    };
    auto answer = must(run(wire.loop, wire.connection.stream(get("/lines"), Millis(2'000), sink)));
    CHECK(answer.is_ok());
    CHECK(lines == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("a sink that has enough ends the stream", "[unit][transport]") {
    Wire wire(
        [](Asked const&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na\nb\nc\n"); });
    wire.connect();
    int lines = 0;
    LineSink sink = [&](std::string_view) { return ++lines < 2; };
    CHECK(must(run(wire.loop, wire.connection.stream(get("/"), Millis(2'000), sink))).is_ok());
    CHECK(lines == 2);
}

TEST_CASE("a refused stream brings the problem as a whole", "[unit][transport]") {
    Wire wire([](Asked const&) { return http_answer("{\n\"code\":\"away\"}", "503 Service Unavailable"); });
    wire.connect();
    LineSink sink = [](std::string_view) -> bool {
        throw std::logic_error("a problem is not a line of the stream");
    };
    auto answer = must(run(wire.loop, wire.connection.stream(get("/"), Millis(2'000), sink)));
    CHECK(answer.status == 503);
    CHECK(answer.body == "{\n\"code\":\"away\"}");
}

TEST_CASE("a stream that breaks off is an error, after the lines that came", "[unit][transport]") {
    Wire wire([sent = false](Asked const&) mutable {
        if (std::exchange(sent, true)) return std::string();
        return std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na\n");
    });
    wire.connect();
    int lines = 0;
    LineSink sink = [&](std::string_view) {
        lines += 1;
        return true;
    };
    auto answer = run(wire.loop, wire.connection.stream(get("/"), Millis(50), sink));
    CHECK(code_of(answer) == "daemon_away");
    CHECK(lines == 1);
}

TEST_CASE("an exchange can be cancelled", "[unit][transport]") {
    Wire wire([](Asked const&) { return std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"); });
    wire.connect();
    asio::cancellation_signal cancel;
    std::string outcome;
    auto finish = [&](std::exception_ptr failure, Result<HttpAnswer> answer) {
        outcome = failure ? "thrown" : code_of(answer);
        wire.loop.stop();
    };
    asio::co_spawn(wire.loop, wire.connection.exchange(get("/"), Millis(4'000)),
                   asio::bind_cancellation_slot(cancel.slot(), finish));
    asio::post(wire.loop, [&] { cancel.emit(asio::cancellation_type::terminal); });
    wire.loop.restart();
    wire.loop.run_for(std::chrono::seconds(3));
    CHECK((outcome == "cancelled" || outcome == "thrown"));
}
