// What the leader does for the whole fleet.
#pragma once

#include "duties/beacon_session.hpp"
#include "duties/duty_plan.hpp"

#include <fleet/result.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace fleet::observe {
class Log;
}

namespace fleet::duties {

// Lives as long as one leadership. Calls end with `away` when the session is lost and with `duty_lost` when another
// daemon leads by now.
class LeaderRound {
public:
    LeaderRound(BeaconSession& beacon, observe::Log& log, Millis order_lock_limit)
        : beacon_(beacon), log_(log), order_lock_limit_(order_lock_limit) {}

    void lead_with(std::int64_t epoch) { epoch_ = epoch; }

    // Stale pilots, waits and leases past their time, old keys.
    asio::awaitable<Result<void>> sweep();

    // Declares hosts lost whose proofs of life are gone, and ends sessions that sit on the order lock.
    asio::awaitable<Result<void>> watch(Instant now);

    std::uint64_t ended_sessions() const { return ended_sessions_; }

private:
    asio::awaitable<Result<void>> declare_lost_hosts();
    asio::awaitable<Result<void>> end_lock_holders(Instant now);

    BeaconSession& beacon_;
    observe::Log& log_;
    Millis order_lock_limit_;
    std::int64_t epoch_ = 0;
    std::uint64_t ended_sessions_ = 0;
    std::map<std::string, Instant> seen_holding_{};  // "pid began" of a lock holder → when it was seen first
};

}  // namespace fleet::duties
