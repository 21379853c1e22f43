#include "pg/pool.hpp"

#include "support/catch.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"

#include <csignal>
#include <memory>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

constexpr pg::Statement settings_of{
    "settings",
    "select current_setting('application_name'), current_user, current_setting('statement_timeout'),"
    " current_setting('lock_timeout'), current_setting('client_connection_check_interval')"};
constexpr pg::Statement compiles{"compiles", "select current_setting('jit')"};
constexpr pg::Statement pid{"pid", "select pg_backend_pid()"};
constexpr pg::Statement slow{"slow", "select pg_sleep($1::float)"};
constexpr pg::Statement echo{"echo", "select $1::text, $2::text"};
constexpr pg::Statement nothing_there{"nothing_there", "select * from fleet.no_such_table"};
constexpr pg::Statement refuse{"refuse", "select * from fleet.check_position('nonsense')"};
constexpr pg::Statement read_table{"read_table", "select * from fleet_log.events"};
constexpr pg::Statement own_role{"own_role", "select set_config('role', 'none', false)"};
constexpr pg::Statement die{"die", "select pg_terminate_backend(pg_backend_pid())"};

struct House {
    explicit House(std::size_t threads = 1, std::size_t waiting_max = 100) {
        pg::PoolSettings settings;
        settings.threads = threads;
        settings.waiting_max = waiting_max;
        settings.session.application_name = "fleetd/test/reader";
        settings.session.role = "fleet_daemon";
        settings.session.statement_timeout = Millis(4'000);
        auto source = [this]() -> Result<std::string> {
            if (!available) return make_error(ErrorCode::not_running);
            return database.dsn();
        };
        pool = std::make_unique<pg::Pool>(loop.get_executor(), source, settings);
    }
    ~House() {
        pool->stop();
        loop.restart();
        loop.poll();
    }

    template <class Job>
    auto run_job(Job job, Millis limit = Millis(3'000)) {
        return test::run(loop, pool->run(std::move(job), limit));
    }
    void kill(std::string const& application) {
        auto admin = database.connect();
        admin.rows("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
                   {application});
    }

    Database database = fresh_database();
    bool available = true;
    asio::io_context loop{1};
    std::unique_ptr<pg::Pool> pool;
};

auto one_pid() {
    return [](pg::Session& session) { return session.rows(pid)[0].number(0); };
}

}  // namespace

TEST_CASE("no session compiles its queries, whatever the server's settings say", "[integration][pool]") {
    House house;
    house.database.connect().run("alter database " + house.database.name() + " set jit = on");
    auto job = [](pg::Session& session) { return std::string(session.rows(compiles)[0].text(0)); };
    CHECK(must(house.run_job(job)) == "off");
}

TEST_CASE("a session is what was asked for", "[integration][pool]") {
    House house;
    auto job = [](pg::Session& session) {
        auto const rows = session.rows(settings_of);
        std::vector<std::string> all;
        for (std::size_t i = 0; i < rows.columns(); ++i) all.emplace_back(rows[0].text(i));
        return all;
    };
    auto const all = must(house.run_job(job));
    CHECK(all == std::vector<std::string>{"fleetd/test/reader", "fleet_daemon", "4s", "2s", "5s"});
}

TEST_CASE("a job's own result is not wrapped twice", "[integration][pool]") {
    House house;
    auto job = [](pg::Session&) -> Result<int> { return make_error(ErrorCode::not_found); };
    Result<int> const outcome = house.run_job(job);
    CHECK(code_of(outcome) == "not_found");
}

TEST_CASE("text goes there and back; NULL stays NULL; a NUL byte is refused", "[integration][pool]") {
    House house;
    auto job = [](pg::Session& session) {
        auto const rows = session.prepared(echo, "gr\xc3\xbc\xc3\x9f \"dich\"", std::nullopt);
        return std::pair(std::string(rows[0].text(0)), rows[0].is_null(1));
    };
    auto const outcome = must(house.run_job(job));
    CHECK(outcome.first == "gr\xc3\xbc\xc3\x9f \"dich\"");
    CHECK(outcome.second);
    auto with_nul = [](pg::Session& session) {
        return session.rows(echo, std::string("a\0b", 3), "x").size();
    };
    CHECK(code_of(house.run_job(with_nul)) == "invalid_field");
}

TEST_CASE("what the database refuses comes back as the catalogue's error", "[integration][pool]") {
    House house;
    auto job = [](pg::Session& session) { return session.rows(refuse).size(); };
    auto const outcome = house.run_job(job);
    REQUIRE(code_of(outcome) == "invalid_field");
    CHECK(outcome.error().message.find("a position looks like") == 0);
    CHECK(outcome.error().field == "/position");
    auto missing = [](pg::Session& session) { return session.rows(nothing_there).size(); };
    CHECK(code_of(house.run_job(missing)) == "schema_older");
    auto forbidden = [](pg::Session& session) { return session.rows(read_table).size(); };
    CHECK(code_of(house.run_job(forbidden)) == "forbidden");
}

TEST_CASE("a session that was killed while idle is replaced without anybody noticing",
          "[integration][pool]") {
    House house;
    auto const before = must(house.run_job(one_pid()));
    house.kill("fleetd/test/reader");
    auto admin = house.database.connect();
    REQUIRE(eventually([&] {
        return admin.number(
                   "select count(*) from pg_stat_activity where application_name = 'fleetd/test/reader'") ==
               0;
    }));
    auto const after = must(house.run_job(one_pid()));
    CHECK(after != before);
}

TEST_CASE("a job whose session dies under it is run once more", "[integration][pool]") {
    House house;
    auto tries = std::make_shared<int>(0);
    auto job = [tries](pg::Session& session) {
        *tries += 1;
        if (*tries == 1) {
            session.rows(own_role);
            session.rows(die);
        }
        return session.rows(pid).size();
    };
    CHECK(must(house.run_job(job)) == 1);
    CHECK(*tries == 2);
}

TEST_CASE("an attempt is not repeated, and its outcome is in doubt when the session died",
          "[integration][pool]") {
    House house;
    auto job = [](pg::Session& session) {
        session.rows(own_role);
        return session.rows(die).size();
    };
    auto const outcome = test::run(house.loop, house.pool->attempt(job, Millis(3'000)));
    REQUIRE(outcome.has_error());
    CHECK(outcome.error().kind == pg::FailureKind::in_doubt);
    CHECK(outcome.error().error.code == ErrorCode::away);
}

TEST_CASE("at its limit a job is away for its caller, and keeps its thread", "[integration][pool]") {
    House house;
    auto job = [](pg::Session& session) { return session.rows(slow, "0.6").size(); };
    auto const began = std::chrono::steady_clock::now();
    auto const outcome = test::run(house.loop, house.pool->attempt(job, Millis(100)));
    REQUIRE(outcome.has_error());
    CHECK(outcome.error().kind == pg::FailureKind::in_doubt);
    CHECK(std::chrono::steady_clock::now() - began < Millis(500));
    must(house.run_job(one_pid()));
    CHECK(std::chrono::steady_clock::now() - began >= Millis(550));
}

TEST_CASE("a job that nobody waits for any more is not begun", "[integration][pool]") {
    House house;
    auto begun = std::make_shared<std::atomic<bool>>(false);
    auto blocking = [](pg::Session& session) { return session.rows(slow, "0.4").size(); };
    auto late = [begun](pg::Session&) {
        *begun = true;
        return 1;
    };
    auto both = [](pg::Pool& pool, decltype(blocking) first,
                   decltype(late) second) -> asio::awaitable<std::string> {
        auto executor = co_await asio::this_coro::executor;
        auto running = pool.run(std::move(first), Millis(3'000));
        asio::co_spawn(executor, std::move(running), [](std::exception_ptr, Result<std::size_t>) {});
        auto outcome = co_await pool.run(std::move(second), Millis(50));
        co_return code_of(outcome);
    };
    CHECK(test::run(house.loop, both(*house.pool, blocking, late)) == "away");
    must(house.run_job(one_pid()));
    CHECK_FALSE(begun->load());
}

TEST_CASE("without a database the source's own error is the answer, at once", "[integration][pool]") {
    House house;
    house.available = false;
    CHECK(code_of(house.run_job(one_pid())) == "not_running");
    house.available = true;
    CHECK(must(house.run_job(one_pid())) > 0);
}

TEST_CASE("a server that is not there is away, with a time to come back", "[integration][pool]") {
    asio::io_context loop{1};
    auto source = []() -> Result<std::string> { return std::string("host=/nonexistent dbname=x user=x"); };
    pg::Pool pool(loop.get_executor(), source, pg::PoolSettings{});
    auto const outcome = test::run(loop, pool.run(one_pid(), Millis(3'000)));
    REQUIRE(code_of(outcome) == "away");
    CHECK(outcome.error().retry_after_seconds.has_value());
}

TEST_CASE("a full pool says so, a stopped one as well", "[integration][pool]") {
    House house(1, 1);
    auto blocking = [](pg::Session& session) { return session.rows(slow, "0.3").size(); };
    auto const start = [&] {
        auto copy = blocking;
        asio::co_spawn(house.loop, house.pool->run(std::move(copy), Millis(3'000)),
                       [](std::exception_ptr, Result<std::size_t>) {});
        house.loop.restart();
        house.loop.poll();
    };
    start();
    REQUIRE(eventually([&] { return house.pool->waiting() == 0; }));
    start();
    CHECK(house.pool->waiting() == 1);
    CHECK(code_of(house.run_job(blocking)) == "too_many");
    house.pool->stop();
    CHECK(code_of(house.run_job(one_pid())) == "stopping");
}

TEST_CASE("several reads in one snapshot see one state", "[integration][pool]") {
    static constexpr pg::Statement count{"count", "select count(*) from fleet.events"};
    House house;
    auto append = [dsn = house.database.dsn()] {
        Postgres other(dsn);
        other.rows(
            "select * from fleet.act($1::jsonb)",
            {R"([{"op":"register_project","project":"shop","actor":"system","args":{"key":"shop"}}])"});
    };
    auto job = [append](pg::Session& session) {
        return session.in_transaction(pg::TransactionMode::read_snapshot, [&] {
            auto const before = session.rows(count)[0].number(0);
            append();
            return session.rows(count)[0].number(0) - before;
        });
    };
    CHECK(must(house.run_job(job)) == 0);
}

TEST_CASE("a thread whose server froze is free again soon after the job's limit", "[integration][pool]") {
    House house;
    house.pool->stop();
    pg::PoolSettings settings;
    settings.threads = 1;
    settings.session.application_name = "fleetd/test/frozen";
    settings.session.statement_timeout = Millis(300);
    settings.patience = Millis(200);
    auto source = [&]() -> Result<std::string> { return house.database.dsn(); };
    house.pool = std::make_unique<pg::Pool>(house.loop.get_executor(), source, settings);
    auto const frozen = static_cast<pid_t>(must(house.run_job(one_pid())));
    // The kernel goes on to acknowledge for a stopped process: no keep-alive finds it out.
    REQUIRE(::kill(frozen, SIGSTOP) == 0);
    auto const thaw = [](pid_t const* pid) { ::kill(*pid, SIGCONT); };
    std::unique_ptr<pid_t const, decltype(thaw)> const thawed_at_the_end{&frozen, thaw};
    auto hangs = [](pg::Session& session) { return session.rows(slow, "0").size(); };
    auto const outcome = test::run(house.loop, house.pool->attempt(hangs, Millis(600)));
    REQUIRE(outcome.has_error());
    CHECK(outcome.error().kind == pg::FailureKind::in_doubt);
    auto const after = must(house.run_job(one_pid(), Millis(2'000)));
    CHECK(after != frozen);
}
