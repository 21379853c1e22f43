// A blocking client that sends bytes no well-behaved client would, and a server on a thread of its own.
#pragma once

#include "net/server.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fleet::net::test {

using Millis = std::chrono::milliseconds;

class Wire {
public:
    explicit Wire(std::filesystem::path const& path)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("nobody listens on " + path.string());
    }
    ~Wire() { hang_up(); }
    Wire(Wire&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}
    Wire& operator=(Wire&&) = delete;

    void hang_up() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    // False when the server has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t const count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    // What comes up to and with `end`; what there was when the server closes or the limit passes.
    std::string read_until(std::string_view end, Millis limit = Millis(5'000)) {
        while (unread_.find(end) == std::string::npos && fill(limit)) {}
        auto const at = unread_.find(end);
        return take(at == std::string::npos ? unread_.size() : at + end.size());
    }
    std::string read_bytes(std::size_t count, Millis limit = Millis(5'000)) {
        while (unread_.size() < count && fill(limit)) {}
        return take(std::min(count, unread_.size()));
    }
    // Head and body of one answer with a Content-Length.
    std::string read_answer(Millis limit = Millis(5'000)) {
        auto head = read_until("\r\n\r\n", limit);
        auto const at = head.find("Content-Length: ");
        std::size_t const size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
        return head + read_bytes(size, limit);
    }
    std::string read_all(Millis limit = Millis(5'000)) {
        while (fill(limit)) {}
        return take(unread_.size());
    }
    bool is_closed_within(Millis limit) {
        auto const until = std::chrono::steady_clock::now() + limit;
        while (std::chrono::steady_clock::now() < until) {
            pollfd asked{.fd = socket_, .events = POLLIN, .revents = 0};
            if (::poll(&asked, 1, 20) <= 0) continue;
            char byte = 0;
            ssize_t const count = ::recv(socket_, &byte, 1, 0);
            if (count <= 0) return true;
            unread_ += byte;
        }
        return false;
    }

private:
    bool fill(Millis limit) {
        pollfd asked{.fd = socket_, .events = POLLIN, .revents = 0};
        if (::poll(&asked, 1, static_cast<int>(limit.count())) <= 0) return false;
        char bytes[65'536];
        ssize_t const count = ::recv(socket_, bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        unread_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
    std::string take(std::size_t count) {
        auto taken = unread_.substr(0, count);
        unread_.erase(0, count);
        return taken;
    }

    int socket_;
    std::string unread_{};
};

// Answers what the test says; without a word, the path.
class Answers : public Handler {
public:
    std::function<asio::awaitable<HttpResponse>(HttpRequest)> http{};
    std::function<asio::awaitable<void>(std::shared_ptr<Channel>)> websocket{};
    std::atomic<int> calls{0};
    std::atomic<bool> was_told_gone{false};

    asio::awaitable<HttpResponse> on_http(HttpRequest request, Peer) override {
        calls += 1;
        if (http) co_return co_await http(std::move(request));
        HttpResponse response;
        response.body = request.method + " " + request.path + " " + std::to_string(request.body.size());
        co_return response;
    }
    asio::awaitable<std::optional<HttpResponse>> refuse_websocket(HttpRequest request, Peer) override {
        if (request.path != "/ws") co_return problem_response(make_error(ErrorCode::not_found));
        co_return std::nullopt;
    }
    asio::awaitable<void> on_websocket(HttpRequest, std::shared_ptr<Channel> channel, Peer) override {
        calls += 1;
        if (websocket) co_return co_await websocket(std::move(channel));
        for (;;) {
            auto message = co_await channel->read();
            if (message.heard != Heard::text) co_return;
            channel->send(std::move(message.text));
        }
    }
};

inline ServerOptions quick() {
    ServerOptions options;
    options.body_bytes_max = 1024 * 1024;
    options.message_bytes_max = 64 * 1024;
    options.idle_limit = Millis(2'000);
    options.read_limit = Millis(400);
    options.write_limit = Millis(400);
    return options;
}

// Serves until it is destroyed.
class Served {
public:
    explicit Served(ServerOptions options = quick()) : log_(make_log()) {
        char name[] = "/tmp/fleet-net-XXXXXX";
        folder_ = ::mkdtemp(name);
        server_ = std::make_unique<Server>(loop_.get_executor(), handler, options, *log_, metrics_);
        auto listening = server_->listen_unix(path());
        if (!listening) throw std::runtime_error(describe(listening.error()));
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~Served() {
        if (thread_.joinable()) stop(Millis(2'000));
        std::filesystem::remove_all(folder_);
    }
    std::filesystem::path path() const { return folder_ / "fleetd.sock"; }
    std::filesystem::path folder() const { return folder_; }
    Wire connect() const { return Wire(path()); }
    // True when all connections had ended by the limit.
    bool stop(Millis limit) {
        auto done = std::make_shared<std::promise<void>>();
        auto stopped = done->get_future();
        begin_stop(limit, [done] { done->set_value(); });
        bool const in_time = stopped.wait_for(limit + Millis(3'000)) == std::future_status::ready;
        if (!in_time) loop_.stop();
        if (thread_.joinable()) thread_.join();
        return in_time;
    }
    template <class Done>
    void begin_stop(Millis limit, Done done) {
        asio::co_spawn(loop_, server_->stop(limit), [this, done](std::exception_ptr) {
            done();
            work_.reset();
        });
    }
    asio::io_context& loop() { return loop_; }
    Server& server() { return *server_; }
    std::string metrics() const { return metrics_.prometheus_text(); }

    Answers handler{};

private:
    static std::unique_ptr<observe::Log> make_log() {
        observe::LogOptions options;
        options.to = [](std::string_view) {};
        auto log = observe::Log::open(std::move(options));
        return *std::move(log);
    }

    std::filesystem::path folder_{};
    std::unique_ptr<observe::Log> log_;
    observe::Metrics metrics_{};
    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
    std::unique_ptr<Server> server_{};
    std::thread thread_{};
};

inline std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: fleetd\r\n" + std::string(fields) + "\r\n";
}

}  // namespace fleet::net::test
