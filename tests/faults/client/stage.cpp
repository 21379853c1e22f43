#include "fault/stage.hpp"

#include "support/eventually.hpp"
#include "support/seed.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace fleet::fault {

namespace {

bool is_writer(std::string const& mode) {
    return mode == "append" || mode == "psql";
}

}  // namespace

Stage::Stage(StageOptions options) : options_{std::move(options)}, server_{options_.durability} {
    database_ = std::make_unique<test::Database>(test::fresh_database(server_.dsn()));
    if (!options_.database_switches.empty()) {
        database_->set_switches(options_.database_switches);
        prepare_unordered();
    }
    ask([](test::Postgres& admin) { test::seed_project(admin); });
    for (int i = 0; i < options_.daemons; ++i) {
        test::DaemonOptions daemon{.dsn = database_->dsn(), .environment = options_.daemon_environment};
        if (!options_.daemon_switches.empty())
            daemon.environment["FLEET_TEST_SWITCHES"] = options_.daemon_switches;
        daemons_.push_back(std::make_unique<test::DaemonProcess>(daemon));
    }
    for (auto const& daemon : daemons_) daemon->wait_ready(std::chrono::seconds{40});
}

// Without the order lock numbers come from a sequence, which is not part of the real schema.
void Stage::prepare_unordered() {
    if (options_.database_switches.find("no_order_lock") == std::string::npos) return;
    ask([](test::Postgres& admin) {
        admin.run(
            "create sequence fleet_live.unordered;"
            "select setval('fleet_live.unordered', coalesce((select max(seq) from fleet_log.events), 0) + 1, "
            "false);"
            "alter sequence fleet_live.unordered owner to fleet_owner");
    });
}

std::string Stage::control(std::string const& mode) const {
    return (folder_.path() / (is_writer(mode) ? "writers" : "subscribers")).string();
}

Stage::Worker& Stage::add_worker(std::string const& mode, std::string const& name,
                                 std::optional<std::size_t> daemon, int rounds) {
    auto worker = std::make_unique<Worker>();
    worker->mode = mode;
    worker->name = name;
    auto const project = is_writer(mode) ? name : std::string{"shop"};
    ask([&](test::Postgres& admin) { test::seed_project(admin, project); });
    worker->command.words = {FLEET_FAULT_WORKER,
                             mode,
                             "--name",
                             name,
                             "--project",
                             project,
                             "--history",
                             (folder_.path() / (name + ".ndjson")).string(),
                             "--control",
                             control(mode),
                             "--dsn",
                             database_->dsn(),
                             "--rounds",
                             std::to_string(rounds),
                             "--seed",
                             std::to_string(workers_.size() + 1)};
    if (daemon) {
        worker->command.words.insert(worker->command.words.end(),
                                     {"--endpoint", "unix:" + daemons_.at(*daemon)->socket()});
    }
    worker->command.output = folder_.path() / (name + ".err");
    workers_.push_back(std::move(worker));
    start_again(*workers_.back());
    return *workers_.back();
}

void Stage::kill_worker(Worker& worker) {
    worker.process.kill_now();
}

void Stage::start_again(Worker& worker) {
    worker.process = test::Process{worker.command};
}

std::vector<Json> Stage::history(Worker const& worker) const {
    return read_history(folder_.path() / (worker.name + ".ndjson"));
}

std::string Stage::complaints(Worker const& worker) const {
    return test::read_text(folder_.path() / (worker.name + ".err"));
}

void Stage::tell_writers_to_stop() {
    std::ofstream{control("append")} << "stop\n";
}

void Stage::tell_subscribers_the_end(std::int64_t seq) {
    std::ofstream{control("subscribe")} << seq << "\n";
}

std::size_t Stage::kill_listeners() {
    return ask([](test::Postgres& admin) {
        // Those of the daemons and of subscriptions straight on the database.
        return static_cast<std::size_t>(admin.number(
            "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and application_name ~ '/(listen|subscription)$'"));
    });
}

void Stage::kill_daemon(std::size_t index) {
    daemons_.at(index)->kill_now();
    daemons_.at(index)->start();
}

void Stage::crash_server() {
    admin_.reset();
    server_.crash();
    server_.start_again();
}

void Stage::wait_for_server() {
    auto const answers = [this] {
        try {
            test::Postgres{database_->dsn()};
            return true;
        } catch (test::SqlError const&) {
            return false;
        }
    };
    if (!test::eventually(answers, std::chrono::seconds{30}))
        throw std::runtime_error{"the server stays away"};
}

std::int64_t Stage::head() {
    return ask([](test::Postgres& admin) {
        return admin.number("select coalesce(max(seq), 0) from fleet_log.events");
    });
}

void Stage::append_one() {
    ask([](test::Postgres& admin) {
        return test::must_act(
            admin, test::request("append", {{"events", {{{"type", "x.end"}, {"data", Json::object()}}}}}));
    });
}

bool Stage::grows(std::int64_t events, std::chrono::milliseconds limit) {
    auto const begin = head();
    return test::eventually([&] { return head() >= begin + events; }, limit);
}

std::vector<SeenEvent> Stage::log_until(std::int64_t seq) {
    return ask([seq](test::Postgres& admin) {
        std::vector<SeenEvent> log;
        for (auto const& row :
             admin.rows("select seq, event_id from fleet_log.events where seq <= $1::bigint order by seq",
                        {std::to_string(seq)})) {
            log.push_back({.seq = std::stoll(row[0].value()), .event_id = row[1].value()});
        }
        return log;
    });
}

std::vector<LoggedReservation> Stage::logged_reservations() {
    return ask([](test::Postgres& admin) {
        std::vector<LoggedReservation> log;
        auto const rows = admin.rows(
            "select seq, type, stream_id, data::text, (extract(epoch from recorded_at) * 1000000)::bigint"
            "  from fleet_log.events"
            " where type in ('file_reserved', 'file_released', 'file_reservation_forced') order by seq");
        for (auto const& row : rows) {
            auto const data = Json::parse(row[3].value());
            LoggedReservation event;
            event.seq = std::stoll(row[0].value());
            event.type = row[1].value();
            event.reservation_id = row[2].value();
            event.holder = data.value("holder", "");
            event.patterns = data.value("patterns", std::vector<std::string>{});
            event.shared = data.value("mode", "") == "shared";
            event.cause = data.value("cause", "");
            event.recorded_at = std::stoll(row[4].value());
            log.push_back(std::move(event));
        }
        return log;
    });
}

std::vector<std::string> Stage::projection_differences() {
    return ask([](test::Postgres& admin) {
        std::vector<std::string> differences;
        for (auto const& row : admin.rows("select to_jsonb(v)::text from fleet.verify_projections() v")) {
            differences.push_back(row[0].value());
        }
        return differences;
    });
}

}  // namespace fleet::fault
