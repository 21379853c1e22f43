// The database as the daemon sees it: brought up, watched, brought down; answers what is the matter even
// while there is none.
#pragma once

#include "app/schema_work.hpp"
#include "app/steps.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"
#include "services/provider.hpp"
#include "services/restart_plan.hpp"

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::app {

enum class Phase {
    stopped,   // nothing runs, and nothing is wanted
    starting,  // a server is being started, or the schema brought up to date
    running,
    failed,  // it should run; `trouble()` says why it does not
    stopping
};
std::string_view phase_word(Phase phase);

struct DatabaseParts {
    asio::any_io_executor loop;
    services::Provider& provider;
    SchemaWork& schema;
    observe::Log& log;
    observe::Health& health;
    std::filesystem::path wanted_file;  // remembers over restarts whether it should be up
    services::RestartLimits restarts{};
};

// Lives on the loop thread; everything in `DatabaseParts` outlives it. End it with `stop`, and let the loop
// run out before it is destroyed.
class Database {
public:
    explicit Database(DatabaseParts parts);

    // Called when the server answers and the schema is current, each time anew; its error becomes that of
    // `up`.
    void after_start(std::function<asio::awaitable<Result<void>>()> work) { after_start_ = std::move(work); }

    // Called when the schema has become too new for this program: nothing it could do would be right.
    void when_too_new(std::function<void(Error const&)> work) { when_too_new_ = std::move(work); }

    // Brings everything up, or joins whoever does so already. The work goes on when nobody watches.
    std::shared_ptr<Steps> up() { return up(false); }
    // Stops the server and starts it again, once an `up` that only looks at what runs has seen it. Errors (as
    // the outcome): services_busy.
    asio::awaitable<std::shared_ptr<Steps>> restart();
    // Stops the server; the data stay. A start that is under way is ended first. Errors: services_busy
    // (another stop is under way), and those of the provider.
    asio::awaitable<Result<void>> down();
    // Stops the server and removes the data. Errors as `down`.
    asio::awaitable<Result<void>> destroy();
    // Stops the server and moves its data out of the way; where they are kept. Errors as `down`, and
    // not_configured when the server is not ours.
    asio::awaitable<Result<std::string>> set_aside(services::Progress progress);
    // Stops the server and puts the data that the provider has recovered in the place of its own; where these
    // are kept. `up` starts it then. Errors as `down`, and those of the provider.
    asio::awaitable<Result<std::string>> take_recovered(services::Progress progress);
    // At the start of the daemon: brings up what was up before, or what runs without us, and keeps trying.
    void resume();
    // Ends watching, and a start that is under way. A server that runs goes on: the next daemon finds it.
    void stop();

    Phase phase() const { return phase_; }
    std::optional<Error> const& trouble() const { return trouble_; }
    services::Provider& provider() const { return parts_.provider; }
    // Where it is. Errors: why it is nowhere just now.
    Result<std::string> dsn() const;
    // Why nothing can be asked of it just now; empty when it runs.
    std::optional<Error> unavailable() const;
    std::optional<schema::SchemaStatus> const& schema() const { return schema_status_; }
    void set_schema(schema::SchemaStatus status) { schema_status_ = std::move(status); }

private:
    std::shared_ptr<Steps> up(bool tries_again);
    using Work = asio::awaitable<Result<void>> (Database::*)(std::shared_ptr<Steps>);
    std::shared_ptr<Steps> begin(Work work, bool tries_again);
    bool is_at_work() const;
    void ended(Result<void> outcome, bool tries_again);
    asio::awaitable<Result<void>> bring_up(std::shared_ptr<Steps> steps);
    asio::awaitable<Result<void>> bring_round(std::shared_ptr<Steps> steps);
    asio::awaitable<Result<void>> update_schema(services::Progress progress);
    asio::awaitable<void> end_start();
    asio::awaitable<void> watch();
    std::optional<Millis> pause_before_restart();
    asio::awaitable<bool> start_again(std::string why);
    void start_watching();
    void stop_watching();
    void move_to(Phase phase, std::optional<Error> trouble = std::nullopt);
    void want(bool up);
    bool was_wanted() const;

    DatabaseParts parts_;
    std::function<asio::awaitable<Result<void>>()> after_start_;
    std::function<void(Error const&)> when_too_new_;
    Phase phase_ = Phase::stopped;
    std::optional<Error> trouble_;
    std::string dsn_;  // while running
    std::optional<schema::SchemaStatus> schema_status_;
    std::shared_ptr<Steps> at_work_;  // of the start under way, or of the last one
    services::RestartPlan restarts_;
    asio::cancellation_signal end_watch_;
    asio::cancellation_signal end_work_;
    bool is_watching_ = false;
    bool is_stopping_ = false;
};

}  // namespace fleet::app
