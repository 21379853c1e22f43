#include "services/external.hpp"

#include "services/account.hpp"
#include "services/failure.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <utility>

#include <sys/stat.h>

namespace fleet::services {
namespace {

constexpr Millis probe_limit{5'000};
constexpr Millis probe_pause{500};
constexpr Millis margin{200};

}  // namespace

External::External(asio::any_io_executor executor, ExternalOptions options, Probe probe)
    : executor_(std::move(executor)), options_(std::move(options)), probe_(std::move(probe)) {}

Result<std::string> External::dsn() const {
    if (!options_.dsn.empty()) return options_.dsn;
    if (options_.dsn_file.empty())
        return failure(ErrorCode::not_configured, "provider external needs a DSN",
                       "Set FLEET_DSN, or dsn_file to a file with mode 0600 that holds it.");
    struct stat facts {};
    if (::stat(options_.dsn_file.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0)
        return failure(ErrorCode::not_configured,
                       fmt::format("{} (dsn_file) can be read by others", options_.dsn_file.string()),
                       fmt::format("`chmod 600 {}`", options_.dsn_file.string()));
    auto text = read_file(options_.dsn_file);
    if (!text) return text.error();
    while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
    return text;
}

Result<std::string> External::url() const {
    auto where = dsn();
    if (!where) return where.error();
    return without_password(*where);
}

bool External::is_made() const {
    return dsn().has_value();
}

asio::awaitable<Result<void>> External::start(Progress progress) {
    auto const deadline = std::chrono::steady_clock::now() + options_.start_limit;
    auto where = dsn();
    if (!where) co_return where.error();
    if (progress) progress(Step{"connect", "connecting to " + without_password(*where), false});
    asio::steady_timer timer(executor_);
    while (true) {
        auto copy = *where;
        auto answered = co_await probe_(std::move(copy), probe_limit);
        if (answered) {
            if (progress)
                progress(
                    Step{"connect", fmt::format("PostgreSQL {} answers", answered->server_version), true});
            co_return Result<void>{};
        }
        bool const helps_to_wait = answered.error().code != ErrorCode::pooler_found;
        if (!helps_to_wait || std::chrono::steady_clock::now() >= deadline)
            co_return std::move(answered).error();
        timer.expires_after(probe_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<Result<void>> External::stop(Progress progress) {
    if (progress) progress(Step{"stop", "the external server is left running", true});
    co_return Result<void>{};
}

asio::awaitable<Result<void>> External::destroy(Progress) {
    co_return failure(ErrorCode::not_configured, "an external server is never destroyed by fleetd",
                      "Drop the database yourself if that is what you want.");
}

asio::awaitable<Result<void>> External::logs(LogRequest, LineSink) {
    co_return failure(ErrorCode::not_found, "the logs of an external server are not within reach of fleetd",
                      "Look on the machine that runs it; `fleet services logs daemon` shows fleetd's own.");
}

asio::awaitable<ServerStatus> External::status(Millis limit) {
    ServerStatus status;
    status.provider = "external";
    status.state = ServerState::away;
    auto where = dsn();
    if (!where) {
        status.state = ServerState::absent;
        status.words = where.error().message;
        co_return status;
    }
    status.host = without_password(*where);
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

asio::awaitable<std::string> External::ended() {
    // Nobody tells us about a server that is not ours: the pool and the listener find out.
    asio::steady_timer timer(executor_, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
    co_return "unknown";
}

}  // namespace fleet::services
