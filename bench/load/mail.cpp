// From the sending of a message to its arrival in a mailbox that is waited for, on another daemon.
#include "options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>
#include <unordered_map>

namespace fleet::load {
namespace {

struct Times {
    Clock::time_point due{};
    Clock::time_point answered{};
    Clock::time_point arrived{};
};

// One clock: writers and readers live in one process, on two daemons.
struct Post {
    Options options{};
    std::unordered_map<std::string, Times> letters{};  // by subject
    int arrived = 0;
    bool over() const { return arrived >= options.count; }
};

std::string reader_of(Options const& options, int letter) {
    return "bench-" + std::to_string(1 + letter % options.clients);
}

asio::awaitable<void> read_one(std::shared_ptr<Client> client, std::string message_id) {
    Json request{{"message_id", std::move(message_id)}};
    CallOptions call{};
    auto read = co_await client->async_call("messages.read", std::move(request), std::move(call),
                                            asio::use_awaitable);
    must(std::move(read));
}

// Waits for mail; what came is read at once, beside the next wait, so that it does not come again.
asio::awaitable<void> read_mail(Post& post, int reader) {
    auto executor = co_await asio::this_coro::executor;
    auto const callsign = "bench-" + std::to_string(reader + 1);
    auto options = client_options(post.options, callsign);
    options.endpoint = "unix:" + post.options.reader_socket;
    auto client = std::make_shared<Client>(executor, options);
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    while (!post.over()) {
        Json request{{"callsign", callsign}, {"wait_seconds", 2}, {"limit", 100}};
        CallOptions call{};
        auto answer = co_await client->async_call("messages.inbox", std::move(request), std::move(call),
                                                  asio::use_awaitable);
        auto const now = Clock::now();
        auto const inbox = must(std::move(answer));
        for (auto const& letter : inbox.at("items")) {
            auto& times = post.letters[letter.at("subject").get<std::string>()];
            if (times.arrived != Clock::time_point{}) continue;
            times.arrived = now;
            post.arrived += 1;
            asio::co_spawn(executor, read_one(client, letter.at("message_id").get<std::string>()), rethrow);
        }
    }
}

asio::awaitable<void> send_one(std::shared_ptr<Client> client, Post& post, int letter) {
    auto const subject = "letter " + std::to_string(letter);
    Json request{{"subject", subject}, {"body", "Please look at src/service before you go on."}};
    request["to"] = Json::array({reader_of(post.options, letter)});
    CallOptions call{};
    auto sent = co_await client->async_call("messages.send", std::move(request), std::move(call),
                                            asio::use_awaitable);
    must(std::move(sent));
    post.letters[subject].answered = Clock::now();
}

// At fixed instants, whatever the answers do: a late start counts as latency.
asio::awaitable<void> send_all(Post& post) {
    auto executor = co_await asio::this_coro::executor;
    auto client = std::make_shared<Client>(executor, client_options(post.options, "prober"));
    auto rethrow = [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    asio::steady_timer timer(executor);
    auto const begin = Clock::now() + std::chrono::milliseconds(500);
    for (int letter = 0; letter < post.options.count; ++letter) {
        auto const due = begin + std::chrono::microseconds(1'000'000LL * letter / post.options.rate);
        timer.expires_at(due);
        co_await timer.async_wait(asio::use_awaitable);
        post.letters["letter " + std::to_string(letter)].due = due;
        asio::co_spawn(executor, send_one(client, post, letter), rethrow);
    }
}

asio::awaitable<void> both(asio::awaitable<void> first, asio::awaitable<void> second) {
    using namespace asio::experimental::awaitable_operators;
    co_await (std::move(first) && std::move(second));
}

}  // namespace

asio::awaitable<Json> run_mail(Options options) {
    Post post{};
    post.options = options;
    auto work = send_all(post);
    for (int reader = 0; reader < options.clients; ++reader)
        work = both(std::move(work), read_mail(post, reader));
    co_await std::move(work);
    Samples after_request{};
    Samples after_answer{};
    for (auto const& [subject, times] : post.letters) {
        after_request.add(times.arrived - times.due);
        if (times.answered == Clock::time_point{}) continue;
        after_answer.add(std::max(Clock::duration::zero(), times.arrived - times.answered));
    }
    co_return Json{{"messages", post.arrived},
                   {"after_request", after_request.summary()},
                   {"after_answer", after_answer.summary()}};
}

}  // namespace fleet::load
