// Claimers that take orders and complete them until the queue is empty or enough are done.
#include "options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <stdexcept>

namespace fleet::load {
namespace {

// The clock runs between the `warm`th completion and the `warm + count`th.
struct Progress {
    Options options{};
    std::int64_t done = 0;
    std::int64_t counted = 0;
    std::optional<Clock::time_point> began{};
    Clock::time_point ended{};

    bool enough() const { return done >= options.warm + options.count; }
    void add(std::int64_t orders) {
        done += orders;
        if (began) counted += orders;
        if (!began && done >= options.warm) began = Clock::now();
        ended = Clock::now();
    }
};

Json claim_request(Options const& options) {
    return Json{{"limit", options.limit}};
}

asio::awaitable<void> complete_each(Client& client, Json const& orders) {
    for (auto const& order : orders) {
        CallOptions call{};
        Fence fence{};
        fence.id = order.at("work_order_id").get<std::string>();
        fence.token = order.at("token").get<std::int64_t>();
        fence.kind = "work_order";
        call.fence = fence;
        Json request{{"work_order_id", fence.id}};
        auto done = co_await client.async_call("work_orders.complete", std::move(request), std::move(call),
                                               asio::use_awaitable);
        must(std::move(done));
    }
}

asio::awaitable<void> complete_all(Client& client, Json const& orders) {
    Json list = Json::array();
    for (auto const& order : orders) {
        list.push_back(Json{{"work_order_id", order.at("work_order_id")}, {"token", order.at("token")}});
    }
    Json request{{"orders", std::move(list)}};
    CallOptions call{};
    auto done = co_await client.async_call("work_orders.complete_batch", std::move(request), std::move(call),
                                           asio::use_awaitable);
    must(std::move(done));
}

asio::awaitable<void> claimer(Client& client, Progress& progress) {
    while (!progress.enough()) {
        auto request = claim_request(progress.options);
        CallOptions call{};
        auto claimed = co_await client.async_call("work_orders.claim", std::move(request), std::move(call),
                                                  asio::use_awaitable);
        auto const answer = must(std::move(claimed));
        auto const& orders = answer.at("orders");
        if (orders.empty()) co_return;
        if (progress.options.limit == 1) {
            co_await complete_each(client, orders);
        } else {
            co_await complete_all(client, orders);
        }
        progress.add(static_cast<std::int64_t>(orders.size()));
    }
}

}  // namespace

asio::awaitable<Json> run_orders(Options options) {
    auto executor = co_await asio::this_coro::executor;
    Progress progress{};
    progress.options = options;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < options.clients; ++i) {
        auto const callsign = "bench-" + std::to_string(i + 1);
        clients.push_back(std::make_unique<Client>(executor, client_options(options, callsign)));
    }
    using Pending = decltype(asio::co_spawn(executor, claimer(*clients.front(), progress), asio::deferred));
    std::vector<Pending> pending;
    for (auto& client : clients) {
        pending.push_back(asio::co_spawn(executor, claimer(*client, progress), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(pending));
    auto ended = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (auto const& failure : std::get<1>(ended)) {
        if (failure) std::rethrow_exception(failure);
    }
    if (!progress.enough()) throw std::runtime_error("the queue was empty too soon");
    double const took = std::chrono::duration<double>(progress.ended - *progress.began).count();
    co_return Json{{"per_second", static_cast<std::int64_t>(static_cast<double>(progress.counted) / took)}};
}

}  // namespace fleet::load
