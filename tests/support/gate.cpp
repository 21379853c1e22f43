#include "support/gate.hpp"

#include <stdlib.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <atomic>
#include <filesystem>
#include <future>
#include <list>
#include <optional>
#include <regex>
#include <stdexcept>
#include <thread>

namespace fleet::test {

namespace asio = boost::asio;
using Stream = asio::local::stream_protocol;

namespace {

enum class Mood { pass, delay, drop, refuse };

struct Link {
    Link(Stream::socket accepted, asio::io_context& loop)
        : near{std::move(accepted)}, far{loop}, changed{loop} {}

    void close() {
        boost::system::error_code ignored;
        near.close(ignored);
        far.close(ignored);
        changed.cancel();
    }

    Stream::socket near;
    Stream::socket far;
    asio::steady_timer changed;         // cancelled when the mood changes: the black hole ends
    std::optional<std::size_t> left{};  // bytes to the target before the cut
};

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

// All members but the counters belong to the thread.
class Gate::Loop {
public:
    Loop(std::string const& listen_path, std::string target_path)
        : target_{std::move(target_path)}, acceptor_{loop_, Stream::endpoint{listen_path}} {
        asio::co_spawn(loop_, accept(), &rethrow);
        thread_ = std::thread{[this] { loop_.run(); }};
    }

    ~Loop() {
        loop_.stop();
        thread_.join();
    }

    // Runs `change` on the thread and waits for it.
    template <class Change>
    void apply(Change change) {
        std::promise<void> done;
        asio::post(loop_, [&] {
            change();
            for (auto const& link : links_) link->changed.cancel();
            done.set_value();
        });
        done.get_future().wait();
    }

    void set(Mood mood, std::chrono::milliseconds late = {}) {
        mood_ = mood;
        late_ = late;
    }

    void cut() {
        for (auto const& link : links_) link->close();
    }

    void cut_after(std::size_t count) {
        cut_after_ = count;
        for (auto const& link : links_) link->left = count;
    }

    std::atomic<std::size_t> open{0};
    std::atomic<std::size_t> accepted{0};
    std::atomic<std::size_t> bytes{0};

private:
    asio::awaitable<void> accept() {
        for (;;) {
            auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
            accepted += 1;
            if (mood_ == Mood::refuse) continue;
            auto link = std::make_shared<Link>(std::move(socket), loop_);
            link->left = cut_after_;
            links_.push_back(link);
            open = links_.size();
            asio::co_spawn(loop_, connect(link), &rethrow);
        }
    }

    asio::awaitable<void> connect(std::shared_ptr<Link> link) {
        co_await while_dropping(link);
        boost::system::error_code failure;
        Stream::endpoint const target{target_};
        co_await link->far.async_connect(target,
                                         asio::redirect_error(asio::use_awaitable, failure));
        if (failure) {
            end(link);
            co_return;
        }
        asio::co_spawn(loop_, pump(link, true), &rethrow);
        asio::co_spawn(loop_, pump(link, false), &rethrow);
    }

    asio::awaitable<void> while_dropping(std::shared_ptr<Link> link) {
        while (mood_ == Mood::drop && link->near.is_open()) {
            link->changed.expires_after(std::chrono::hours{1});
            boost::system::error_code cancelled;
            co_await link->changed.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        }
    }

    asio::awaitable<void> pump(std::shared_ptr<Link> link, bool to_target) {
        auto& from = to_target ? link->near : link->far;
        auto& to = to_target ? link->far : link->near;
        std::array<char, 65536> block{};
        boost::system::error_code failure;
        for (;;) {
            auto count = co_await from.async_read_some(asio::buffer(block),
                                                       asio::redirect_error(asio::use_awaitable, failure));
            if (failure) break;
            if (mood_ == Mood::delay) {
                asio::steady_timer timer{loop_, late_};
                co_await timer.async_wait(asio::use_awaitable);
            }
            co_await while_dropping(link);
            bool const last = to_target && link->left && count >= *link->left;
            if (last) count = *link->left;
            co_await asio::async_write(to, asio::buffer(block.data(), count),
                                       asio::redirect_error(asio::use_awaitable, failure));
            if (to_target) {
                bytes += count;
                if (link->left) *link->left -= count;
            }
            if (failure || last) break;
        }
        end(link);
    }

    void end(std::shared_ptr<Link> const& link) {
        link->close();
        links_.remove(link);
        open = links_.size();
    }

    asio::io_context loop_{1};
    std::string target_;
    Stream::acceptor acceptor_;
    std::list<std::shared_ptr<Link>> links_;
    Mood mood_ = Mood::pass;
    std::chrono::milliseconds late_{};
    std::optional<std::size_t> cut_after_;
    std::thread thread_;
};

Gate::Gate(std::string listen_path, std::string target_path)
    : loop_{std::make_unique<Loop>(listen_path, std::move(target_path))} {}
Gate::~Gate() = default;

void Gate::pass() {
    loop_->apply([this] { loop_->set(Mood::pass); });
}
void Gate::delay(std::chrono::milliseconds by) {
    loop_->apply([this, by] { loop_->set(Mood::delay, by); });
}
void Gate::drop() {
    loop_->apply([this] { loop_->set(Mood::drop); });
}
void Gate::refuse() {
    loop_->apply([this] { loop_->set(Mood::refuse); });
}
void Gate::cut() {
    loop_->apply([this] { loop_->cut(); });
}
void Gate::cut_after(std::size_t bytes) {
    loop_->apply([this, bytes] { loop_->cut_after(bytes); });
}
std::size_t Gate::connections() const {
    return loop_->open;
}
std::size_t Gate::accepted() const {
    return loop_->accepted;
}
std::size_t Gate::bytes_to_target() const {
    return loop_->bytes;
}

PostgresGate::PostgresGate(std::string const& dsn) {
    static std::regex const host{"host=([^ ]*)"};
    std::smatch found;
    if (!std::regex_search(dsn, found, host)) throw std::runtime_error{"no host in " + dsn};
    folder_ = "/tmp/fleet-gate-XXXXXX";
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error{"mkdtemp failed"};
    dsn_ = std::regex_replace(dsn, host, "host=" + folder_);
    gate_ = std::make_unique<Gate>(folder_ + "/.s.PGSQL.5432", found[1].str() + "/.s.PGSQL.5432");
}

PostgresGate::~PostgresGate() {
    gate_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

}  // namespace fleet::test
