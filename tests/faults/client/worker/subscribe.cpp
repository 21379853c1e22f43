#include "fault/worker/modes.hpp"
#include "support/process.hpp"

#include <fleet/client.hpp>
#include <fleet/error.hpp>
#include <fleet/subscription.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <iostream>
#include <memory>

namespace fleet::fault {

namespace {

// Shared with the watch, which may outlive the subscriber's frame by one pause.
struct Progress {
    std::int64_t seen = 0;
    std::int64_t last = 0;  // 0: not told yet
    bool ended = false;

    bool complete() const { return last != 0 && seen >= last; }
};

// Reads the last seq from the control file; stops the subscription when it was reached already.
asio::awaitable<void> watch_control(WorkerOptions options, std::shared_ptr<Progress> progress,
                                    std::shared_ptr<Subscription> subscription) {
    while (!progress->ended) {
        if (progress->last == 0) {
            auto const text = test::read_text(options.control);
            if (!text.empty() && text.back() == '\n') progress->last = std::stoll(text);
        }
        if (progress->complete()) subscription->stop();
        co_await pause_for(50);
    }
}

void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

std::shared_ptr<Subscription> open(asio::any_io_executor executor, WorkerOptions const& options) {
    SubscriptionOptions wanted;
    wanted.after = "start";
    wanted.every_project = true;
    if (options.mode == "direct") {
        DirectOptions direct;
        direct.dsn = options.dsn;
        direct.subscription = wanted;
        return std::make_shared<Subscription>(executor, direct);
    }
    ClientOptions client_options;
    client_options.endpoint = options.endpoint;
    Client const client{executor, client_options};
    return std::make_shared<Subscription>(client, wanted);
}

}  // namespace

asio::awaitable<int> subscribe(WorkerOptions options) {
    auto executor = co_await asio::this_coro::executor;
    auto subscription = open(executor, options);
    auto progress = std::make_shared<Progress>();
    History history{options.history};
    asio::co_spawn(executor, watch_control(options, progress, subscription), &rethrow);

    while (!progress->complete()) {
        auto batch = co_await subscription->async_next_batch(asio::use_awaitable);
        if (batch.has_error()) {
            if (progress->complete()) break;
            history.note(
                {{"did", "failed"}, {"code", text_code(batch.error())}, {"message", batch.error().message}});
            std::cerr << options.name << ": " << describe(batch.error()) << "\n";
            progress->ended = true;
            co_return 1;
        }
        for (auto const& event : *batch) {
            history.note({{"did", "saw"}, {"seq", event.seq}, {"event_id", event.event_id}});
            progress->seen = event.seq;
        }
    }
    progress->ended = true;
    co_return 0;
}

}  // namespace fleet::fault
