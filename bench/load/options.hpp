// What the load driver was asked to do, and how it tells what it saw.
#pragma once

#include <fleet/client.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet::load {

struct Options {
    std::string socket{};
    std::string reader_socket{};
    std::vector<std::string> sockets{};   // of several daemons
    std::uint64_t seed = 1;        // of a simulation
    double speed = 0;
    std::string project = "bench";
    std::string kind = "literal";  // of reserve-one: literal, directory or repo-wide
    int clients = 1;
    int seconds = 5;
    int count = 100;
    int rate = 1000;               // events a second, all clients together
    int limit = 1;                 // orders a claim
    int warm = 500;                // orders done before the clock starts
};

using Clock = std::chrono::steady_clock;

// Times of single operations, in microseconds.
class Samples {
public:
    void add(Clock::duration took) {
        values_.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    }
    std::size_t size() const { return values_.size(); }
    // {"count", "p50_ms", "p95_ms", "p99_ms", "max_ms"}
    Json summary() const;

private:
    std::vector<std::int64_t> values_{};
};

ClientOptions client_options(Options const& options, std::string callsign);

// Throws when the daemon refuses: a benchmark has nothing to say about errors.
template <class T>
T must(Result<T> result) {
    if (result.has_value()) return std::move(result).value();
    throw_exception_from_error(result.error(), BOOST_CURRENT_LOCATION);
}

// Each runs one mode to its end and answers its figures.
asio::awaitable<Json> run_append(Options options);
asio::awaitable<Json> run_append_rate(Options options);
asio::awaitable<Json> run_reserve(Options options);
asio::awaitable<Json> run_reserve_one(Options options);
asio::awaitable<Json> run_query(Options options);
asio::awaitable<Json> run_delivery(Options options);
asio::awaitable<Json> run_orders(Options options);
asio::awaitable<Json> run_mail(Options options);
asio::awaitable<Json> run_http(Options options);
asio::awaitable<Json> run_simulate(Options options);
asio::awaitable<Json> run_fan_read(Options options);
asio::awaitable<Json> run_fan_write(Options options);

}  // namespace fleet::load
