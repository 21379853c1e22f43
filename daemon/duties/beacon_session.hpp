// Connection K: the statements of membership and leadership, each an awaitable with a limit.
#pragma once

#include "direct/pg_session.hpp"
#include "store/act.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet::duties {

namespace asio = boost::asio;

inline constexpr char sweep_duty[] = "sweep";

struct LockHolder {
    std::string pid;
    std::string began;             // of its transaction, as the database prints it
    std::string application_name;
    std::string user;
    std::string state;
    std::string query;
};

// Lives on the loop thread; one call at a time. An `away` from any call means the session is lost: connect again.
class BeaconSession {
public:
    BeaconSession(asio::any_io_executor loop, Millis step_limit) : session_(std::move(loop)), limit_(step_limit) {}

    asio::awaitable<Result<void>> connect(std::string dsn, std::string application_name);
    void close() { session_.close(); }
    bool is_open() const { return session_.is_open(); }

    // One command of `fleet.act`; its result.
    asio::awaitable<Result<Json>> act(store::ActRequest request);
    // False: another session holds this host's beacon.
    asio::awaitable<Result<bool>> hold_beacon(std::string host_id);
    // False: the host's epoch has moved.
    asio::awaitable<Result<bool>> renew(std::string host_id, std::int64_t epoch, Millis lease);
    // The duty's epoch, or empty while another session leads.
    asio::awaitable<Result<std::optional<std::int64_t>>> lead(std::string holder);
    asio::awaitable<Result<void>> resign();
    // Hosts whose lease has been over for long enough to look at their beacon.
    asio::awaitable<Result<std::vector<std::string>>> late_hosts();
    asio::awaitable<Result<std::vector<LockHolder>>> order_lock_holders();
    // "ended", "gone" or "refused".
    asio::awaitable<Result<std::string>> end_order_lock_holder(LockHolder holder);

private:
    direct::PgSession session_;
    Millis limit_;
};

}  // namespace fleet::duties
