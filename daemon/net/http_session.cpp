#include "net/http_session.hpp"

#include "net/http_head.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <fmt/format.h>

#include <poll.h>

namespace fleet::net {

using boost::system::error_code;

namespace {

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t first_read = 1'024;            // an idle connection holds this much
constexpr std::size_t discarded_max = 64 * 1024 * 1024;
constexpr std::size_t kept_buffer_max = 16 * 1024;   // a larger one is given back between requests

Error refusal_of(error_code why, ServerOptions const& options) {
    if (why == http::error::body_limit)
        return make_error(ErrorCode::too_large,
                          fmt::format("the body is larger than {} bytes", options.body_bytes_max));
    if (why == http::error::header_limit)
        return make_error(ErrorCode::headers_too_large,
                          fmt::format("the head is larger than {} bytes", options.header_bytes_max));
    return make_error(ErrorCode::bad_request,
                      fmt::format("this is not a request of HTTP/1.1: {}", why.message()));
}

// The client closed, or at least will send nothing more.
bool is_gone(int socket) {
    pollfd asked{.fd = socket, .events = POLLIN | POLLRDHUP, .revents = 0};
    return ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

HttpRequest plain(http::request<http::string_body>&& message) {
    HttpRequest request;
    request.method = std::string(message.method_string());
    std::string_view const target(message.target().data(), message.target().size());
    auto const mark = target.find('?');
    request.path = std::string(target.substr(0, mark));
    if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
    for (auto const& field : message)
        request.headers.add({field.name_string().data(), field.name_string().size()},
                            {field.value().data(), field.value().size()});
    request.body = std::move(message.body());
    return request;
}

}  // namespace

HttpSession::HttpSession(std::shared_ptr<Core> core, Socket socket, Peer peer)
    : Link(*core), core_(std::move(core)), socket_(std::move(socket)), peer_(std::move(peer)) {}

void HttpSession::tick(Clock::time_point now) {
    if (now < deadline_) return;
    disarm();
    was_too_slow_ = true;
    if (!is_idle_) core_->count.too_slow.add();
    error_code ignored;
    socket_.cancel(ignored);
}

void HttpSession::stop() {
    if (is_idle_) return hang_up();
    if (auto departure = departure_.lock()) departure->say();
}

void HttpSession::cut() {
    if (auto departure = departure_.lock()) departure->say();
    hang_up();
}

void HttpSession::hang_up() {
    error_code ignored;
    socket_.shutdown(Socket::shutdown_both, ignored);
    socket_.cancel(ignored);
}

asio::awaitable<void> HttpSession::run() {
    auto const self = shared_from_this();
    while (!core_->is_stopping) {
        is_idle_ = true;
        bool const begun = co_await first_byte();
        if (!begun) break;
        is_idle_ = false;
        auto const next = co_await one_request();
        if (next == Next::done) break;
        if (buffer_.size() == 0 && buffer_.capacity() > kept_buffer_max) buffer_ = beast::flat_buffer();
    }
    error_code ignored;
    socket_.close(ignored);
}

asio::awaitable<bool> HttpSession::first_byte() {
    if (buffer_.size() > 0) co_return true;          // the next request came with the one before
    arm(core_->options.idle_limit);
    auto [failed, count] = co_await socket_.async_read_some(buffer_.prepare(first_read), as_pair);
    disarm();
    buffer_.commit(count);
    co_return !failed && !core_->is_stopping;
}

asio::awaitable<HttpSession::Next> HttpSession::one_request() {
    Parser parser;
    parser.header_limit(core_->options.header_bytes_max);
    parser.body_limit(core_->options.body_bytes_max);
    arm(core_->options.read_limit);
    auto [failed, head_size] = co_await http::async_read_header(socket_, buffer_, parser, as_pair);
    (void)head_size;
    if (failed) co_return co_await unreadable(failed);

    if (beast::websocket::is_upgrade(parser.get())) co_return co_await upgrade(parser);

    if (!parser.is_done()) {
        if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
            std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            bool const sent = co_await write_all(std::move(go_on));
            if (!sent) co_return Next::done;
            arm(core_->options.read_limit);
        }
        auto [body_failed, body_size] = co_await http::async_read(socket_, buffer_, parser, as_pair);
        (void)body_size;
        if (body_failed) co_return co_await unreadable(body_failed);
    }
    disarm();
    core_->count.requests.add();

    bool const is_head = parser.get().method() == http::verb::head;
    bool const keeps = parser.get().keep_alive();
    unsigned const version = parser.get().version();
    auto request = plain(parser.release());
    request.departure = new_departure();
    auto const departure = request.departure;
    auto response = co_await handled(std::move(request));

    bool const stays = keeps && !response.closes && !core_->is_stopping;
    if (response.stream && !is_head) {
        bool const written = co_await stream(std::move(response), version, stays, departure);
        end_departure(*departure);
        co_return written && stays && version >= 11 ? Next::another : Next::done;
    }
    end_departure(*departure);
    co_return co_await answer(std::move(response), is_head, version, stays);
}

asio::awaitable<HttpResponse> HttpSession::handled(HttpRequest request) {
    std::exception_ptr failure;
    try {
        co_return co_await core_->handler.on_http(std::move(request), peer_);
    } catch (...) {
        failure = std::current_exception();
    }
    core_->log.error("a request ended with an exception; it is answered 500",
                     {{"why", failure_text(std::move(failure))}});
    co_return problem_response(make_error(ErrorCode::internal));
}

asio::awaitable<HttpSession::Next> HttpSession::unreadable(error_code why) {
    disarm();
    if (was_too_slow_) {
        auto slow = problem_response(make_error(
            ErrorCode::request_timeout, fmt::format("the request did not arrive within {}",
                                                    duration_text(core_->options.read_limit))));
        co_await last_words(std::move(slow));
        co_return Next::done;
    }
    // Only what Beast says about the text deserves an answer; everything else is the network's end.
    auto const& http_errors = http::make_error_code(http::error::bad_method).category();
    if (why.category() != http_errors || why == http::error::end_of_stream) co_return Next::done;
    core_->count.bad_requests.add();
    auto refusal = problem_response(refusal_of(why, core_->options));
    co_await last_words(std::move(refusal));
    co_return Next::done;
}

asio::awaitable<HttpSession::Next> HttpSession::upgrade(Parser& parser) {
    disarm();
    auto message = parser.release();
    auto copy = message;
    auto request = plain(std::move(copy));
    auto asked = request;
    auto refusal = co_await core_->handler.refuse_websocket(std::move(asked), peer_);
    // A client may not speak before it was answered; bytes that came early would be lost in the handover.
    if (!refusal && buffer_.size() > 0)
        refusal =
            problem_response(make_error(ErrorCode::bad_request, "data came before the upgrade was answered"));
    if (refusal) {
        auto response = *std::move(refusal);
        co_await last_words(std::move(response));
        co_return Next::done;
    }
    core_->count.requests.add();
    // The connection changes hands.
    leave();
    co_await serve_websocket(core_, std::move(socket_), peer_, std::move(message), std::move(request));
    co_return Next::done;
}

asio::awaitable<HttpSession::Next> HttpSession::answer(HttpResponse response, bool is_head, unsigned version,
                                                       bool keeps) {
    std::string text = response_head(response, version, keeps, core_->date());
    if (!is_head) text += response.body;
    bool const sent = co_await write_all(std::move(text));
    co_return sent && keeps ? Next::another : Next::done;
}

asio::awaitable<bool> HttpSession::write_all(std::string text) {
    arm(core_->options.write_limit);
    auto [failed, count] = co_await asio::async_write(socket_, asio::buffer(text), as_pair);
    (void)count;
    disarm();
    if (failed) hang_up();
    co_return !failed;
}

asio::awaitable<void> HttpSession::last_words(HttpResponse response) {
    std::string text = response_head(response, 11, false, core_->date());
    text += response.body;
    was_too_slow_ = false;
    bool const sent = co_await write_all(std::move(text));
    if (!sent) co_return;
    error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    arm(core_->options.read_limit);
    std::string thrown_away(16 * 1024, '\0');
    for (std::size_t total = 0; total < discarded_max;) {
        auto [failed, count] = co_await socket_.async_read_some(asio::buffer(thrown_away), as_pair);
        if (failed) break;
        total += count;
    }
    disarm();
}

asio::awaitable<void> HttpSession::turn_away() {
    auto const self = shared_from_this();
    is_idle_ = false;
    Error error = make_error(ErrorCode::too_many, fmt::format("{} connections are open, which is the limit",
                                                              core_->options.connections_max));
    error.retry_after_seconds = 1;
    auto response = problem_response(error);
    response.status = 503;
    co_await last_words(std::move(response));
    socket_.close();
}

std::shared_ptr<Departure> HttpSession::new_departure() {
    auto departure = std::make_shared<Departure>();
    departure_ = departure;
    departure->watch_with([self = weak_from_this(), weak = std::weak_ptr(departure)] {
        auto session = self.lock();
        auto watched = weak.lock();
        if (!session || !watched) return;
        if (session->core_->is_stopping) return watched->say();
        LogFailure const on_end{session->core_, "watching a client ended"};
        asio::co_spawn(session->core_->loop, watch(session, std::move(watched)), on_end);
    });
    return departure;
}

void HttpSession::end_departure(Departure& departure) {
    departure.forget();
    departure_.reset();
    // Nothing but the watching coroutine waits on the socket now.
    error_code ignored;
    if (socket_.is_open()) socket_.cancel(ignored);
}

asio::awaitable<void> HttpSession::watch(std::shared_ptr<HttpSession> self,
                                         std::shared_ptr<Departure> departure) {
    asio::steady_timer pause(self->core_->loop);
    while (self->departure_.lock() == departure && self->socket_.is_open()) {
        auto [failed] = co_await self->socket_.async_wait(Socket::wait_read, as_pair);
        if (failed || self->departure_.lock() != departure) co_return;
        if (is_gone(self->socket_.native_handle())) co_return departure->say();
        // The next request came already and stays unread: the socket is readable all the time.
        pause.expires_after(Millis(500));
        auto [ignored] = co_await pause.async_wait(as_pair);
        (void)ignored;
    }
}

void serve(std::shared_ptr<Core> core, Socket socket, Peer peer) {
    auto session = std::make_shared<HttpSession>(core, std::move(socket), std::move(peer));
    asio::co_spawn(core->loop, session->run(), LogFailure{core, "a connection ended with an exception"});
}

void turn_away(std::shared_ptr<Core> core, Socket socket, Peer peer) {
    auto session = std::make_shared<HttpSession>(core, std::move(socket), std::move(peer));
    asio::co_spawn(core->loop, session->turn_away(), LogFailure{core, "turning a connection away failed"});
}

}  // namespace fleet::net
