#pragma once
// Many coroutines side by side, and what keeps them from overrunning a daemon.
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <list>
#include <vector>

namespace fleet::simulation {

namespace asio = boost::asio;

// Runs all of them; completes when the last has ended and rethrows what the first one threw.
asio::awaitable<void> together(std::vector<asio::awaitable<void>> works);

asio::awaitable<void> pause_for(Millis length);

// Those who wait for something to happen, in the order they came. Lives on one loop.
class Bell {
public:
    explicit Bell(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    // Until it is rung for the caller, at the latest after `limit`.
    asio::awaitable<void> wait(Millis limit);
    // Wakes so many; who comes next does not wait when there were fewer.
    void ring(std::size_t count);
    // Wakes everybody there is.
    void ring_all();

private:
    asio::any_io_executor executor_;
    std::list<asio::steady_timer*> waiting_{};
    std::size_t owed_ = 0;
};

// At most so many at once; the others wait in line.
class Gate {
public:
    Gate(asio::any_io_executor executor, std::size_t places)
        : executor_(std::move(executor)), free_(places) {}

    asio::awaitable<void> enter();
    void leave();

private:
    asio::any_io_executor executor_;
    std::size_t free_;
    std::list<asio::steady_timer*> line_{};
};

}  // namespace fleet::simulation
