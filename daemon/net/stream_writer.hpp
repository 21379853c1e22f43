// The body of a streamed answer (SSE, ndjson), written while it is made.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace fleet::net {

namespace asio = boost::asio;

// Owned by the session; used by the one coroutine that makes the body, on the loop thread.
class StreamWriter {
public:
    virtual ~StreamWriter() = default;

    // Completes when the piece is with the kernel: who writes faster than the client reads waits here. False
    // when the client is gone, too slow (the write limit passed) or the daemon stops: then return.
    virtual asio::awaitable<bool> write(std::string piece) = 0;

    virtual bool is_open() const = 0;
    // True when the daemon stops; a last piece may still be written with `write_last`.
    virtual bool is_stopping() const = 0;
    virtual asio::awaitable<bool> write_last(std::string piece) = 0;

    // Called once when the client goes away or the daemon stops, so that a producer that waits for something
    // else can be woken. At once if that has happened already.
    virtual void on_end(std::function<void()> act) = 0;
};

}  // namespace fleet::net
