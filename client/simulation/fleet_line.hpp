#pragma once
// How simulated pilots speak to the daemons: every operation is timed, and asked again, with the same key,
// while a daemon or the database is away.
#include "simulation/ledger.hpp"
#include "simulation/together.hpp"

#include <fleet/client.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace fleet::simulation {

struct LineOptions {
    std::vector<ClientOptions> hosts{};  // endpoint and token of each daemon
    std::string project{};
    std::size_t requests_max = 64;  // under way at once, and connections kept, a host
    Millis away_max{60'000};        // how long an operation is asked again
};

// One client a host, shared by all of its pilots. Lives on the executor; outlives every call.
class FleetLine {
public:
    FleetLine(asio::any_io_executor executor, LineOptions options, Ledger& ledger);

    std::size_t hosts() const { return hosts_.size(); }
    Client& client(std::size_t host) { return hosts_[host]->client; }

    // As the pilot `callsign` ("": as the user) through this host. Errors: what the operation refuses;
    // daemon_away or away after `away_max`.
    asio::awaitable<Result<Json>> call(std::size_t host, std::string callsign, std::string operation,
                                       Json args);

private:
    struct Host {
        Host(asio::any_io_executor executor, ClientOptions options, std::size_t requests_max)
            : client(executor, std::move(options)), gate(std::move(executor), requests_max) {}
        Client client;
        Gate gate;
    };

    LineOptions options_;
    Ledger& ledger_;
    std::vector<std::unique_ptr<Host>> hosts_{};
};

}  // namespace fleet::simulation
