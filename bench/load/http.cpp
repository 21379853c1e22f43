// What agents ask between two pieces of work, while others are at it: each client asks, thinks, and asks
// again.
#include "options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <string_view>

namespace fleet::load {
namespace {

constexpr std::chrono::milliseconds thinks{100};

struct Question {
    std::string_view operation;
    int limit;
};
constexpr std::array<Question, 6> questions{{{"sorties.ready", 20},
                                             {"sorties.list", 20},
                                             {"missions.list", 20},
                                             {"pilots.list", 50},
                                             {"events.list", 50},
                                             {"reservations.list", 20}}};

struct Asked {
    Options options{};
    Clock::time_point until{};
    Samples all{};
};

asio::awaitable<void> ask(Asked& asked, int number) {
    auto executor = co_await asio::this_coro::executor;
    Client client(executor, client_options(asked.options, ""));
    asio::steady_timer timer(executor, thinks * number / asked.options.clients);
    co_await timer.async_wait(asio::use_awaitable);
    for (auto place = static_cast<std::size_t>(number); Clock::now() < asked.until; ++place) {
        Question const& question = questions[place % questions.size()];
        Json request{{"limit", question.limit}};
        CallOptions call{};
        std::string operation(question.operation);
        auto const began = Clock::now();
        auto answer = co_await client.async_call(std::move(operation), std::move(request), std::move(call),
                                                 asio::use_awaitable);
        must(std::move(answer));
        asked.all.add(Clock::now() - began);
        timer.expires_after(thinks);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<void> both(asio::awaitable<void> first, asio::awaitable<void> second) {
    using namespace asio::experimental::awaitable_operators;
    co_await (std::move(first) && std::move(second));
}

}  // namespace

asio::awaitable<Json> run_http(Options options) {
    Asked asked{};
    asked.options = options;
    asked.until = Clock::now() + std::chrono::seconds(options.seconds);
    auto work = ask(asked, 0);
    for (int number = 1; number < options.clients; ++number) work = both(std::move(work), ask(asked, number));
    co_await std::move(work);
    co_return asked.all.summary();
}

}  // namespace fleet::load
