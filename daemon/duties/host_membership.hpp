// This daemon's membership of the fleet, and the leader's work, over the one connection K.
#pragma once

#include "operations/host_stamp.hpp"

#include <fleet/backoff.hpp>
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace fleet::observe {
class Health;
class Log;
class Metrics;
}  // namespace fleet::observe

namespace fleet::duties {

namespace asio = boost::asio;

struct DutyOptions {
    std::string host_id;  // "host_…", of the state directory
    std::string hostname;
    std::string version;
    std::string application_name;  // "fleetd/<host>/beacon"
    Millis host_lease{15'000};
    Millis sweep_pause{5'000};
    Millis order_lock_limit{5'000};
    Millis pilot_lease{300'000};        // without a sign of life for so long a pilot is stale
    Millis step_limit{5'000};           // connect, one statement
    Millis tcp_user_timeout{10'000};
    Json checkpoints = Json::object();  // when a mission stands still, and which checkpoints go; see do_sweep
    int schema_known = 0;               // newest version of the schema that this program knows
    BackoffLimits reconnect{Millis(100), Millis(5'000)};
};

struct DutyHealth {
    bool has_joined = false;
    bool leads = false;
    std::int64_t duty_epoch = 0;  // while it leads; every write of the leader names it
    std::int64_t epoch = 0;
    std::uint64_t rejoined = 0;
    std::uint64_t ended_sessions = 0;  // that sat on the order lock
    std::string last_error{};          // "" while all is well
};

// Joins the fleet as `host_id`, holds the beacon lock, renews the lease by one UPDATE, takes and keeps
// leadership, and as leader sweeps, declares lost hosts and ends sessions that sit on the order lock. Whoever
// does not lead declares a lost leader. A lost session is connected again and the host joins again. Lives on
// the loop thread.
class HostMembership {
public:
    // Called on the loop before each connect.
    using DsnSource = std::function<Result<std::string>()>;

    HostMembership(asio::any_io_executor loop, DsnSource dsn, DutyOptions options, observe::Log& log,
                   observe::Health& health);
    ~HostMembership();
    HostMembership(HostMembership const&) = delete;
    HostMembership& operator=(HostMembership const&) = delete;

    // What commands carry. The reference stays valid and follows the membership.
    ops::HostStamp const& stamp() const;

    // The loop. Spawned once by the owner; ends after `stop()`. Ends with already_running_elsewhere when
    // another session still holds this host's beacon lock some seconds after the first try to join: a second
    // daemon of this host on this database. Ends with schema_newer, having left the fleet, when another host
    // brought the schema past what this program can work with.
    asio::awaitable<Result<void>> run();

    // "A command with this epoch was refused with host_epoch_moved": join again now, unless that was done
    // since.
    void epoch_moved(std::int64_t carried);

    // Resigns, leaves the fleet when `leave` is true (the pilots of this host keep their files), and ends
    // `run()`.
    asio::awaitable<void> stop(bool leave);

    DutyHealth health() const;

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace fleet::duties
