// From the commit of an event to its arrival at a subscriber, in one process with one clock.
#include "options.hpp"

#include <fleet/subscription.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>

namespace fleet::load {
namespace {

struct Times {
    Clock::time_point sent{};
    Clock::time_point answered{};
    Clock::time_point arrived{};
};
using Log = std::map<std::int64_t, Times>;  // by the number that the event carries

asio::awaitable<void> receive(Subscription& subscription, Log& log, int count) {
    for (int seen = 0; seen < count;) {
        auto next = co_await subscription.async_next(asio::use_awaitable);
        auto event = must(std::move(next));
        if (event.type != "x.delivery") continue;
        log[event.data.at("n").get<std::int64_t>()].arrived = Clock::now();
        seen += 1;
    }
}

asio::awaitable<void> send(Client& client, Subscription& subscription, Log& log, int count) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    while (!subscription.is_connected()) {  // what is sent before "now" is known would never arrive
        pause.expires_after(Millis(5));
        co_await pause.async_wait(asio::use_awaitable);
    }
    for (int n = 0; n < count; ++n) {
        NewEvent event{};
        event.type = "x.delivery";
        event.data = Json{{"n", n}};
        log[n].sent = Clock::now();
        auto answered = co_await client.async_append(std::move(event), asio::use_awaitable);
        must(std::move(answered));
        log[n].answered = Clock::now();
    }
}

}  // namespace

// The answer of an append is sent after its commit, so "after the answer" bounds commit → subscriber from
// below and "after the request" from above (it holds the flush as well). An arrival before the answer counts
// as zero.
asio::awaitable<Json> run_delivery(Options options) {
    using namespace asio::experimental::awaitable_operators;
    auto executor = co_await asio::this_coro::executor;
    Client client(executor, client_options(options, ""));
    Log log;
    SubscriptionOptions wanted{};
    wanted.types.push_back("x.delivery");
    Subscription subscription(client, wanted);
    auto both = receive(subscription, log, options.count) && send(client, subscription, log, options.count);
    co_await std::move(both);
    Samples after_answer{};
    Samples after_request{};
    for (auto const& [n, times] : log) {
        after_answer.add(std::max(Clock::duration::zero(), times.arrived - times.answered));
        after_request.add(times.arrived - times.sent);
    }
    co_return Json{{"after_answer", after_answer.summary()}, {"after_request", after_request.summary()}};
}

}  // namespace fleet::load
