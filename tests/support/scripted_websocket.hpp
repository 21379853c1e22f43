#pragma once
// The daemon's side of a WebSocket, as a test says: each connection gets a script of its own.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket.hpp>

#include <unistd.h>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleet::test {

// Of one connection. It is accepted, hears one message for each of `after_message`, and sends what stands
// there. Then it hangs up, or stays silent.
struct WebsocketScript {
    std::vector<std::vector<std::string>> after_message{};
    bool hangs_up = false;
    std::string refusal{};  // the body of a 401 instead of the upgrade
};

// Lives on the test's loop. Scripts are taken in order, one a connection; without one a connection is closed.
class ScriptedWebsocket {
public:
    ScriptedWebsocket(boost::asio::io_context& loop, std::deque<WebsocketScript> scripts)
        : path_(std::filesystem::temp_directory_path() /
                ("fleet-websocket-" + std::to_string(::getpid()) + "-" + std::to_string(next_++) + ".sock")),
          state_(std::make_shared<State>(loop, path_, std::move(scripts))) {
        boost::asio::co_spawn(loop, accept(state_), [](std::exception_ptr const&) {});
    }
    ~ScriptedWebsocket() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        std::filesystem::remove(path_);
    }
    ScriptedWebsocket(ScriptedWebsocket const&) = delete;

    std::string endpoint() const { return "unix:" + path_.string(); }
    std::vector<std::string> const& heard() const { return state_->heard; }
    std::vector<std::string> const& upgrades() const { return state_->upgrades; }

private:
    using Socket = boost::asio::local::stream_protocol::socket;
    using Channel = boost::beast::websocket::stream<Socket>;

    struct State {
        State(boost::asio::io_context& loop, std::filesystem::path const& path,
              std::deque<WebsocketScript> given)
            : acceptor(loop, boost::asio::local::stream_protocol::endpoint(path.string())),
              scripts(std::move(given)) {}
        boost::asio::local::stream_protocol::acceptor acceptor;
        std::deque<WebsocketScript> scripts;
        std::vector<std::string> heard{};
        std::vector<std::string> upgrades{};
    };

    static boost::asio::awaitable<void> accept(std::shared_ptr<State> state) {
        while (state->acceptor.is_open()) {
            auto socket = co_await state->acceptor.async_accept(boost::asio::use_awaitable);
            if (state->scripts.empty()) continue;
            auto script = std::move(state->scripts.front());
            state->scripts.pop_front();
            auto executor = socket.get_executor();
            boost::asio::co_spawn(executor, serve(state, std::move(socket), std::move(script)),
                                  [](std::exception_ptr const&) {});
        }
    }

    static boost::asio::awaitable<void> serve(std::shared_ptr<State> state, Socket socket,
                                              WebsocketScript script) {
        namespace http = boost::beast::http;
        boost::beast::flat_buffer buffer;
        http::request<http::string_body> request;
        co_await http::async_read(socket, buffer, request, boost::asio::use_awaitable);
        auto as = request["Fleet-As"];
        state->upgrades.push_back(std::string(request.target().data(), request.target().size()) + " " +
                                  std::string(as.data(), as.size()));
        if (!script.refusal.empty()) {
            http::response<http::string_body> refused{http::status::unauthorized, 11};
            refused.body() = script.refusal;
            refused.prepare_payload();
            co_await http::async_write(socket, refused, boost::asio::use_awaitable);
            co_return;
        }
        Channel channel{std::move(socket)};
        co_await channel.async_accept(request, boost::asio::use_awaitable);
        for (auto const& answers : script.after_message) {
            boost::beast::flat_buffer message;
            co_await channel.async_read(message, boost::asio::use_awaitable);
            state->heard.push_back(boost::beast::buffers_to_string(message.data()));
            for (std::string const& answer : answers) {
                co_await channel.async_write(boost::asio::buffer(answer), boost::asio::use_awaitable);
            }
        }
        if (script.hangs_up) co_return;
        boost::beast::flat_buffer rest;
        co_await channel.async_read(rest, boost::asio::use_awaitable);
    }

    static inline int next_ = 1;
    std::filesystem::path path_;
    std::shared_ptr<State> state_;
};

}  // namespace fleet::test
