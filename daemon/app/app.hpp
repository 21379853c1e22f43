// The whole daemon, wired: owns everything by value in start order, and ends it in the order of
// docs/architecture.md §4.
#pragma once

#include "app/backup_schedule.hpp"
#include "app/backups.hpp"
#include "app/configuration.hpp"
#include "app/database.hpp"
#include "app/notify.hpp"
#include "app/schema_work.hpp"
#include "auth/authenticator.hpp"
#include "bus/appender.hpp"
#include "bus/bus.hpp"
#include "bus/cursors.hpp"
#include "duties/host_membership.hpp"
#include "faces/face.hpp"
#include "net/server.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"
#include "observe/metrics.hpp"
#include "operations/operations.hpp"
#include "pg/pool.hpp"
#include "services/provider.hpp"
#include "store/reads.hpp"

#include <fleet/settings.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>

namespace fleet::app {

struct AppParts {
    Settings settings;
    DaemonFiles files;
    std::string host_id;
    std::string hostname;
    std::string access_token{};  // for TCP; "" when TCP is not served
    observe::Log& log;
};

// Lives on the thread that calls `run`, which is the loop's.
class App {
public:
    explicit App(AppParts parts);
    ~App();
    App(App const&) = delete;
    App& operator=(App const&) = delete;

    // Serves until a signal or an operation ends it; the process's exit code. `starter` is told when the
    // socket is served, or why it cannot be.
    int run(Starter starter);

    // Asks for the graceful stop, as SIGTERM does. Only the first call counts.
    void request_stop(std::string why, int exit_code = 0);

    // For the operations that app binds.
    AppParts const& parts() const { return parts_; }
    Database& database() { return database_; }
    Backups& backups() { return backups_; }
    BackupSchedule const& backup_schedule() const { return backup_schedule_; }
    SchemaWork& schema_work() { return schema_work_; }
    store::Reads& reads() { return reads_; }
    bus::Bus& bus() { return bus_; }
    bus::Appender& appender() { return appender_; }
    duties::HostMembership& membership() { return membership_; }
    observe::Health& health() { return health_; }
    net::Server& server() { return server_; }
    Time started() const { return started_; }
    asio::any_io_executor loop() { return loop_.get_executor(); }
    // What ends before the database does: accepted commands are written, the host leaves the fleet.
    asio::awaitable<void> leave_database();

private:
    Result<void> listen();
    void start_parts();
    asio::awaitable<Result<void>> join_fleet();
    asio::awaitable<void> run_membership();
    asio::awaitable<void> await_signals();
    asio::awaitable<void> keep_health();
    asio::awaitable<void> stop();
    asio::awaitable<void> step(std::string name, Millis limit, asio::awaitable<void> work);
    void background(std::string name, asio::awaitable<void> work);
    void reload();

    AppParts parts_;
    Time started_;
    asio::io_context loop_{1};
    observe::Metrics metrics_;
    observe::Health health_;
    std::unique_ptr<services::Provider> provider_;
    SchemaWork schema_work_;
    Database database_;
    Backups backups_;
    pg::Pool readers_;
    pg::Pool writer_;
    store::Reads reads_;
    bus::Bus bus_;
    bus::Appender appender_;
    bus::Cursors cursors_;
    duties::HostMembership membership_;
    BackupSchedule backup_schedule_;
    ops::Operations operations_;
    auth::Authenticator authenticator_;
    faces::Face face_;
    net::Server server_;
    asio::signal_set signals_;
    asio::steady_timer stop_asked_;  // expires never; cancelled when a stop is asked for
    asio::steady_timer health_tick_;
    std::optional<std::string> stop_why_;
    std::optional<Error> membership_error_;
    int exit_code_ = 0;
    bool has_joined_ = false;  // bus and membership were started
    bool has_left_ = false;
    bool is_stopping_ = false;
    bool hard_stop_ = false;
};

// app/wiring.cpp: options of the parts, from the settings.
std::unique_ptr<services::Provider> make_provider(AppParts const& parts, asio::any_io_executor loop);
pg::SessionSettings session_settings(AppParts const& parts, std::string_view duty);
pg::Report report_to(observe::Log& log);

// How the database is, as `services status` shows it. Never fails, answers under two seconds.
asio::awaitable<Json> services_status(App& app);

// app/bind_*.cpp: code of their own for the operations that app answers.
void bind_services(ops::Operations& operations, App& app);
void bind_schema(ops::Operations& operations, App& app);
void bind_status(ops::Operations& operations, App& app);
void bind_backups(ops::Operations& operations, App& app);

// app/app_metrics.cpp
void watch_process(observe::Metrics& metrics);
void watch_parts(observe::Metrics& metrics, App& app);

}  // namespace fleet::app
