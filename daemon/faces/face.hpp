// HTTP, SSE and WebSocket onto operations: the handler that app gives to `net::Server`.
#pragma once

#include "auth/authenticator.hpp"
#include "faces/router.hpp"
#include "net/server.hpp"
#include "operations/operations.hpp"

#include <fleet/json_value.hpp>
#include <fleet/time.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace fleet::observe {
class Log;
class Metrics;
class Health;
}

namespace fleet::faces {

namespace asio = boost::asio;

struct FaceOptions {
    std::size_t requests_max = 64;                   // of one WebSocket at once, waits not counted
    std::size_t waits_max = 256;                     // waits of one WebSocket
    std::size_t subscriptions_max = 64;              // of one WebSocket
    Millis keep_alive_comment{15'000};               // SSE, when nothing happens
};

struct FaceParts {
    asio::any_io_executor loop;
    ops::Operations& operations;
    auth::Authenticator& authenticator;
    bus::Bus& bus;
    bus::Cursors& cursors;
    observe::Health& health;
    observe::Metrics& metrics;
    observe::Log& log;
    FaceOptions options{};
};

// Lives on the loop thread; outlives the server.
class Face final : public net::Handler {
public:
    explicit Face(FaceParts parts);
    ~Face() override;

    asio::awaitable<net::HttpResponse> on_http(net::HttpRequest request, net::Peer peer) override;
    asio::awaitable<std::optional<net::HttpResponse>> refuse_websocket(net::HttpRequest request,
                                                                       net::Peer peer) override;
    asio::awaitable<void> on_websocket(net::HttpRequest request, std::shared_ptr<net::Channel> channel,
                                       net::Peer peer) override;

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace fleet::faces
