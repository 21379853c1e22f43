#pragma once
// What the fault tests have in common: a server, a database, two hosts, workers with histories, and a hand
// that breaks things.
#include "fault/checker_claims.hpp"
#include "fault/checker_events.hpp"
#include "fault/checker_files.hpp"
#include "fault/history.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/process.hpp"
#include "support/server.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace fleet::fault {

struct StageOptions {
    test::Durability durability = test::Durability::fast;
    std::string database_switches{};  // fleet.test_switches
    std::string daemon_switches{};    // FLEET_TEST_SWITCHES
    std::map<std::string, std::string> daemon_environment{};
    int daemons = 2;
};

class Stage {
public:
    explicit Stage(StageOptions options);

    // A worker of `mode` with a name, a history and a control file of its own.
    struct Worker {
        std::string mode{};
        std::string name{};
        test::Command command{};
        test::Process process{};
    };
    // Writers have a project each: commands of one project wait for each other, those of several only at the
    // order lock. `daemon` is an index; psql and direct workers pass none.
    Worker& add_worker(std::string const& mode, std::string const& name, std::optional<std::size_t> daemon,
                       int rounds = 0);
    void kill_worker(Worker& worker);
    void start_again(Worker& worker);
    std::vector<std::unique_ptr<Worker>>& workers() { return workers_; }
    std::vector<Json> history(Worker const& worker) const;
    std::string complaints(Worker const& worker) const;  // its standard error

    void tell_writers_to_stop();
    void tell_subscribers_the_end(std::int64_t seq);

    test::DaemonProcess& daemon(std::size_t index) { return *daemons_.at(index); }
    std::size_t kill_listeners();         // how many there were
    void kill_daemon(std::size_t index);  // SIGKILL, and starts it again
    void crash_server();                  // and starts it again

    // A query as superuser that is repeated on a new connection while the server is away.
    template <class Query>
    auto ask(Query query) {
        for (int tries = 0;; ++tries) {
            try {
                if (!admin_) admin_.emplace(database_->dsn());
                return query(*admin_);
            } catch (test::SqlError const& failure) {
                admin_.reset();
                if (tries == 100 || !failure.sqlstate().starts_with("57")) {
                    if (tries == 100 || !failure.sqlstate().empty()) throw;
                }
                wait_for_server();
            }
        }
    }
    std::int64_t head();
    void append_one();
    // True once the log has grown by `events`, false after `limit`.
    bool grows(std::int64_t events, std::chrono::milliseconds limit);

    std::vector<SeenEvent> log_until(std::int64_t seq);
    std::vector<LoggedReservation> logged_reservations();
    std::vector<std::string> projection_differences();

private:
    void prepare_unordered();
    void wait_for_server();
    std::string control(std::string const& mode) const;

    StageOptions options_;
    test::OwnServer server_;
    std::unique_ptr<test::Database> database_;
    test::TempFolder folder_;
    std::vector<std::unique_ptr<test::DaemonProcess>> daemons_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::optional<test::Postgres> admin_;
};

}  // namespace fleet::fault
