#include "transport/ws_channel.hpp"

#include "transport/beast_stream.hpp"

#include <fleet/json.hpp>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <fmt/format.h>

namespace fleet::transport {
namespace {

namespace http = beast::http;
namespace ws = beast::websocket;

// A batch of 500 events of 64 KB is the most a daemon sends at once.
constexpr std::size_t message_bytes_max = std::size_t{64} << 20U;

ws::stream_base::timeout timeouts(Millis handshake) {
    ws::stream_base::timeout out{};
    out.handshake_timeout = handshake;
    out.idle_timeout = ws_silence_max;
    out.keep_alive_pings = true;
    return out;
}

Error refusal(ws::response_type const& response) {
    auto document = parse_json(response.body());
    if (document && document->is_object()) return error_from_problem(*document);
    auto text = fmt::format("the daemon answered {} instead of opening a WebSocket", response.result_int());
    return make_error(ErrorCode::daemon_away, std::move(text));
}

}  // namespace

struct WsChannel::Impl {
    Impl(asio::any_io_executor executor, Endpoint where)
        : endpoint(std::move(where)), stream(std::move(executor)) {}

    Endpoint endpoint;
    ws::stream<Stream> stream;
    beast::flat_buffer buffer{};
};

WsChannel::WsChannel(asio::any_io_executor executor, Endpoint endpoint)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(endpoint))) {}

WsChannel::~WsChannel() = default;

asio::awaitable<Result<void>> WsChannel::open(std::string target, std::vector<Header> headers, Millis limit) {
    auto connected = co_await connect_stream(beast::get_lowest_layer(impl_->stream), impl_->endpoint, limit);
    if (!connected) co_return connected;
    // From here the WebSocket layer keeps the time.
    beast::get_lowest_layer(impl_->stream).expires_never();
    impl_->stream.set_option(timeouts(limit));
    impl_->stream.read_message_max(message_bytes_max);
    auto decorate = [headers = std::move(headers)](ws::request_type& request) {
        request.set(http::field::user_agent, "fleettools");
        for (Header const& header : headers) request.set(header.name, header.value);
    };
    impl_->stream.set_option(ws::stream_base::decorator(std::move(decorate)));

    ws::response_type response;
    std::string authority = impl_->endpoint.authority();
    auto [error] = co_await impl_->stream.async_handshake(response, authority, target, as_result);
    if (!error) co_return Result<void>{};
    if (error == ws::error::upgrade_declined) co_return refusal(response);
    co_return transport_error(error, impl_->endpoint, "did not open a WebSocket");
}

asio::awaitable<Result<std::string>> WsChannel::read() {
    impl_->buffer.clear();
    auto [error, bytes] = co_await impl_->stream.async_read(impl_->buffer, as_result);
    static_cast<void>(bytes);
    if (error) co_return transport_error(error, impl_->endpoint, "hung up");
    co_return beast::buffers_to_string(impl_->buffer.data());
}

asio::awaitable<Result<void>> WsChannel::write(std::string text) {
    auto [error, bytes] = co_await impl_->stream.async_write(asio::buffer(text), as_result);
    static_cast<void>(bytes);
    if (error) co_return transport_error(error, impl_->endpoint, "hung up");
    co_return Result<void>{};
}

asio::awaitable<void> WsChannel::close(Millis limit) {
    impl_->stream.set_option(timeouts(limit));
    auto [error] = co_await impl_->stream.async_close(ws::close_code::normal, as_result);
    static_cast<void>(error);
    hang_up();
}

void WsChannel::hang_up() {
    beast::get_lowest_layer(impl_->stream).close();
}

}  // namespace fleet::transport
