#include "simulation/together.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

namespace fleet::simulation {
namespace {

struct Group {
    explicit Group(asio::any_io_executor executor) : over(std::move(executor)) {}

    asio::steady_timer over;
    std::size_t left = 0;
    std::exception_ptr failure{};
};

}  // namespace

asio::awaitable<void> together(std::vector<asio::awaitable<void>> works) {
    auto executor = co_await asio::this_coro::executor;
    auto group = std::make_shared<Group>(executor);
    group->left = works.size();
    group->over.expires_at(asio::steady_timer::time_point::max());
    for (auto& work : works) {
        auto ended = [group](std::exception_ptr failure) {
            if (failure && !group->failure) group->failure = failure;
            group->left -= 1;
            if (group->left == 0) group->over.cancel();
        };
        asio::co_spawn(executor, std::move(work), std::move(ended));
    }
    while (group->left > 0) {
        auto [woken] = co_await group->over.async_wait(asio::as_tuple(asio::use_awaitable));
        (void)woken;
    }
    if (group->failure) std::rethrow_exception(group->failure);
}

asio::awaitable<void> pause_for(Millis length) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer{executor, length};
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> Bell::wait(Millis limit) {
    if (owed_ > 0) {
        owed_ -= 1;
        co_return;
    }
    asio::steady_timer timer{executor_, limit};
    auto const place = waiting_.insert(waiting_.end(), &timer);
    auto [woken] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    // Whoever rings takes the place out of the list.
    if (!woken) waiting_.erase(place);
}

void Bell::ring(std::size_t count) {
    for (; count > 0 && !waiting_.empty(); --count) {
        auto* const first = waiting_.front();
        // It has run out by itself and is about to take its place out.
        if (first->cancel() == 0) break;
        waiting_.pop_front();
    }
    owed_ += count;
}

void Bell::ring_all() {
    owed_ = 0;
    ring(waiting_.size());
    owed_ = 0;
}

asio::awaitable<void> Gate::enter() {
    if (free_ > 0) {
        free_ -= 1;
        co_return;
    }
    asio::steady_timer timer{executor_, asio::steady_timer::time_point::max()};
    line_.push_back(&timer);
    auto [woken] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)woken;  // `leave` took it out of the line and gave it its own place
}

void Gate::leave() {
    if (line_.empty()) {
        free_ += 1;
        return;
    }
    auto* const next = line_.front();
    line_.pop_front();
    next->cancel();
}

}  // namespace fleet::simulation
