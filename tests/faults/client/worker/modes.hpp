#pragma once
// The modes of the fault tests' worker: a process of its own that does one thing until it is told to stop or
// is killed, and writes down what it did.
#include "fault/history.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace fleet::fault {

namespace asio = boost::asio;

struct WorkerOptions {
    std::string mode{};      // append, psql, subscribe, direct, reserve, claim
    std::string endpoint{};  // of a daemon
    std::string dsn{};       // for psql and direct
    std::string project = "shop";
    std::string name{};  // callsign, or the name of a stream
    std::string history{};
    std::string control{};  // a file: appears when writers shall stop; holds the last seq for subscribers
    int rounds = 0;
    std::uint32_t seed = 0;
};

// Appends small batches through a daemon until `control` appears; each batch is repeated, with the same event
// ids, until it is acknowledged.
asio::awaitable<int> append_through_daemon(WorkerOptions options);

// The same in psql, by calling fleet.act. Blocks.
int append_in_psql(WorkerOptions const& options);

// Notes each event of the log, through a daemon or straight from PostgreSQL, until the seq in `control`.
asio::awaitable<int> subscribe(WorkerOptions options);

// Reserves, checks, extends, abandons and releases for so many rounds, those of its history counted.
asio::awaitable<int> reserve_in_rounds(WorkerOptions options);

// Claims, starts and completes sorties until none is open; leaves some behind, and tries the tokens of those.
asio::awaitable<int> claim_until_nothing_is_left(WorkerOptions options);

bool told_to_stop(WorkerOptions const& options);
asio::awaitable<void> pause_for(std::int64_t milliseconds);

}  // namespace fleet::fault
