#pragma once
// Something that happens on the loop and that a test waits for: "the listener has entered its wait".
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>

namespace fleet::test {

// Lives on one loop. `fire` may come before `wait`: nothing is missed.
class Signal {
public:
    template <class Executor>
    explicit Signal(Executor const& executor) : timer_{executor} {}

    void fire() {
        fired_ += 1;
        timer_.cancel();
    }

    std::size_t fired() const { return fired_; }

    // True once it has fired `times` in all, false after `limit`.
    boost::asio::awaitable<bool> wait(std::size_t times = 1,
                                      std::chrono::milliseconds limit = std::chrono::seconds{5}) {
        auto const deadline = std::chrono::steady_clock::now() + limit;
        while (fired_ < times) {
            if (std::chrono::steady_clock::now() >= deadline) co_return false;
            timer_.expires_at(deadline);
            boost::system::error_code cancelled;
            co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
        }
        co_return true;
    }

private:
    boost::asio::steady_timer timer_;
    std::size_t fired_ = 0;
};

}  // namespace fleet::test
