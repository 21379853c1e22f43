#pragma once
// Drives a coroutine to its end on the calling thread, with a deadline.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace fleet::test {

namespace asio = boost::asio;

class DeadlineMissed : public std::runtime_error {
public:
    explicit DeadlineMissed(std::chrono::milliseconds limit)
        : std::runtime_error{"no answer within " + std::to_string(limit.count()) + " ms"} {}
};

template <class T>
struct RunState {
    std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
    std::exception_ptr failure;
    bool done = false;
};

template <class T>
asio::awaitable<void> keep_value(asio::awaitable<T> work, std::shared_ptr<RunState<T>> state) {
    if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        state->value.emplace(true);
    } else {
        state->value.emplace(co_await std::move(work));
    }
}

// Runs `loop` until `work` ends; what else lives on the loop runs meanwhile and stays. Rethrows what `work`
// throws; throws DeadlineMissed after `limit`, and then `work` is left suspended on the loop.
template <class T>
T run(asio::io_context& loop, asio::awaitable<T> work,
      std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    auto state = std::make_shared<RunState<T>>();
    asio::co_spawn(loop, keep_value(std::move(work), state), [state, &loop](std::exception_ptr failure) {
        state->failure = failure;
        state->done = true;
        loop.stop();
    });
    loop.restart();
    loop.run_for(limit);
    if (!state->done) throw DeadlineMissed{limit};
    if (state->failure) std::rethrow_exception(state->failure);
    if constexpr (!std::is_void_v<T>) return std::move(*state->value);
}

// The same on a loop of its own.
template <class T>
T run(asio::awaitable<T> work, std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    asio::io_context loop{1};
    return run(loop, std::move(work), limit);
}

}  // namespace fleet::test
