#include "net/listen.hpp"

#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace fleet::net {

using boost::system::error_code;
using UnixProtocol = asio::local::stream_protocol;

namespace {

constexpr std::size_t path_max = sizeof(sockaddr_un::sun_path) - 1;

// True when somebody accepts on the socket file at `path`.
bool is_served(asio::any_io_executor loop, std::filesystem::path const& path) {
    UnixProtocol::socket probe(std::move(loop));
    error_code failed;
    probe.connect(UnixProtocol::endpoint(path.string()), failed);
    // A full backlog says "try again": somebody is there.
    return !failed || failed == asio::error::would_block || failed == asio::error::try_again;
}

std::optional<Error> clear_path(asio::any_io_executor loop, std::filesystem::path const& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
    if (!S_ISSOCK(found.st_mode))
        return make_error(
            ErrorCode::not_configured,
            fmt::format("{} is there already and is not a socket; nothing was removed", path.string()));
    if (is_served(std::move(loop), path))
        return make_error(ErrorCode::already_running_elsewhere,
                          fmt::format("another daemon answers on {}", path.string()));
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return std::nullopt;
}

}  // namespace

void keep_from_children(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

Result<UnixProtocol::acceptor> open_unix(asio::any_io_executor loop, std::filesystem::path const& path) {
    if (path.string().size() > path_max)
        return make_error(ErrorCode::not_configured,
                          fmt::format("the socket's path has {} bytes, the system takes {}: {}",
                                      path.string().size(), path_max, path.string()));
    if (auto error = clear_path(loop, path)) return std::move(*error);

    UnixProtocol::acceptor acceptor(loop);
    error_code failed;
    acceptor.open(UnixProtocol(), failed);
    // A chmod after the bind would leave a moment in which others may connect.
    mode_t const before = ::umask(0177);
    if (!failed) acceptor.bind(UnixProtocol::endpoint(path.string()), failed);
    ::umask(before);
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        return make_error(ErrorCode::not_configured,
                          fmt::format("cannot listen on {}: {}", path.string(), failed.message()));
    keep_from_children(acceptor.native_handle());
    return acceptor;
}

Result<asio::ip::tcp::acceptor> open_tcp(asio::any_io_executor loop, std::string const& address,
                                         std::uint16_t port) {
    error_code failed;
    auto const where = asio::ip::make_address(address, failed);
    if (failed)
        return make_error(ErrorCode::not_configured,
                          fmt::format("'{}' is not an IP address to listen on", address));
    if (!where.is_loopback())
        return make_error(
            ErrorCode::not_configured,
            fmt::format("{} is not a loopback address; beyond loopback TLS would be needed", address));

    asio::ip::tcp::endpoint const endpoint(where, port);
    asio::ip::tcp::acceptor acceptor(std::move(loop));
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed)
        return make_error(
            failed == asio::error::address_in_use ? ErrorCode::port_taken : ErrorCode::not_configured,
            fmt::format("cannot listen on {}:{}: {}", address, port, failed.message()));
    keep_from_children(acceptor.native_handle());
    return acceptor;
}

}  // namespace fleet::net
