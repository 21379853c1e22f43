// From the sending of a message to its arrival in a mailbox that is waited for, on another daemon.
#include "options.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace fleet::load {
namespace {

// Readers stand there before their letter is sent, but not all at once.
constexpr std::chrono::milliseconds waits_before{700};

struct Times {
    Clock::time_point answered{};
    Clock::time_point arrived{};
};

// One clock: writers and readers live in one process, on two daemons.
// One clock: the writer and the readers live in one process, on two daemons. Every letter has a reader of its
// own, who waits when it is sent and need not put others aside first: to mark letters as read is another
// load.
struct Post {
    Options options{};
    Clock::time_point begin{};
    std::vector<Times> letters{};

    Clock::time_point due(std::size_t letter) const {
        return begin +
               std::chrono::microseconds(1'000'000LL * static_cast<std::int64_t>(letter) / options.rate);
    }
};

std::string reader_of(std::size_t letter) {
    return "bench-" + std::to_string(letter + 1);
}

asio::awaitable<void> sleep_until(Clock::time_point time) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> wait_for_letter(Client& client, Post& post, std::size_t letter) {
    co_await sleep_until(post.due(letter) - waits_before);
    Json request{{"callsign", reader_of(letter)}, {"wait_seconds", 30}, {"limit", 1}};
    CallOptions call{};
    call.callsign = reader_of(letter);
    auto answer = co_await client.async_call("messages.inbox", std::move(request), std::move(call),
                                             asio::use_awaitable);
    post.letters[letter].arrived = Clock::now();
    auto const inbox = must(std::move(answer));
    if (inbox.at("items").size() != 1)
        throw std::runtime_error("mail: a mailbox that was waited for is empty");
}

// At a fixed instant, whatever the answers do: a late start counts as latency.
asio::awaitable<void> send_letter(Client& client, Post& post, std::size_t letter) {
    co_await sleep_until(post.due(letter));
    Json request{{"subject", "letter"}, {"body", "Please look at src/service before you go on."}};
    request["to"] = Json::array({reader_of(letter)});
    CallOptions call{};
    auto sent =
        co_await client.async_call("messages.send", std::move(request), std::move(call), asio::use_awaitable);
    post.letters[letter].answered = Clock::now();
    must(std::move(sent));
}

using Pending =
    decltype(asio::co_spawn(asio::any_io_executor(), std::declval<asio::awaitable<void>>(), asio::deferred));

}  // namespace

asio::awaitable<Json> run_mail(Options options) {
    auto executor = co_await asio::this_coro::executor;
    Post post{};
    post.options = options;
    post.begin = Clock::now() + waits_before + std::chrono::seconds(1);
    post.letters.resize(static_cast<std::size_t>(options.clients));
    auto to_writer = client_options(options, "prober");
    auto to_readers = client_options(options, "");
    to_readers.endpoint = "unix:" + options.reader_socket;
    Client writer(executor, to_writer);
    Client reader(executor, to_readers);
    std::vector<Pending> pending;
    for (std::size_t letter = 0; letter < post.letters.size(); ++letter) {
        pending.push_back(asio::co_spawn(executor, wait_for_letter(reader, post, letter), asio::deferred));
        pending.push_back(asio::co_spawn(executor, send_letter(writer, post, letter), asio::deferred));
    }
    auto group = asio::experimental::make_parallel_group(std::move(pending));
    auto ended = co_await group.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (auto const& failure : std::get<1>(ended)) {
        if (failure) std::rethrow_exception(failure);
    }
    Samples after_request{};
    Samples after_answer{};
    for (std::size_t letter = 0; letter < post.letters.size(); ++letter) {
        auto const& times = post.letters[letter];
        after_request.add(times.arrived - post.due(letter));
        after_answer.add(std::max(Clock::duration::zero(), times.arrived - times.answered));
    }
    co_return Json{{"after_request", after_request.summary()}, {"after_answer", after_answer.summary()}};
}

}  // namespace fleet::load
