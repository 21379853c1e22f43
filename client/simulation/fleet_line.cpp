#include "simulation/fleet_line.hpp"

#include <fleet/id.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace fleet::simulation {
namespace {

constexpr Millis first_pause{50};
constexpr Millis longest_pause{1'000};
constexpr Millis long_answer{120'000};  // a busy daemon is slow, not away

bool is_passing(Error const& error) {
    int const status = http_status(error);
    return status == 503 || status == 429 || error.code == ErrorCode::request_timeout;
}

}  // namespace

FleetLine::FleetLine(asio::any_io_executor executor, LineOptions options, Ledger& ledger)
    : options_(std::move(options)), ledger_(ledger) {
    for (ClientOptions host : options_.hosts) {
        host.project = options_.project;
        host.callsign.clear();
        host.connections_kept = options_.requests_max;
        host.timeouts.answer = long_answer;
        hosts_.push_back(std::make_unique<Host>(executor, std::move(host), options_.requests_max));
    }
}

asio::awaitable<Result<Json>> FleetLine::call(std::size_t host, std::string callsign, std::string operation,
                                              Json args) {
    using std::chrono::steady_clock;
    auto& line = *hosts_[host % hosts_.size()];
    CallOptions options;
    options.callsign = std::move(callsign);
    options.idempotency_key = new_id("idem");
    auto pause = first_pause;
    auto const give_up_at = steady_clock::now() + options_.away_max;
    while (true) {
        co_await line.gate.enter();
        auto const began = steady_clock::now();
        auto answer = co_await line.client.async_call(operation, args, options, asio::use_awaitable);
        auto const ended = steady_clock::now();
        line.gate.leave();
        if (answer || !is_passing(answer.error()) || ended >= give_up_at) {
            ledger_.took(operation, std::chrono::duration_cast<Micros>(ended - began));
            co_return answer;
        }
        ledger_.counts.repeated += 1;
        co_await pause_for(pause);
        pause = std::min(pause * 2, longest_pause);
    }
}

}  // namespace fleet::simulation
