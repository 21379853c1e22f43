#include "net/http_session.hpp"
#include "net/outbox.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <optional>
#include <utility>

namespace fleet::net {

namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t inbox_max = 64;                // messages read ahead of whoever handles them
constexpr std::size_t kept_buffer_max = 64 * 1024;
constexpr std::chrono::seconds handshake_limit{2};   // of opening and of closing; peers are local

struct Closing {
    CloseCode code;
    std::string reason;
};

}  // namespace

// One coroutine reads (pings and the closing handshake live on it), one writes; each looks at the state after
// every wait. The coroutines keep the channel alive.
class BeastChannel final : public Channel, public Link, public std::enable_shared_from_this<BeastChannel> {
public:
    BeastChannel(std::shared_ptr<Core> core, Socket socket, Peer peer)
        : Link(*core), core_(std::move(core)), peer_(std::move(peer)), stream_(std::move(socket)),
          outbox_(core_->options.outbox_messages_max, core_->options.outbox_bytes_max), to_read_(core_->loop),
          to_write_(core_->loop), room_(core_->loop), end_(core_->loop), taken_(core_->loop) {}

    asio::awaitable<bool> accept(http::request<http::string_body> request) {
        websocket::stream_base::timeout limits{};
        limits.handshake_timeout = handshake_limit;
        // Beast pings at half of this, and ends the socket when nothing at all came in the whole of it.
        limits.idle_timeout = core_->options.ping_every * 2;
        limits.keep_alive_pings = true;
        stream_.set_option(limits);
        stream_.read_message_max(core_->options.message_bytes_max);
        stream_.auto_fragment(false);
        stream_.text(true);
        auto [failed] = co_await stream_.async_accept(request, as_pair);
        co_return !failed;
    }

    void start() {
        core_->count.websockets.add(1);
        running_ = 2;
        asio::co_spawn(core_->loop, read_all(shared_from_this()),
                       LogFailure{core_, "reading a WebSocket failed"});
        asio::co_spawn(core_->loop, write_all(shared_from_this()),
                       LogFailure{core_, "writing a WebSocket failed"});
    }

    asio::awaitable<Message> read() override {
        for (;;) {
            if (!inbox_.empty()) {
                Message message{.heard = Heard::text, .text = std::move(inbox_.front())};
                inbox_.pop_front();
                taken_.notify();
                co_return message;
            }
            if (has_ended_) co_return Message{};
            if (core_->is_stopping && !std::exchange(stop_was_said_, true)) {
                Message message{.heard = Heard::stopping};
                co_return message;
            }
            co_await to_read_.wait();
        }
    }

    bool send(std::string text) override {
        if (!is_open()) return false;
        if (outbox_.push(std::move(text))) {
            to_write_.notify();
            return true;
        }
        core_->log.warning("a WebSocket does not read its answers; it is closed", {{"peer", peer_.address}});
        outbox_.clear();
        close(CloseCode::policy, "the client does not read");
        return false;
    }

    asio::awaitable<bool> send_when_ready(std::string text) override {
        while (is_open() && outbox_.is_half_full()) co_await room_.wait();
        co_return send(std::move(text));
    }

    void close(CloseCode code, std::string reason) override {
        if (closing_ || has_ended_) return;
        if (reason.size() > reason_max) reason.resize(reason_max);
        closing_ = Closing{.code = code, .reason = std::move(reason)};
        to_write_.notify();
        room_.notify();
        to_read_.notify();
    }

    asio::awaitable<void> closed() override {
        while (running_ > 0) co_await end_.wait();
    }

    bool is_open() const override { return !has_ended_ && !closing_; }

    void tick(Clock::time_point now) override {
        if (now < deadline_) return;
        deadline_ = never;
        core_->count.too_slow.add();
        hang_up();
    }
    void stop() override { to_read_.notify(); }
    void cut() override { hang_up(); }

private:
    static constexpr std::size_t reason_max = 120;   // RFC 6455 allows 123 bytes

    static asio::awaitable<void> read_all(std::shared_ptr<BeastChannel> self) {
        beast::flat_buffer buffer;
        for (;;) {
            while (self->inbox_.size() >= inbox_max && !self->has_ended_) co_await self->taken_.wait();
            auto [failed, count] = co_await self->stream_.async_read(buffer, as_pair);
            (void)count;
            if (failed) break;
            if (self->stream_.got_binary()) {
                // The writer closes; reading goes on for the handshake, and what comes is dropped.
                self->close(CloseCode::not_text, "text messages only");
            } else if (!self->closing_) {
                self->inbox_.push_back(beast::buffers_to_string(buffer.data()));
                self->to_read_.notify();
            }
            buffer.consume(buffer.size());
            if (buffer.capacity() > kept_buffer_max) buffer = beast::flat_buffer();
        }
        self->end_one();
    }

    static asio::awaitable<void> write_all(std::shared_ptr<BeastChannel> self) {
        while (!self->has_ended_) {
            if (!self->outbox_.empty()) {
                std::string const text = self->outbox_.pop();
                self->room_.notify();
                self->deadline_ = Clock::now() + self->core_->options.write_limit;
                auto [failed, count] = co_await self->stream_.async_write(asio::buffer(text), as_pair);
                (void)count;
                self->deadline_ = never;
                if (failed) break;
                continue;
            }
            if (self->closing_) {
                websocket::close_reason const why(static_cast<websocket::close_code>(self->closing_->code),
                                                  self->closing_->reason);
                self->deadline_ = Clock::now() + handshake_limit * 2;
                auto [ignored] = co_await self->stream_.async_close(why, as_pair);
                (void)ignored;
                self->deadline_ = never;
                break;
            }
            co_await self->to_write_.wait();
        }
        self->hang_up();
        self->end_one();
    }

    // Called once by each of the two coroutines.
    void end_one() {
        has_ended_ = true;
        running_ -= 1;
        outbox_.clear();
        to_write_.notify();
        room_.notify();
        taken_.notify();
        to_read_.notify();
        if (running_ > 0) return;
        core_->count.websockets.add(-1);
        end_.notify();
    }

    void hang_up() {
        error_code ignored;
        auto& socket = beast::get_lowest_layer(stream_);
        socket.shutdown(Socket::shutdown_both, ignored);
        socket.close(ignored);
    }

    std::shared_ptr<Core> core_;
    Peer peer_;
    websocket::stream<Socket, false> stream_;        // without compression: local peers
    Outbox outbox_;
    std::deque<std::string> inbox_{};
    std::optional<Closing> closing_{};
    Clock::time_point deadline_ = never;             // of the write under way
    Wake to_read_;
    Wake to_write_;
    Wake room_;
    Wake end_;
    Wake taken_;
    int running_ = 0;
    bool has_ended_ = false;
    bool stop_was_said_ = false;
};

asio::awaitable<void> serve_websocket(std::shared_ptr<Core> core, Socket socket, Peer peer,
                                      http::request<http::string_body> upgrade, HttpRequest request) {
    auto channel = std::make_shared<BeastChannel>(core, std::move(socket), peer);
    bool const accepted = co_await channel->accept(std::move(upgrade));
    if (!accepted) co_return;
    channel->start();

    std::exception_ptr failure;
    try {
        co_await core->handler.on_websocket(std::move(request), channel, std::move(peer));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure)
        core->log.error("a WebSocket ended with an exception", {{"why", failure_text(std::move(failure))}});
    channel->close(CloseCode::normal, "");
    co_await channel->closed();
}

}  // namespace fleet::net
