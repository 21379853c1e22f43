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
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::string container{};
    std::string image{};
    std::string chosen_because{};  // by provider `auto`
    std::string data_directory{};
    std::optional<int> pid{};
    std::optional<Millis> uptime{};
    std::optional<std::int64_t> memory_bytes{};
    std::optional<std::chrono::microseconds> query{};
};
// {"provider","state","symbol","health","words"?,"version"?,"host"?,"port"?,…,"uptime_seconds"?,"query_ms"?}
Json status_json(ServerStatus const& status);

// A base backup, and how far archived WAL is replayed onto it.
struct RecoveryPlan {
    std::filesystem::path base;  // has base.tar.gz and pg_wal.tar.gz
    std::vector<std::string>
        target{};  // settings: {"recovery_target_time = '…'"}; empty: as far as the WAL goes
};

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
    // pid_stale, services_busy, not_configured, away, internal, and those of Podman.
    virtual asio::awaitable<Result<void>> start(Progress progress) = 0;
    // Ends the server in order and keeps the data; harmless when it does not run.
    virtual asio::awaitable<Result<void>> stop(Progress progress) = 0;
    // Never fails and answers within `limit`, whatever hangs.
    virtual asio::awaitable<ServerStatus> status(Millis limit) = 0;
    virtual asio::awaitable<Result<void>> logs(LogRequest request, LineSink sink) = 0;
    // Stops, and removes the data. Only what `start` made is removed.
    virtual asio::awaitable<Result<void>> destroy(Progress progress) = 0;
    // Stops the server and moves its data out of the way, so that `start` makes new ones; says where they are
    // kept. Errors: not_configured (the data are not ours to move).
    virtual asio::awaitable<Result<std::string>> set_aside(Progress progress);
    // Unpacks the base beside the present data, replays WAL to the target on a server of its own, and answers
    // how to connect to it. The present server may run meanwhile. Errors: not_configured (not within our
    // reach, or nothing archived), disk_full, binaries_missing, away (the target lies beyond the WAL),
    // internal.
    virtual asio::awaitable<Result<std::string>> recover(RecoveryPlan plan, Progress progress);
    // Ends the recovered server and puts its data in the place of the present ones, which are kept; where.
    // The caller starts the server then.
    virtual asio::awaitable<Result<std::string>> take_recovered(Progress progress);
    // Ends the recovered server and removes its data; harmless when there are none.
    virtual asio::awaitable<void> drop_recovered();
    // Where WAL of the present data is archived; empty when it is not.
    virtual std::filesystem::path archive() const { return {}; }
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

// A value inside a URL, percent-encoded.
std::string url_escaped(std::string_view text);
// A value inside a libpq connection string.
std::string conninfo_value(std::string_view value);
// `dsn` (either form) with its password left out.
std::string without_password(std::string_view dsn);

}  // namespace fleet::services
