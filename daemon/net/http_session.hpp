// One HTTP/1.1 connection. Internal to this room; seen by http_session.cpp and http_stream.cpp.
#pragma once

#include "net/core.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <memory>
#include <string>

namespace fleet::net {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

// Shared by the coroutine that serves the connection and, while somebody asks, the one that watches whether
// the client is still there.
class HttpSession final : public Link, public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(std::shared_ptr<Core> core, Socket socket, Peer peer);

    asio::awaitable<void> run();
    asio::awaitable<void> turn_away();

    void tick(Clock::time_point now) override;
    void stop() override;
    void cut() override;

private:
    friend class ChunkWriter;
    enum class Next { another, done };

    asio::awaitable<bool> first_byte();
    asio::awaitable<Next> one_request();
    asio::awaitable<Next> unreadable(boost::system::error_code why);
    asio::awaitable<Next> upgrade(Parser& parser);
    asio::awaitable<HttpResponse> handled(HttpRequest request);
    asio::awaitable<Next> answer(HttpResponse response, bool is_head, unsigned version, bool keeps);
    asio::awaitable<bool> stream(HttpResponse response, unsigned version, bool keeps,
                                 std::shared_ptr<Departure> departure);
    // Sends everything or ends the connection.
    asio::awaitable<bool> write_all(std::string text);
    // Answers a request whose rest was not read, and keeps reading for a moment: closing at once would make
    // the kernel throw the answer away.
    asio::awaitable<void> last_words(HttpResponse response);

    void arm(Millis limit) { deadline_ = Clock::now() + limit; }
    void disarm() { deadline_ = never; }
    std::shared_ptr<Departure> new_departure();
    void end_departure(Departure& departure);
    static asio::awaitable<void> watch(std::shared_ptr<HttpSession> self,
                                       std::shared_ptr<Departure> departure);
    void hang_up();

    std::shared_ptr<Core> core_;
    Socket socket_;
    Peer peer_;
    beast::flat_buffer buffer_{};
    Clock::time_point deadline_ = never;
    std::weak_ptr<Departure> departure_{};
    bool is_idle_ = true;                            // between two requests
    bool was_too_slow_ = false;
};

// The WebSocket of an upgrade request; ends the connection. Completes when it has ended.
asio::awaitable<void> serve_websocket(std::shared_ptr<Core> core, Socket socket, Peer peer,
                                      http::request<http::string_body> upgrade, HttpRequest request);

}  // namespace fleet::net
