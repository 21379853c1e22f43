#include "wire.hpp"

#include "support/eventually.hpp"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::net;
using namespace fleet::net::test;
using fleet::test::eventually;

namespace {

constexpr int text_frame = 1;
constexpr int binary_frame = 2;
constexpr int close_frame = 8;
constexpr int ping_frame = 9;
constexpr int pong_frame = 10;

std::string upgrade(std::string_view path = "/ws") {
    return get(path, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
}

// A frame as a client sends it, masked with zeros.
std::string frame(int kind, std::string_view text) {
    std::string bytes;
    bytes += static_cast<char>(0x80 | kind);
    if (text.size() < 126) {
        bytes += static_cast<char>(0x80 | text.size());
    } else {
        bool const is_short = text.size() < 65'536;
        bytes += static_cast<char>(0x80 | (is_short ? 126 : 127));
        for (int shift = is_short ? 8 : 56; shift >= 0; shift -= 8)
            bytes += static_cast<char>((text.size() >> shift) & 0xff);
    }
    bytes.append(4, '\0');
    return bytes + std::string(text);
}

struct Read {
    int kind = 0;
    std::string text{};
    int close_code() const {
        if (text.size() < 2) return 0;
        return (static_cast<unsigned char>(text[0]) << 8) | static_cast<unsigned char>(text[1]);
    }
};

Read read_frame(Wire& wire) {
    auto const head = wire.read_bytes(2);
    if (head.size() < 2) return {};
    std::size_t size = static_cast<unsigned char>(head[1]) & 0x7f;
    std::size_t const more = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (more > 0) {
        size = 0;
        for (char const c : wire.read_bytes(more)) size = (size << 8) | static_cast<unsigned char>(c);
    }
    return {head[0] & 0x0f, wire.read_bytes(size)};
}

Wire open(Served& served) {
    auto wire = served.connect();
    wire.send(upgrade());
    auto const head = wire.read_until("\r\n\r\n");
    REQUIRE(head.starts_with("HTTP/1.1 101"));
    return wire;
}

}  // namespace

TEST_CASE("messages go both ways, in order, short and long", "[unit][net]") {
    Served served;
    auto wire = open(served);
    std::string const large(60'000, 'x');
    wire.send(frame(text_frame, "one") + frame(text_frame, large) + frame(text_frame, ""));
    CHECK(read_frame(wire).text == "one");
    CHECK(read_frame(wire).text == large);
    auto const empty = read_frame(wire);
    CHECK(empty.kind == text_frame);
    CHECK(empty.text.empty());
}

TEST_CASE("an upgrade elsewhere is refused as an answer of HTTP", "[unit][net]") {
    Served served;
    auto wire = served.connect();
    wire.send(upgrade("/elsewhere"));
    auto const answer = wire.read_answer();
    CHECK(answer.find("HTTP/1.1 404") != std::string::npos);
    auto hasty = served.connect();
    hasty.send(upgrade() + frame(text_frame, "too early"));
    CHECK(hasty.read_answer().find("HTTP/1.1 400") != std::string::npos);
}

TEST_CASE("a message over the limit closes with 1009", "[unit][net]") {
    Served served;
    auto wire = open(served);
    wire.send(frame(text_frame, std::string(70'000, 'x')));
    auto const answer = read_frame(wire);
    CHECK(answer.kind == close_frame);
    CHECK(answer.close_code() == 1009);
    CHECK(wire.is_closed_within(Millis(2'000)));
}

TEST_CASE("a binary message closes with 1003", "[unit][net]") {
    Served served;
    auto wire = open(served);
    wire.send(frame(binary_frame, "bytes"));
    auto const answer = read_frame(wire);
    CHECK(answer.kind == close_frame);
    CHECK(answer.close_code() == 1003);
    wire.send(frame(close_frame, "\x03\xeb"));
    CHECK(wire.is_closed_within(Millis(2'000)));
}

TEST_CASE("text that is not UTF-8 closes with 1007", "[unit][net]") {
    Served served;
    auto wire = open(served);
    wire.send(frame(text_frame, "\xc3\x28"));
    CHECK(read_frame(wire).close_code() == 1007);
}

TEST_CASE("a frame without a mask closes with 1002", "[unit][net]") {
    Served served;
    auto wire = open(served);
    wire.send("\x81\x02hi");
    CHECK(read_frame(wire).close_code() == 1002);
}

TEST_CASE("half a frame is waited for, and forgotten when its client leaves", "[unit][net]") {
    Served served;
    auto wire = open(served);
    auto const whole = frame(text_frame, "in two parts");
    wire.send(whole.substr(0, 7));
    wire.send(whole.substr(7));
    CHECK(read_frame(wire).text == "in two parts");
    wire.send(whole.substr(0, 7));
    wire.hang_up();
    CHECK(eventually([&] { return served.server().connections() == 0; }));
    auto other = open(served);
    other.send(frame(text_frame, "still here"));
    CHECK(read_frame(other).text == "still here");
}

TEST_CASE("half a frame and then silence is ended, after pings", "[unit][net]") {
    auto options = quick();
    options.ping_every = Millis(200);
    Served served(options);
    auto wire = open(served);
    wire.send(frame(text_frame, "unfinished").substr(0, 8));
    CHECK(read_frame(wire).kind == ping_frame);
    CHECK(wire.is_closed_within(Millis(2'000)));
    CHECK(eventually([&] { return served.server().connections() == 0; }));
}

TEST_CASE("a ping is answered, and an idle client is pinged and kept while it answers", "[unit][net]") {
    auto options = quick();
    options.ping_every = Millis(150);
    Served served(options);
    auto wire = open(served);
    wire.send(frame(ping_frame, "are you there"));
    auto const pong = read_frame(wire);
    CHECK(pong.kind == pong_frame);
    CHECK(pong.text == "are you there");
    for (int i = 0; i < 4; ++i) {
        auto const ping = read_frame(wire);
        REQUIRE(ping.kind == ping_frame);
        wire.send(frame(pong_frame, ping.text));
    }
    CHECK(served.server().connections() == 1);
}

TEST_CASE("a client that closes is answered and gone", "[unit][net]") {
    Served served;
    auto wire = open(served);
    wire.send(frame(close_frame, std::string("\x03\xe8", 2)));
    auto const answer = read_frame(wire);
    CHECK(answer.kind == close_frame);
    CHECK(wire.is_closed_within(Millis(2'000)));
    wire.hang_up();
    CHECK(eventually([&] { return served.server().connections() == 0; }));
}

TEST_CASE("a stop lets the conversation say goodbye and closes with 1001", "[unit][net]") {
    Served served;
    served.handler.websocket = [](std::shared_ptr<Channel> channel) -> asio::awaitable<void> {
        auto message = co_await channel->read();
        while (message.heard == Heard::text) message = co_await channel->read();
        if (message.heard != Heard::stopping) co_return;
        channel->send("goodbye");
        channel->close(CloseCode::going_away, "stopping");
    };
    auto wire = open(served);
    wire.send(frame(text_frame, "hello"));
    served.begin_stop(Millis(3'000), [] {});
    CHECK(read_frame(wire).text == "goodbye");
    auto const last = read_frame(wire);
    CHECK(last.close_code() == 1001);
    CHECK(last.text.substr(2) == "stopping");
    wire.send(frame(close_frame, last.text.substr(0, 2)));
    CHECK(wire.is_closed_within(Millis(2'000)));
}

TEST_CASE("a client that does not read is closed, and costs no more than its outbox", "[unit][net]") {
    auto options = quick();
    options.outbox_messages_max = 10;
    Served served(options);
    std::atomic<int> refused{0};
    served.handler.websocket = [&](std::shared_ptr<Channel> channel) -> asio::awaitable<void> {
        while (channel->send(std::string(200'000, 'x'))) {}
        refused += 1;
        co_await channel->closed();
    };
    auto wire = open(served);
    CHECK(eventually([&] { return refused == 1; }));
    CHECK(eventually([&] { return served.server().connections() == 0; }));
}

TEST_CASE("a stream waits for its reader instead of filling the outbox", "[unit][net]") {
    auto options = quick();
    options.outbox_messages_max = 8;
    options.write_limit = Millis(5'000);
    Served served(options);
    std::atomic<int> sent{0};
    served.handler.websocket = [&](std::shared_ptr<Channel> channel) -> asio::awaitable<void> {
        for (int i = 0; i < 400; ++i) {
            auto text = std::to_string(i) + std::string(10'000, '.');
            bool const is_sent = co_await channel->send_when_ready(std::move(text));
            if (!is_sent) co_return;
            sent += 1;
        }
    };
    auto wire = open(served);
    REQUIRE(eventually([&] { return sent > 4; }));
    for (int i = 0; i < 400; ++i) REQUIRE(read_frame(wire).text.starts_with(std::to_string(i) + "."));
    CHECK(read_frame(wire).kind == close_frame);
    CHECK(sent == 400);
}

TEST_CASE("an exception of the conversation closes the socket", "[unit][net]") {
    Served served;
    served.handler.websocket = [](std::shared_ptr<Channel> channel) -> asio::awaitable<void> {
        auto message = co_await channel->read();
        (void)message;
        throw std::runtime_error("a bug");
    };
    auto wire = open(served);
    wire.send(frame(text_frame, "go"));
    CHECK(read_frame(wire).kind == close_frame);
}
