// Sockets that accept. Internal to this room.
#pragma once

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

namespace fleet::net {

namespace asio = boost::asio;

// A database server that the daemon starts must not inherit sockets of ours; Asio leaves them inheritable.
void keep_from_children(int descriptor);

// A unix socket at `path`, 0600 from the first moment; a file that nobody listens on is removed first.
Result<asio::local::stream_protocol::acceptor> open_unix(asio::any_io_executor loop,
                                                         std::filesystem::path const& path);
Result<asio::ip::tcp::acceptor> open_tcp(asio::any_io_executor loop, std::string const& address,
                                         std::uint16_t port);

}  // namespace fleet::net
