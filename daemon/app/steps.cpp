#include "app/steps.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fleet::app {

asio::awaitable<void> Steps::more_than(std::size_t seen) {
    if (steps_.size() > seen || outcome_) co_return;
    constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
    co_await changed_.async_wait(nothrow);
}

}  // namespace fleet::app
