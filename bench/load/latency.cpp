// One request at a time: how long a single operation takes.
#include "options.hpp"

#include <fleet/subscription.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fleet::load {
namespace {

std::string pattern_of(Options const& options, int n) {
    std::string const number = std::to_string(n);
    if (options.kind == "literal") return "fresh/area" + number + "/file.cpp";
    if (options.kind == "directory") return "fresh/area" + number + "/**";
    return "**/*.fresh" + number;  // repo-wide: every held pattern is a candidate
}

}  // namespace

asio::awaitable<Json> run_reserve_one(Options options) {
    auto executor = co_await asio::this_coro::executor;
    Client client(executor, client_options(options, "prober"));
    Samples samples{};
    for (int n = 0; n < options.count; ++n) {
        ReserveRequest request{};
        request.patterns.push_back(pattern_of(options, n));
        auto const started = Clock::now();
        auto outcome = co_await client.async_reserve(std::move(request), asio::use_awaitable);
        auto reserved = must(std::move(outcome));
        samples.add(Clock::now() - started);
        if (auto* granted = std::get_if<Granted>(&reserved)) {
            auto released = co_await client.async_release(granted->fence, asio::use_awaitable);
            must(std::move(released));
        }
    }
    co_return samples.summary();
}

asio::awaitable<Json> run_query(Options options) {
    auto executor = co_await asio::this_coro::executor;
    Client client(executor, client_options(options, ""));
    Samples samples{};
    for (int n = 0; n < options.count; ++n) {
        ListRequest request{{"limit", 100}};
        auto const started = Clock::now();
        auto page = co_await client.async_list_events(std::move(request), asio::use_awaitable);
        auto events = must(std::move(page));
        samples.add(Clock::now() - started);
        if (events.items.size() != 100) throw std::runtime_error("query: fewer than 100 events in the log");
    }
    co_return samples.summary();
}

}  // namespace fleet::load
