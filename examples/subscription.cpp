// Follows the log from its start, through every restart of the daemon and the database.
//   FLEET_PROJECT=shop subscription [COUNT [DSN]]      with a DSN: straight on Postgres, without a daemon
#include <fleet/fleet.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> follow(fleet::Subscription& subscription, int count) {
    for (int seen = 0; seen < count; ++seen) {
        auto event = co_await subscription.async_next(asio::use_awaitable);
        if (!event) throw fleet::ErrorException(event.error());
        std::cout << event->seq << " " << event->type << " " << fleet::json_text(event->data) << std::endl;
    }
    subscription.stop();  // otherwise it keeps the loop busy
}

int main(int argc, char** argv) {
    asio::io_context loop;
    fleet::Client client(loop.get_executor(), fleet::options_from_environment());
    fleet::SubscriptionOptions from_start;
    from_start.project = client.options().project;
    from_start.after = "start";
    fleet::Subscription subscription =
        argc > 2 ? fleet::Subscription(loop.get_executor(), fleet::DirectOptions{argv[2], from_start})
                 : fleet::Subscription(client, from_start);
    int const count = argc > 1 ? std::stoi(argv[1]) : 1;
    auto done = asio::co_spawn(loop, follow(subscription, count), asio::use_future);
    loop.run();
    done.get();
}
