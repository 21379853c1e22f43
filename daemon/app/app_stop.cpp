// How the daemon ends: each step has a deadline, and a second signal ends everything at once.
#include "app/app.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <memory>
#include <utility>

#include <unistd.h>

namespace fleet::app {
namespace {

constexpr Millis appender_limit{10'000};
constexpr Millis bus_limit{3'000};
constexpr Millis leave_limit{5'000};
constexpr int killed_exit_code = 130;

// Shared by a step and the one who waits for it: the step may come late.
struct Waiting {
    explicit Waiting(asio::io_context& loop) : timer(loop) {}
    asio::steady_timer timer;
    bool is_done = false;
};

}  // namespace

void App::request_stop(std::string why, int exit_code) {
    if (stop_why_) return;
    stop_why_ = std::move(why);
    exit_code_ = exit_code;
    stop_asked_.cancel();
}

asio::awaitable<void> App::await_signals() {
    while (true) {
        auto const number = co_await signals_.async_wait(asio::use_awaitable);
        if (number == SIGHUP) {
            reload();
            continue;
        }
        if (stop_why_) {
            parts_.log.warning("a second signal: ending at once", {{"signal", number}});
            ::_exit(killed_exit_code);
        }
        request_stop(number == SIGINT ? "SIGINT" : "SIGTERM");
    }
}

// Runs `work`, and goes on without it when it takes longer than `limit`: what hangs must not hold up the
// rest.
asio::awaitable<void> App::step(std::string name, Millis limit, asio::awaitable<void> work) {
    auto const began = std::chrono::steady_clock::now();
    auto waiting = std::make_shared<Waiting>(loop_);
    waiting->timer.expires_after(limit);
    auto ended = [this, waiting, name](std::exception_ptr thrown) {
        if (thrown) parts_.log.warning("a step of the stop failed", {{"step", name}});
        waiting->is_done = true;
        waiting->timer.cancel();
    };
    asio::co_spawn(loop_, std::move(work), std::move(ended));
    constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
    if (!waiting->is_done) co_await waiting->timer.async_wait(nothrow);
    auto const took = std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - began);
    parts_.log.debug("a step of the stop", {{"step", name}, {"ms", took}, {"done", waiting->is_done}});
    if (waiting->is_done) co_return;
    parts_.log.error("a step of the stop takes too long, going on without it",
                     {{"step", name}, {"limit_ms", limit}});
    hard_stop_ = true;
}

asio::awaitable<void> App::leave_database() {
    if (std::exchange(has_left_, true)) co_return;
    co_await step("appender", appender_limit, appender_.stop());
    if (!has_joined_) co_return;
    co_await step("bus", bus_limit, bus_.stop());
    co_await step("membership", leave_limit, membership_.stop(true));
}

// Stop accepting, say goodbye to subscribers, drain operations, flush the appender, end the listener, release
// leases, join the pool, leave the loop.
asio::awaitable<void> App::stop() {
    constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
    while (!stop_why_) co_await stop_asked_.async_wait(nothrow);
    is_stopping_ = true;
    parts_.log.info("stopping", {{"why", *stop_why_}, {"connections", server_.connections()}});
    sd_notify("STOPPING=1\nSTATUS=stopping: " + *stop_why_);
    database_.stop();
    backup_schedule_.stop();
    backups_.stop();
    Millis const limit = parts_.settings.stop_timeout;
    using namespace asio::experimental::awaitable_operators;
    auto drained = server_.stop(limit) && operations_.stop();
    co_await step("connections", limit + Millis(1'000), std::move(drained));
    co_await leave_database();
    health_tick_.cancel();
    signals_.cancel();
    readers_.stop();
    writer_.stop();
    if (!hard_stop_) co_return;
    // Something still holds the loop; nothing that was accepted is lost by now.
    parts_.log.error("ending although a step of the stop did not end");
    loop_.stop();
}

}  // namespace fleet::app
