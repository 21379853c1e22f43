// Where the database comes from. One interface for a private cluster (`native`), a server that somebody else
// runs (`external`), and a container.
#pragma once

#include "services/log_file.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::services {

// One step on the way, for people to watch. The same step may come again with other words.
struct Step {
    std::string step;  // "binaries", "initdb", "start", …
    std::string text;  // "PostgreSQL 15.16 in /usr/lib/postgresql/15/bin"
    bool is_done = false;
};
using Progress = std::function<void(Step const&)>;

// `select 1` over a connection of its own. Given by the app: no SQL client is linked here.
struct Answered {
    std::chrono::microseconds took{};  // of the query alone, without connecting
    std::string server_version;        // "15.16"
};
using Probe = std::function<asio::awaitable<Result<Answered>>(std::string dsn, Millis limit)>;

enum class ServerState { absent, stopped, starting, running, unresponsive, away };
std::string_view state_word(ServerState state);

struct ServerStatus {
    std::string provider;
    ServerState state = ServerState::absent;
    std::string words{};  // what is the matter, or ""
    std::string version{};
    std::string host{};  // address, or the directory of the socket
    int port = 0;
    std::string data_directory{};
    std::optional<int> pid{};
    std::optional<Millis> uptime{};
    std::optional<std::int64_t> memory_bytes{};
    std::optional<std::chrono::microseconds> query{};
};
// {"provider","state","symbol","health","words"?,"version"?,"host"?,"port"?,…,"uptime_seconds"?,"query_ms"?}
Json status_json(ServerStatus const& status);

// Lives on the loop thread. One of start, stop and destroy at a time: the owner sees to it; status and logs
// may run beside them.
class Provider {
public:
    Provider() = default;
    Provider(Provider const&) = delete;
    Provider& operator=(Provider const&) = delete;
    virtual ~Provider() = default;

    virtual std::string_view name() const = 0;
    // Returns when a real query was answered. A server that runs already is taken as it is. When cancelled or
    // failed, nothing half-made stays. Errors: port_taken, disk_full, binaries_missing, wrong_major,
    // pid_stale, services_busy, not_configured, away, internal.
    virtual asio::awaitable<Result<void>> start(Progress progress) = 0;
    // Ends the server in order and keeps the data; harmless when it does not run.
    virtual asio::awaitable<Result<void>> stop(Progress progress) = 0;
    // Never fails and answers within `limit`, whatever hangs.
    virtual asio::awaitable<ServerStatus> status(Millis limit) = 0;
    virtual asio::awaitable<Result<void>> logs(LogRequest request, LineSink sink) = 0;
    // Stops, and removes the data. Only what `start` made is removed.
    virtual asio::awaitable<Result<void>> destroy(Progress progress) = 0;
    // Returns when the server that `start` found or made has ended, whoever ended it; what is known about it.
    // A provider that cannot know never returns.
    virtual asio::awaitable<std::string> ended() = 0;

    // How to connect, for libpq; with the password. Errors: not_running, not_configured.
    virtual Result<std::string> dsn() const = 0;
    // The same for people: a URL without a secret in it.
    virtual Result<std::string> url() const = 0;
    // True when it starts, stops and removes the server; false when it only uses it.
    virtual bool manages() const = 0;
    // True when there is something to start: data of an earlier run, or a DSN.
    virtual bool is_made() const = 0;
};

// A value inside a libpq connection string.
std::string conninfo_value(std::string_view value);
// `dsn` (either form) with its password left out.
std::string without_password(std::string_view dsn);

}  // namespace fleet::services
