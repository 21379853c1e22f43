#include "wire.hpp"

#include "net/listen.hpp"
#include "support/eventually.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <vector>

using namespace fleet;
using namespace fleet::net;
using namespace fleet::net::test;
using fleet::test::eventually;

namespace {

bool has(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

asio::awaitable<void> sleep_for(Millis length) {   // sleep-ok: a slow handler
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, length);
    auto [ignored] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)ignored;
}

}  // namespace

TEST_CASE("a connection serves one request after the other, also when they come at once", "[unit][net]") {
    Served served;
    auto wire = served.connect();
    wire.send(get("/a") + get("/b?x=1") + get("/c"));
    CHECK(has(wire.read_answer(), "GET /a 0"));
    CHECK(has(wire.read_answer(), "GET /b 0"));
    CHECK(has(wire.read_answer(), "GET /c 0"));
    wire.send("POST /d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(has(wire.read_answer(), "POST /d 5"));
    wire.send(get("/e", "Connection: close\r\n"));
    CHECK(has(wire.read_answer(), "Connection: close"));
    CHECK(wire.is_closed_within(Millis(1'000)));
}

TEST_CASE("HEAD is answered without a body, HTTP/1.0 by closing", "[unit][net]") {
    Served served;
    auto wire = served.connect();
    wire.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + get("/b"));
    CHECK(has(wire.read_until("\r\n\r\n"), "200 OK"));
    CHECK(wire.read_until("\r\n").starts_with("HTTP/1.1 200"));
    auto old = served.connect();
    old.send("GET /a HTTP/1.0\r\n\r\n");
    CHECK(has(old.read_all(), "GET /a 0"));
}

TEST_CASE("who asks first whether the body is welcome is told to go on", "[unit][net]") {
    Served served;
    auto wire = served.connect();
    wire.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(wire.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    wire.send("hi");
    CHECK(has(wire.read_answer(), "POST /a 2"));
    auto large = served.connect();
    large.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
    CHECK(has(large.read_answer(), "413"));
}

TEST_CASE("a body over the limit is answered 413 with a problem, although the client still sends",
          "[unit][net]") {
    Served served;
    auto wire = served.connect();
    std::string const large(10 * 1024 * 1024, 'x');
    wire.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n");
    wire.send(large);
    auto const answer = wire.read_answer();
    CHECK(has(answer, "HTTP/1.1 413"));
    CHECK(has(answer, "application/problem+json"));
    CHECK(has(answer, "\"code\":\"too_large\""));
    CHECK(wire.is_closed_within(Millis(2'000)));
    CHECK(served.handler.calls == 0);
    auto chunked = served.connect();
    chunked.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n");
    chunked.send(std::string(0x200000, 'y') + "\r\n0\r\n\r\n");
    CHECK(has(chunked.read_answer(), "HTTP/1.1 413"));
}

TEST_CASE("what is not HTTP is answered 400 with a problem, and others are served meanwhile", "[unit][net]") {
    Served served;
    auto const bad = GENERATE(as<std::string>{}, "nonsense\r\n\r\n", "GET /a HTTP/9.9\r\n\r\n", "GET\r\n\r\n",
                              "GET /a HTTP/1.1\r\nno colon here\r\n\r\n",
                              "POST /a HTTP/1.1\r\nContent-Length: many\r\n\r\n",
                              "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    auto wire = served.connect();
    wire.send(bad);
    auto const answer = wire.read_answer();
    CAPTURE(bad);
    CHECK(has(answer, "HTTP/1.1 400"));
    CHECK(has(answer, "\"code\":\"bad_request\""));
    CHECK(has(answer, "Connection: close"));
    CHECK(wire.is_closed_within(Millis(1'500)));
    auto other = served.connect();
    other.send(get("/fine"));
    CHECK(has(other.read_answer(), "GET /fine"));
}

TEST_CASE("a head over the limit is answered 431", "[unit][net]") {
    Served served;
    auto wire = served.connect();
    wire.send("GET /a HTTP/1.1\r\nX-Long: " + std::string(20'000, 'a') + "\r\n\r\n");
    auto const answer = wire.read_answer();
    CHECK(has(answer, "HTTP/1.1 431"));
    CHECK(has(answer, "headers_too_large"));
}

TEST_CASE("a client that sends its request too slowly is told 408", "[unit][net]") {
    Served served;
    auto head = served.connect();
    auto body = served.connect();
    head.send("GET /slow HTTP/1.1\r\nHo");
    body.send("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    CHECK(has(head.read_answer(Millis(3'000)), "HTTP/1.1 408"));
    CHECK(has(body.read_answer(Millis(3'000)), "\"code\":\"request_timeout\""));
    CHECK(served.handler.calls == 0);
}

TEST_CASE("half a request whose client leaves costs nothing", "[unit][net]") {
    Served served;
    auto wire = served.connect();
    wire.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
    REQUIRE(eventually([&] { return served.server().connections() == 1; }));
    wire.hang_up();
    CHECK(eventually([&] { return served.server().connections() == 0; }));
    CHECK(served.handler.calls == 0);
}

TEST_CASE("an idle connection is ended after its limit, a busy one is not", "[unit][net]") {
    auto options = quick();
    options.idle_limit = Millis(300);
    Served served(options);
    served.handler.http = [](HttpRequest) -> asio::awaitable<HttpResponse> {
        co_await sleep_for(Millis(700));   // sleep-ok: a slow handler
        co_return HttpResponse{};
    };
    auto idle = served.connect();
    auto busy = served.connect();
    busy.send(get("/a"));
    CHECK(idle.is_closed_within(Millis(1'500)));
    CHECK(has(busy.read_answer(), "200 OK"));
}

TEST_CASE("a client that does not read its answer is ended after the write limit", "[unit][net]") {
    Served served;
    served.handler.http = [](HttpRequest) -> asio::awaitable<HttpResponse> {
        HttpResponse response;
        response.body = std::string(64 * 1024 * 1024, 'x');
        co_return response;
    };
    auto wire = served.connect();
    wire.send(get("/a"));
    CHECK(eventually([&] { return served.handler.calls == 1 && served.server().connections() == 0; }));
    CHECK(has(served.metrics(), "fleet_clients_too_slow_total 1"));
}

TEST_CASE("a connection over the limit is told 503, and those inside are served", "[unit][net]") {
    auto options = quick();
    options.connections_max = 2;
    Served served(options);
    auto first = served.connect();
    auto second = served.connect();
    REQUIRE(eventually([&] { return served.server().connections() == 2; }));
    auto third = served.connect();
    third.send(get("/a"));
    auto const answer = third.read_answer();
    CHECK(has(answer, "HTTP/1.1 503"));
    CHECK(has(answer, "Retry-After: 1"));
    CHECK(has(answer, "\"code\":\"too_many\""));
    first.send(get("/b"));
    CHECK(has(first.read_answer(), "GET /b"));
    third.hang_up();
    second.hang_up();
    REQUIRE(eventually([&] { return served.server().connections() == 1; }));
    auto again = served.connect();
    again.send(get("/c"));
    CHECK(has(again.read_answer(), "GET /c"));
}

TEST_CASE("a thousand idle connections are cheap and disturb nobody", "[unit][net]") {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8'192);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
    auto options = quick();
    options.idle_limit = Millis(60'000);
    Served served(options);
    std::vector<Wire> idle;
    for (int i = 0; i < 1'000; ++i) idle.push_back(served.connect());
    REQUIRE(eventually([&] { return served.server().connections() == 1'000; }));
    auto wire = served.connect();
    auto const begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) {
        wire.send(get("/a"));
        REQUIRE(has(wire.read_answer(), "GET /a"));
    }
    CHECK(std::chrono::steady_clock::now() - begun < Millis(2'000));
    for (std::size_t i = 0; i < idle.size(); i += 100) {
        idle[i].send(get("/still"));
        CHECK(has(idle[i].read_answer(), "GET /still"));
    }
    CHECK(served.stop(Millis(2'000)));
}

TEST_CASE("an exception of a handler is a 500, and the connection goes on", "[unit][net]") {
    Served served;
    served.handler.http = [](HttpRequest request) -> asio::awaitable<HttpResponse> {
        if (request.path == "/bad") throw std::runtime_error("a bug");
        co_return HttpResponse{};
    };
    auto wire = served.connect();
    wire.send(get("/bad"));
    auto const answer = wire.read_answer();
    CHECK(has(answer, "HTTP/1.1 500"));
    CHECK_FALSE(has(answer, "a bug"));
    wire.send(get("/good"));
    CHECK(has(wire.read_answer(), "200 OK"));
}

TEST_CASE("a streamed answer arrives in pieces and ends in order", "[unit][net]") {
    Served served;
    served.handler.http = [](HttpRequest) -> asio::awaitable<HttpResponse> {
        HttpResponse response;
        response.stream = [](StreamWriter& writer) -> asio::awaitable<void> {
            for (auto const* piece : {"one\n", "", "two\n"}) {
                std::string text = piece;
                co_await writer.write(std::move(text));
            }
        };
        co_return response;
    };
    auto wire = served.connect();
    wire.send(get("/s"));
    CHECK(has(wire.read_until("\r\n\r\n"), "chunked"));
    CHECK(wire.read_until("0\r\n\r\n") == "4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n");
    auto old = served.connect();
    old.send("GET /s HTTP/1.0\r\n\r\n");
    CHECK(has(old.read_all(), "\r\n\r\none\ntwo\n"));
}

TEST_CASE("whoever makes a stream waits for the client, and learns that it left", "[unit][net]") {
    Served served;
    std::atomic<int> pieces{0};
    std::atomic<bool> ended{false};
    served.handler.http = [&](HttpRequest) -> asio::awaitable<HttpResponse> {
        HttpResponse response;
        response.stream = [&](StreamWriter& writer) -> asio::awaitable<void> {
            writer.on_end([&] { ended = true; });
            bool is_open = true;
            while (is_open) {
                std::string piece(1024 * 1024, 'x');
                is_open = co_await writer.write(std::move(piece));
                pieces += 1;
            }
        };
        co_return response;
    };
    auto wire = served.connect();
    wire.send(get("/s"));
    wire.read_until("\r\n\r\n");
    CHECK(eventually([&] { return pieces > 0; }));
    CHECK(pieces < 50);                              // the kernel's buffers, not the client's whole wish
    wire.hang_up();
    CHECK(eventually([&] { return ended && served.server().connections() == 0; }));
}

TEST_CASE("a handler that waits is told when its client leaves, also behind a pipelined request",
          "[unit][net]") {
    Served served;
    std::atomic<bool> gone{false};
    served.handler.http = [&](HttpRequest request) -> asio::awaitable<HttpResponse> {
        request.departure->then([&] { gone = true; });
        while (!gone) co_await sleep_for(Millis(5));   // sleep-ok: a slow handler
        co_return HttpResponse{};
    };
    auto const extra = GENERATE(as<std::string>{}, "", get("/next"));
    auto wire = served.connect();
    wire.send(get("/wait") + extra);
    REQUIRE(eventually([&] { return served.handler.calls == 1; }));
    CHECK_FALSE(gone);
    wire.hang_up();
    CHECK(eventually([&] { return gone.load(); }));
}

TEST_CASE("a stop finishes what was begun, tells streams, ends idle connections and removes the socket",
          "[unit][net]") {
    Served served;
    std::atomic<bool> stream_told{false};
    served.handler.http = [&](HttpRequest request) -> asio::awaitable<HttpResponse> {
        HttpResponse response;
        response.body = "done";
        if (request.path == "/work") co_await sleep_for(Millis(300));   // sleep-ok: a slow handler
        if (request.path == "/stream")
            response.stream = [&](StreamWriter& writer) -> asio::awaitable<void> {
                writer.on_end([&] { stream_told = true; });
                std::string hello = "hello";
                co_await writer.write(std::move(hello));
                while (!writer.is_stopping()) co_await sleep_for(Millis(5));   // sleep-ok: a slow handler
                std::string more = "more";
                bool const goes_on = co_await writer.write(std::move(more));
                std::string last = goes_on ? "wrong" : "bye";
                co_await writer.write_last(std::move(last));
            };
        co_return response;
    };
    auto idle = served.connect();
    auto working = served.connect();
    auto streaming = served.connect();
    working.send(get("/work"));
    streaming.send(get("/stream"));
    REQUIRE(has(streaming.read_until("hello"), "hello"));
    REQUIRE(eventually([&] { return served.handler.calls == 2; }));
    CHECK(served.stop(Millis(3'000)));
    CHECK(has(working.read_answer(), "Connection: close"));
    CHECK(has(streaming.read_all(), "bye"));
    CHECK(stream_told);
    CHECK(idle.is_closed_within(Millis(100)));
    CHECK_FALSE(std::filesystem::exists(served.path()));
}

TEST_CASE("a stop cuts what does not end by itself", "[unit][net]") {
    Served served;
    served.handler.http = [](HttpRequest) -> asio::awaitable<HttpResponse> {
        HttpResponse response;
        response.stream = [](StreamWriter& writer) -> asio::awaitable<void> {
            bool is_sent = true;
            while (is_sent) {
                std::string piece(100'000, 'x');
                is_sent = co_await writer.write_last(std::move(piece));
            }
        };
        co_return response;
    };
    auto wire = served.connect();
    wire.send(get("/s"));
    wire.read_until("\r\n\r\n");
    CHECK(served.stop(Millis(200)));
}

TEST_CASE("the unix socket is for its owner alone", "[unit][net]") {
    Served served;
    struct stat found {};
    REQUIRE(::stat(served.path().c_str(), &found) == 0);
    CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE(
    "a socket file nobody serves is replaced, one that is served is not, and other files are left alone",
    "[unit][net]") {
    Served served;
    asio::io_context loop;
    auto const again = open_unix(loop.get_executor(), served.path());
    REQUIRE(again.has_error());
    CHECK(again.error().code == ErrorCode::already_running_elsewhere);

    auto const stale = served.folder() / "stale.sock";
    {
        auto first = open_unix(loop.get_executor(), stale);
        REQUIRE(first.has_value());
    }
    REQUIRE(std::filesystem::exists(stale));         // as a killed daemon leaves it
    CHECK(open_unix(loop.get_executor(), stale).has_value());

    auto const file = served.folder() / "notes.txt";
    ::close(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
    auto const refused = open_unix(loop.get_executor(), file);
    REQUIRE(refused.has_error());
    CHECK(refused.error().code == ErrorCode::not_configured);
    CHECK(std::filesystem::exists(file));
    auto const long_name = open_unix(loop.get_executor(), served.folder() / std::string(120, 'x'));
    REQUIRE(long_name.has_error());
    CHECK(has(long_name.error().message, "bytes"));
    CHECK(open_unix(loop.get_executor(), served.folder() / "no" / "such" / "folder").has_error());
}

TEST_CASE("TCP is served on loopback only", "[unit][net]") {
    asio::io_context loop;
    auto const open = open_tcp(loop.get_executor(), "0.0.0.0", 0);
    REQUIRE(open.has_error());
    CHECK(open.error().code == ErrorCode::not_configured);
    CHECK(open_tcp(loop.get_executor(), "localhost", 0).has_error());
    auto first = open_tcp(loop.get_executor(), "127.0.0.1", 0);
    REQUIRE(first.has_value());
    auto const taken = open_tcp(loop.get_executor(), "127.0.0.1", first->local_endpoint().port());
    REQUIRE(taken.has_error());
    CHECK(taken.error().code == ErrorCode::port_taken);
}
