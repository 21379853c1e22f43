// Listens on a unix socket and, when asked, on loopback TCP; speaks HTTP/1.1 and WebSocket on both.
#pragma once

#include "net/channel.hpp"
#include "net/http.hpp"
#include "net/peer.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace fleet::observe {
class Log;
class Metrics;
}

namespace fleet::net {

namespace asio = boost::asio;

struct ServerOptions {
    std::size_t connections_max = 4'000;
    std::uint32_t header_bytes_max = 16 * 1024;
    std::uint64_t body_bytes_max = 4 * 1024 * 1024;
    std::size_t message_bytes_max = 4 * 1024 * 1024;     // of a WebSocket message
    std::size_t outbox_messages_max = 4'096;             // per WebSocket
    std::size_t outbox_bytes_max = 8 * 1024 * 1024;
    Millis idle_limit{300'000};                          // between two requests of one connection
    Millis read_limit{10'000};                           // from the first byte of a request to its last
    Millis write_limit{10'000};                          // for one answer, or one piece of a stream
    Millis ping_every{20'000};                           // a WebSocket that is silent twice as long is ended
};

// What the server calls, on the loop thread. Outlives the server. An exception out of any of these is logged
// and answered 500 (HTTP) or ends the socket (WebSocket).
class Handler {
public:
    virtual ~Handler() = default;

    virtual asio::awaitable<HttpResponse> on_http(HttpRequest request, Peer peer) = 0;

    // Before the handshake of an upgrade request: an answer refuses it.
    virtual asio::awaitable<std::optional<HttpResponse>> refuse_websocket(HttpRequest request, Peer peer) = 0;
    // Owns the conversation; the socket is closed (`normal`) when it returns without having closed it.
    virtual asio::awaitable<void> on_websocket(HttpRequest request, std::shared_ptr<Channel> channel,
                                               Peer peer) = 0;
};

// Lives on the loop thread. End it with `stop`, run the loop until that completes, then destroy it.
class Server {
public:
    Server(asio::any_io_executor loop, Handler& handler, ServerOptions options, observe::Log& log,
           observe::Metrics& metrics);
    ~Server();
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    // Mode 0600 from the first moment. A socket file nobody listens on is removed; errors:
    // already_running_elsewhere (somebody answers there), not_configured (path too long, directory missing).
    Result<void> listen_unix(std::filesystem::path path);
    // Errors: not_configured (`address` is not loopback: TLS would be needed), port_taken. Port 0 chooses
    // one.
    Result<void> listen_tcp(std::string address, std::uint16_t port);
    std::uint16_t tcp_port() const;                      // 0: not listening on TCP

    // Accepts no more, tells streams and sockets (`Heard::stopping`), lets requests end, and completes when
    // all connections have ended; after `limit` those left are cut.
    asio::awaitable<void> stop(Millis limit);

    std::size_t connections() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace fleet::net
