#pragma once
// What the two Beast files of this room share; included by them alone.
#include "transport/endpoint.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>

#include <vector>

namespace fleet::transport {

namespace asio = boost::asio;
namespace beast = boost::beast;

using Stream = beast::basic_stream<asio::generic::stream_protocol, asio::any_io_executor>;
using Address = asio::generic::stream_protocol::endpoint;
using SystemError = boost::system::error_code;

inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// `cancelled` for what the caller cancelled, else `daemon_away` in words about `endpoint`.
Error transport_error(SystemError const& error, Endpoint const& endpoint, std::string_view doing);

// Connects `stream` to the first address of `endpoint` that answers.
asio::awaitable<Result<void>> connect_stream(Stream& stream, Endpoint const& endpoint, Millis limit);

}  // namespace fleet::transport
