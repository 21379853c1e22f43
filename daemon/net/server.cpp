#include "net/server.hpp"

#include "net/core.hpp"
#include "net/listen.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <sys/stat.h>

namespace fleet::net {

using boost::system::error_code;

namespace {

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
// Connections over the limit that are told so at a time; beyond these the door is simply shut.
constexpr std::size_t turned_away_max = 64;

Peer peer_of(asio::local::stream_protocol::socket& socket) {
    return {.credentials = peer_credentials(socket.native_handle()), .address = "unix"};
}

Peer peer_of(asio::ip::tcp::socket& socket) {
    error_code failed;
    auto const remote = socket.remote_endpoint(failed);
    socket.set_option(asio::ip::tcp::no_delay(true), failed);
    return {.address = fmt::format("{}:{}", remote.address().to_string(), remote.port())};
}

void welcome(std::shared_ptr<Core> const& core, Socket socket, Peer peer) {
    core->count.accepted.add();
    if (core->is_stopping) return;
    if (core->links.size() < core->options.connections_max)
        return serve(core, std::move(socket), std::move(peer));
    core->count.refused.add();
    core->log.warning("a connection over the limit was turned away",
                      {{"connections_max", core->options.connections_max}});
    if (core->links.size() < core->options.connections_max + turned_away_max)
        turn_away(core, std::move(socket), std::move(peer));
}

}  // namespace

struct Server::State {
    State(asio::any_io_executor loop, Handler& handler, ServerOptions options, observe::Log& log,
          observe::Metrics& metrics)
        : core(std::make_shared<Core>(loop, handler, options, log, metrics)) {}

    // `state` keeps the acceptor alive for as long as the loop.
    template <class Acceptor>
    static asio::awaitable<void> accept_all(std::shared_ptr<State> state, Acceptor& acceptor) {
        auto const core = state->core;
        while (acceptor.is_open() && !core->is_stopping) {
            auto [failed, socket] = co_await acceptor.async_accept(as_pair);
            if (!failed) {
                keep_from_children(socket.native_handle());
                Peer peer = peer_of(socket);
                welcome(core, Socket(std::move(socket)), std::move(peer));
                continue;
            }
            if (failed == asio::error::operation_aborted || core->is_stopping) break;
            // Out of file descriptors, or the peer was gone before we looked: the next one may do better.
            core->log.warning("a connection could not be accepted; trying again",
                              {{"why", failed.message()}});
            asio::steady_timer pause(core->loop, Millis(100));
            auto [ignored] = co_await pause.async_wait(as_pair);
            (void)ignored;
        }
    }

    void shut() {
        core->is_stopping = true;
        error_code ignored;
        if (unix_socket) unix_socket->close(ignored);
        if (tcp) tcp->close(ignored);
        // Another daemon may have put its own socket there since.
        struct stat now {};
        if (!path.empty() && ::lstat(path.c_str(), &now) == 0 && now.st_ino == inode &&
            now.st_dev == device) {
            std::error_code gone;
            std::filesystem::remove(path, gone);
        }
        path.clear();
    }

    std::shared_ptr<Core> core;
    std::optional<asio::local::stream_protocol::acceptor> unix_socket{};
    std::optional<asio::ip::tcp::acceptor> tcp{};
    std::filesystem::path path{};
    ino_t inode = 0;
    dev_t device = 0;
};

Server::Server(asio::any_io_executor loop, Handler& handler, ServerOptions options, observe::Log& log,
               observe::Metrics& metrics)
    : state_(std::make_shared<State>(std::move(loop), handler, options, log, metrics)) {}

Server::~Server() { state_->shut(); }

Result<void> Server::listen_unix(std::filesystem::path path) {
    auto opened = open_unix(state_->core->loop, path);
    if (!opened) return opened.error();
    state_->unix_socket.emplace(*std::move(opened));
    struct stat made {};
    if (::lstat(path.c_str(), &made) == 0) {
        state_->inode = made.st_ino;
        state_->device = made.st_dev;
        state_->path = std::move(path);
    }
    asio::co_spawn(state_->core->loop, State::accept_all(state_, *state_->unix_socket),
                   LogFailure{state_->core, "accepting on the unix socket ended"});
    return {};
}

Result<void> Server::listen_tcp(std::string address, std::uint16_t port) {
    auto opened = open_tcp(state_->core->loop, address, port);
    if (!opened) return opened.error();
    state_->tcp.emplace(*std::move(opened));
    asio::co_spawn(state_->core->loop, State::accept_all(state_, *state_->tcp),
                   LogFailure{state_->core, "accepting on TCP ended"});
    return {};
}

std::uint16_t Server::tcp_port() const {
    if (!state_->tcp || !state_->tcp->is_open()) return 0;
    error_code failed;
    auto const here = state_->tcp->local_endpoint(failed);
    return failed ? std::uint16_t{0} : here.port();
}

std::size_t Server::connections() const { return state_->core->links.size(); }

asio::awaitable<void> Server::stop(Millis limit) {
    auto const state = state_;
    auto const core = state->core;
    state->shut();
    for (auto it = core->links.begin(); it != core->links.end();) (*it++)->stop();

    // One timer wakes the wait below at the limit; each connection that ends wakes it, too.
    auto const until = Clock::now() + limit;
    asio::steady_timer at_limit(core->loop, until);
    at_limit.async_wait([core](error_code failed) {
        if (!failed) core->changed.notify();
    });
    while (!core->links.empty() && Clock::now() < until) co_await core->changed.wait();
    if (!core->links.empty())
        core->log.warning("connections that did not end in time are cut",
                          {{"connections", core->links.size()}});
    for (auto it = core->links.begin(); it != core->links.end();) (*it++)->cut();
    while (!core->links.empty()) co_await core->changed.wait();
    core->ticker.cancel();                               // or the loop waits a second for nothing
}

}  // namespace fleet::net
