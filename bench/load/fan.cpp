// Many subscribers on many daemons: each must get every event of the project, in order. The readers look only
// at what they check (the number and the time in each event), or their JSON parser would be what is measured.
#include "options.hpp"

#include "transport/ws_channel.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <string_view>

namespace fleet::load {
namespace {

// The clock of the machine, which is one for all its processes.
std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}

struct Tally {
    std::int64_t events = 0;
    std::int64_t frames = 0;
    std::int64_t bytes = 0;
    std::int64_t out_of_order = 0;  // not the number that had to come next
    int complete = 0;               // subscribers that have all
    std::int64_t first_us = 0;
    std::int64_t last_us = 0;
    Samples delays{};
};

std::int64_t number_after(std::string_view text, std::string_view key, std::size_t& from) {
    auto const found = text.find(key, from);
    if (found == std::string_view::npos) {
        from = found;
        return -1;
    }
    from = found + key.size();
    // jsonb puts a blank behind the colon.
    while (from < text.size() && text[from] == ' ') from += 1;
    std::int64_t value = -1;
    std::from_chars(text.data() + from, text.data() + text.size(), value);
    return value;
}

// Reads until `count` events have come, and says whether each was the next one.
asio::awaitable<void> follow(std::string socket, std::string project, int count, Tally& tally, int& waiting) {
    auto executor = co_await asio::this_coro::executor;
    auto endpoint = must(transport::parse_endpoint(socket));
    transport::WsChannel channel(executor, endpoint);
    std::vector<transport::Header> headers;
    headers.push_back({"Fleet-Project", project});
    auto opened = co_await channel.open("/ws", std::move(headers), Millis(20'000));
    must(std::move(opened));
    Json const filter{{"project", project}, {"types", {"x.fan"}}};
    Json const question{{"id", 1}, {"op", "subscribe"}, {"after", "now"}, {"filter", filter}};
    auto ask = question.dump();
    auto asked = co_await channel.write(std::move(ask));
    must(std::move(asked));
    bool subscribed = false;
    std::int64_t next = 0;
    while (next < count) {
        auto heard = co_await channel.read();
        auto const text = must(std::move(heard));
        auto const at = now_us();
        if (!subscribed) {
            if (text.find(R"("ok":true)") == std::string::npos) throw std::runtime_error("refused: " + text);
            subscribed = true;
            if (--waiting == 0) std::cout << "ready" << std::endl;
            continue;
        }
        tally.frames += 1;
        tally.bytes += static_cast<std::int64_t>(text.size());
        for (std::size_t from = 0;;) {
            auto const sent = number_after(text, R"("at_us":)", from);
            if (sent < 0) break;
            auto const n = number_after(text, R"("fan_n":)", from);
            tally.out_of_order += n != next ? 1 : 0;
            next = n + 1;
            tally.events += 1;
            tally.delays.add(std::chrono::microseconds(at - sent));
        }
        if (tally.first_us == 0) tally.first_us = at;
        tally.last_us = at;
    }
    tally.complete += 1;
    channel.hang_up();
}

}  // namespace

asio::awaitable<Json> run_fan_read(Options options) {
    auto executor = co_await asio::this_coro::executor;
    Tally tally{};
    int waiting = static_cast<int>(options.sockets.size()) * options.clients;
    int const all = waiting;
    using Pending = decltype(asio::co_spawn(executor, follow(std::string(), std::string(), 0, tally, waiting),
                                            asio::deferred));
    std::vector<Pending> pending;
    for (auto const& socket : options.sockets)
        for (int i = 0; i < options.clients; ++i)
            pending.push_back(asio::co_spawn(
                executor, follow(socket, options.project, options.count, tally, waiting), asio::deferred));
    auto group = asio::experimental::make_parallel_group(std::move(pending));
    auto ended = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (auto const& failure : std::get<1>(ended))
        if (failure) std::rethrow_exception(failure);
    auto const took = static_cast<double>(std::max<std::int64_t>(1, tally.last_us - tally.first_us)) / 1e6;
    Json figures = tally.delays.summary();
    figures["subscribers"] = all;
    figures["complete"] = tally.complete;
    figures["out_of_order"] = tally.out_of_order;
    auto const frames = std::max<std::int64_t>(1, tally.frames);
    figures["events_per_frame"] = static_cast<double>(tally.events) / static_cast<double>(frames);
    figures["deliveries_per_second"] = static_cast<std::int64_t>(static_cast<double>(tally.events) / took);
    figures["events_per_second"] = static_cast<std::int64_t>(static_cast<double>(tally.events) / took / all);
    figures["mb_per_second"] = static_cast<double>(tally.bytes) / took / 1e6;
    co_return figures;
}

// `rate` events a second through the daemons in turn, in requests of ten, or of what has become due
// meanwhile; one request at a time, or the order of the numbers would not be that of the log.
asio::awaitable<Json> run_fan_write(Options options) {
    constexpr int least = 10;
    constexpr int most = 100;
    auto executor = co_await asio::this_coro::executor;
    std::vector<std::unique_ptr<Client>> clients;
    for (auto const& socket : options.sockets) {
        auto one = options;
        one.socket = socket;
        clients.push_back(std::make_unique<Client>(executor, client_options(one, "")));
    }
    Samples samples{};
    asio::steady_timer timer(executor);
    auto const started = Clock::now();
    auto const due_at = [&](int n) {
        return started + std::chrono::microseconds(1'000'000LL * n / options.rate);
    };
    std::size_t turn = 0;
    for (int n = 0; n < options.count;) {
        timer.expires_at(due_at(std::min(n + least, options.count)));
        co_await timer.async_wait(asio::use_awaitable);
        AppendRequest request{};
        auto const now = Clock::now();
        while (n < options.count && request.events.size() < most && due_at(n) <= now) {
            NewEvent event{};
            event.type = "x.fan";
            event.data = Json{{"at_us", now_us()}, {"fan_n", n}, {"text", "a small payload, as events have"}};
            request.events.push_back(std::move(event));
            n += 1;
        }
        auto& client = *clients[turn++ % clients.size()];
        auto const asked = Clock::now();
        auto answered = co_await client.async_append(std::move(request), asio::use_awaitable);
        must(std::move(answered));
        samples.add(Clock::now() - asked);
    }
    Json figures = samples.summary();
    auto const took = std::chrono::duration<double>(Clock::now() - started).count();
    figures["events_per_second"] = static_cast<std::int64_t>(options.count / took);
    figures["events_a_request"] =
        options.count / static_cast<double>(std::max<std::size_t>(1, samples.size()));
    co_return figures;
}

}  // namespace fleet::load
