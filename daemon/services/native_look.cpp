// What can be told about a private cluster without changing it.
#include "services/failure.hpp"
#include "services/native.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr Millis margin{200};  // of the status limit, for everything but the query

}  // namespace

std::optional<PostmasterPid> Native::running() const {
    auto found = read_postmaster_pid(options_.paths.data());
    if (found && owner_of(found->pid, options_.paths.data()) == Owner::ours) return found;
    return std::nullopt;
}

bool Native::is_made() const {
    std::error_code problem;
    return fs::exists(options_.paths.data() / "PG_VERSION", problem);
}

Result<std::string> Native::dsn() const {
    auto const found = running();
    if (!found || found->port == 0 || found->socket_directory.empty())
        return make_error(ErrorCode::not_running, "the native PostgreSQL does not run");
    auto const password = read_file(options_.paths.password());
    if (!password) return password.error();
    return fmt::format("host={} port={} user={} dbname={} password={}",
                       conninfo_value(found->socket_directory.string()), found->port, cluster_user,
                       cluster_database, conninfo_value(*password));
}

Result<std::string> Native::url() const {
    auto const found = running();
    if (!found || found->port == 0)
        return make_error(ErrorCode::not_running, "the native PostgreSQL does not run");
    return fmt::format("postgresql://{}@{}:{}/{}?passfile={}", cluster_user, loopback, found->port,
                       cluster_database, url_escaped(options_.paths.pgpass().string()));
}

asio::awaitable<ServerStatus> Native::status(Millis limit) {
    ServerStatus status;
    status.provider = "native";
    status.data_directory = options_.paths.data().string();
    auto const version = data_version(options_.paths);
    if (!version) status.words = version.error().message;
    if (version && *version) status.version = **version;
    auto const found = running();
    if (!found) {
        status.state = is_made() ? ServerState::stopped : ServerState::absent;
        co_return status;
    }
    status.pid = found->pid;
    status.port = found->port;
    status.host = found->socket_directory.string();
    status.uptime =
        std::max(Millis{0}, std::chrono::floor<Millis>(std::chrono::system_clock::now()) - found->started);
    status.memory_bytes = memory_of_family(found->pid);
    status.state = found->status == "starting" ? ServerState::starting : ServerState::unresponsive;
    auto where = dsn();
    if (!where) {
        status.words = where.error().message;
        co_return status;
    }
    auto answered = co_await probe_(*std::move(where), std::max(Millis{100}, limit - margin));
    if (!answered) {
        status.words = answered.error().message;
        co_return status;
    }
    status.state = ServerState::running;
    status.version = answered->server_version;
    status.query = answered->took;
    co_return status;
}

asio::awaitable<Result<void>> Native::logs(LogRequest request, LineSink sink) {
    auto done = co_await read_log(options_.paths.log(), request, std::move(sink));
    co_return done;
}

}  // namespace fleet::services
