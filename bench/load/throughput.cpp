// Closed loop: each client has one request in flight and asks again as soon as it is answered.
#include "options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>

namespace fleet::load {
namespace {

struct Shared {
    Options options{};
    Clock::time_point until{};
    Samples samples{};
    std::int64_t operations = 0;
};

NewEvent small_event() {
    NewEvent event{};
    event.type = "x.bench";
    event.data = Json{{"n", 1}, {"text", "a small payload, as events have"}};
    return event;
}

asio::awaitable<void> append_loop(Client& client, Shared& shared) {
    while (Clock::now() < shared.until) {
        auto const started = Clock::now();
        auto answered = co_await client.async_append(small_event(), asio::use_awaitable);
        must(std::move(answered));
        shared.samples.add(Clock::now() - started);
        shared.operations += 1;
    }
}

// A reservation and its release are two operations, each a commit with its event.
asio::awaitable<void> reserve_loop(Client& client, Shared& shared, std::string path) {
    while (Clock::now() < shared.until) {
        ReserveRequest request{};
        request.patterns.push_back(path);
        auto const started = Clock::now();
        auto outcome = co_await client.async_reserve(std::move(request), asio::use_awaitable);
        auto granted = std::get<Granted>(must(std::move(outcome)));
        auto released = co_await client.async_release(std::move(granted.fence), asio::use_awaitable);
        must(std::move(released));
        shared.samples.add(Clock::now() - started);
        shared.operations += 2;
    }
}

using Loop = std::function<asio::awaitable<void>(Client&, Shared&, int)>;

// Runs one loop per client and waits for all of them.
asio::awaitable<Json> closed_loop(Options options, Loop loop) {
    auto executor = co_await asio::this_coro::executor;
    Shared shared{};
    shared.options = options;
    shared.until = Clock::now() + std::chrono::seconds(options.seconds);
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < options.clients; ++i) {
        auto const callsign = "bench-" + std::to_string(i + 1);
        clients.push_back(std::make_unique<Client>(executor, client_options(options, callsign)));
    }
    using Pending = decltype(asio::co_spawn(executor, loop(*clients.front(), shared, 0), asio::deferred));
    std::vector<Pending> pending;
    for (int i = 0; i < options.clients; ++i) {
        auto& client = *clients[static_cast<std::size_t>(i)];
        pending.push_back(asio::co_spawn(executor, loop(client, shared, i), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(pending));
    auto const started = Clock::now();
    auto ended = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (auto const& failure : std::get<1>(ended)) {
        if (failure) std::rethrow_exception(failure);
    }
    double const took = std::chrono::duration<double>(Clock::now() - started).count();
    Json figures = shared.samples.summary();
    figures["per_second"] = static_cast<std::int64_t>(static_cast<double>(shared.operations) / took);
    co_return figures;
}

}  // namespace

asio::awaitable<Json> run_append(Options options) {
    Loop loop = [](Client& client, Shared& shared, int) { return append_loop(client, shared); };
    return closed_loop(std::move(options), std::move(loop));
}

asio::awaitable<Json> run_reserve(Options options) {
    Loop loop = [](Client& client, Shared& shared, int number) {
        return reserve_loop(client, shared, "src/module" + std::to_string(number) + "/file.cpp");
    };
    return closed_loop(std::move(options), std::move(loop));
}

// Open loop: each client starts an append at fixed instants, whatever the answers do; late starts count as
// latency.
asio::awaitable<Json> run_append_rate(Options options) {
    auto const begin = Clock::now();
    auto const step = std::chrono::microseconds(1'000'000LL * options.clients / options.rate);
    Loop loop = [begin, step](Client& client, Shared& shared, int number) -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor);
        auto due = begin + step * number / shared.options.clients;
        while (due < shared.until) {
            timer.expires_at(due);
            co_await timer.async_wait(asio::use_awaitable);
            auto answered = co_await client.async_append(small_event(), asio::use_awaitable);
            must(std::move(answered));
            shared.samples.add(Clock::now() - due);
            shared.operations += 1;
            due += step;
        }
    };
    return closed_loop(std::move(options), std::move(loop));
}

}  // namespace fleet::load
