// A WebSocket as the faces see it: whole text messages in, whole text messages out.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace fleet::net {

namespace asio = boost::asio;

// RFC 6455 §7.4.1.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,       // the daemon stops
    protocol_error = 1002,
    not_text = 1003,         // a binary message
    bad_payload = 1007,      // text that is not UTF-8
    policy = 1008,           // the client does not read what it asked for
    too_big = 1009,
    try_again = 1013
};

enum class Heard {
    text,
    stopping,                // said once: the daemon stops; say goodbye, end what is under way, then `close`
    ended                    // the peer closed, broke the protocol, or is gone; nothing more will be read
};

struct Message {
    Heard heard = Heard::ended;
    std::string text{};
};

// One reader (the coroutine that calls `read`) and one writer coroutine of its own behind a bounded outbox.
// Shared by the coroutines that serve this socket; lives on the loop thread; never outlives the server.
class Channel {
public:
    virtual ~Channel() = default;

    // The next message. Only one call at a time; keep one pending, for pings are answered by it. A message
    // over the limit, a binary one, or text that is not UTF-8 closes the socket with its code.
    virtual asio::awaitable<Message> read() = 0;

    // Puts a message into the outbox. False when the socket has ended, or when the outbox is full: the peer
    // does not read, and the socket is closed with `policy`. For answers, whose number the caller bounds.
    virtual bool send(std::string text) = 0;

    // As `send`, but waits while the outbox is half full: for streams. False when the socket has ended.
    virtual asio::awaitable<bool> send_when_ready(std::string text) = 0;

    // Lets the outbox run empty, then ends the socket with the closing handshake. Only the first call counts.
    virtual void close(CloseCode code, std::string reason) = 0;

    // Completes when the socket has ended, whoever ended it.
    virtual asio::awaitable<void> closed() = 0;
    virtual bool is_open() const = 0;
};

}  // namespace fleet::net
