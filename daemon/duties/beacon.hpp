// What connection K says to the database, as calls. Internal to this room.
#pragma once

#include "direct/pg_session.hpp"
#include "duties/order_lock_watch.hpp"
#include "store/act.hpp"

#include <fleet/json_value.hpp>
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

inline constexpr char const* sweep_duty = "sweep";

// What the database says of its schema.
struct SchemaSeen {
    int version = 0;
    int breaking_since = 0;                          // programs that do not know this version must stop
};

// One session; one call at a time. A call that fails with `away` has lost it: `connect` again.
class Beacon {
public:
    Beacon(asio::any_io_executor loop, std::string application_name, Millis limit, Millis tcp_user_timeout)
        : session_(std::move(loop)),
          application_name_(std::move(application_name)),
          limit_(limit),
          tcp_user_timeout_(tcp_user_timeout) {}

    asio::awaitable<Result<void>> connect(std::string dsn);
    void close() { session_.close(); }
    bool is_open() const { return session_.is_open(); }

    // One command of `fleet.act`; its result, or its refusal as the error.
    asio::awaitable<Result<Json>> act(store::ActRequest request);

    // False when another session holds it.
    asio::awaitable<Result<bool>> hold_beacon(std::string host_id);
    // False when the host's epoch has moved.
    asio::awaitable<Result<bool>> renew(std::string host_id, std::int64_t epoch, Millis lease);
    // The epoch of this leadership; nothing when another daemon leads.
    asio::awaitable<Result<std::optional<std::int64_t>>> lead(std::string host_id);
    asio::awaitable<Result<void>> resign();

    // Hosts that may be lost: all but `but_not`, or those of them that lead.
    asio::awaitable<Result<std::vector<std::string>>> late_hosts(std::string but_not, bool all);
    // Ends what is left of a lost host's sessions, with the rights of the DSN's own account; how many.
    asio::awaitable<Result<std::int64_t>> end_sessions_of(std::string host_id);
    asio::awaitable<Result<SchemaSeen>> schema();
    asio::awaitable<Result<std::vector<LockHolder>>> order_lock_holders();
    // "ended" or "gone". A superuser's session is ended with the rights of the DSN's own account.
    asio::awaitable<Result<std::string>> end_session(LockHolder holder);

private:
    asio::awaitable<Result<direct::Table>> ask(std::string_view statement, direct::Arguments arguments);
    asio::awaitable<Result<direct::Table>> ask_as_owner_of_the_dsn(std::string_view statement,
                                                                   direct::Arguments arguments);

    direct::PgSession session_;
    std::string application_name_;
    Millis limit_;
    Millis tcp_user_timeout_;
};

}  // namespace fleet::duties
