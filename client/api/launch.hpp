#pragma once
// The bodies behind `launch` and `perform`, for the files that compile them for their results.
#include <fleet/calls.hpp>

#include "api/core.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace fleet {

// The client's edge: what was thrown below becomes a value.
Error error_of(std::exception_ptr const& failure);

template <class T>
void launch(asio::any_io_executor executor, asio::awaitable<Result<T>> work, Completion<T> done) {
    auto slot = asio::get_associated_cancellation_slot(done);
    auto home = asio::get_associated_executor(done, executor);
    auto finish = [done = std::move(done)](std::exception_ptr failure, Result<T> result) mutable {
        if (failure) result = error_of(failure);
        std::move(done)(std::move(result));
    };
    asio::co_spawn(executor, std::move(work),
                   asio::bind_executor(home, asio::bind_cancellation_slot(slot, std::move(finish))));
}

// Reads an answer, or a refusal that is one of the outcomes, as a `T`.
template <class T>
Result<T> answer_as(Result<Json> answer);

template <class T>
asio::awaitable<Result<T>> perform(ClientCorePtr core, Ask ask) {
    auto answer =
        co_await core->call(std::move(ask.operation), std::move(ask.args), std::move(ask.options));
    co_return answer_as<T>(std::move(answer));
}

}  // namespace fleet
