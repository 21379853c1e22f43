#include "transport/beast_stream.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/error.hpp>

#include <fmt/format.h>

namespace fleet::transport {
namespace {

std::string words(SystemError const& error) {
    if (error == beast::error::timeout) return "it did not answer in time";
    if (error == boost::system::errc::no_such_file_or_directory) return "there is no such socket";
    if (error == boost::system::errc::connection_refused) return "nobody listens there";
    if (error == boost::system::errc::permission_denied) return "this user may not open it";
    return error.message();
}

asio::awaitable<Result<std::vector<Address>>> addresses(Endpoint const& endpoint) {
    std::vector<Address> found;
    if (endpoint.is_unix()) {
        found.emplace_back(asio::local::stream_protocol::endpoint{endpoint.path});
        co_return found;
    }
    SystemError error;
    auto literal = asio::ip::make_address(endpoint.host, error);
    auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver{executor};
    if (!error) {
        auto port = static_cast<unsigned short>(std::stoul(endpoint.port));
        found.emplace_back(asio::ip::tcp::endpoint{literal, port});
        co_return found;
    }
    auto [failed, names] = co_await resolver.async_resolve(endpoint.host, endpoint.port, as_result);
    if (failed) co_return transport_error(failed, endpoint, "cannot be found");
    for (auto const& name : names) found.emplace_back(name.endpoint());
    co_return found;
}

}  // namespace

Error transport_error(SystemError const& error, Endpoint const& endpoint, std::string_view doing) {
    if (error == asio::error::operation_aborted) return make_error(ErrorCode::cancelled);
    bool timed_out = error == beast::error::timeout;
    Json detail{{"endpoint", endpoint.text()}, {"timed_out", timed_out}};
    auto message = fmt::format("the daemon at {} {}: {}", endpoint.text(), doing, words(error));
    return make_error(ErrorCode::daemon_away, std::move(message), {}, std::move(detail));
}

asio::awaitable<Result<void>> connect_stream(Stream& stream, Endpoint const& endpoint, Millis limit) {
    auto known = co_await addresses(endpoint);
    if (!known) co_return known.error();
    SystemError last = asio::error::host_not_found;
    for (Address const& address : *known) {
        stream.expires_after(limit);
        auto [error] = co_await stream.async_connect(address, as_result);
        if (!error) co_return Result<void>{};
        last = error;
        stream.close();
        if (error == asio::error::operation_aborted) break;
    }
    co_return transport_error(last, endpoint, "is not there");
}

}  // namespace fleet::transport
