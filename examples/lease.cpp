// Holds files for as long as it works on them; the lease renews itself and is given back at the end.
//   FLEET_PROJECT=shop lease [PATTERN]
#include <fleet/fleet.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> work(fleet::Client& client, std::string pattern) {
    fleet::ReserveRequest request;
    request.patterns.push_back(pattern);
    request.wait = std::chrono::seconds(30);
    auto lost = [](fleet::Error const& why) {
        std::cerr << "stop writing: " << fleet::describe(why) << "\n";
    };
    auto lease = co_await fleet::ReservationLease::async_acquire(client, request, lost, asio::use_awaitable);
    if (!lease) throw fleet::ErrorException(lease.error());
    std::cout << "holding " << pattern << " with token " << lease->fence().token << std::endl;
    // Write the files here: until `lease` goes out of scope nobody else may.
}

int main(int argc, char** argv) {
    auto options = fleet::options_from_environment();
    fleet::PilotRequest me;
    me.program = "example";
    me.model = "none";
    if (options.callsign.empty())
        options.callsign = fleet::Blocking(options).register_pilot(me).pilot.callsign;
    asio::io_context loop;
    fleet::Client client(loop.get_executor(), options);
    auto done = asio::co_spawn(loop, work(client, argc > 1 ? argv[1] : "examples/**"), asio::use_future);
    loop.run();
    done.get();
}
