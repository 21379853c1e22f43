#include "direct/log_tail.hpp"

#include "support/catch.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/gate.hpp"
#include "support/run.hpp"
#include "support/seed.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

Json note(int number, std::string type = "x.note") {
    return request("append", Json{{"events", {{{"type", std::move(type)}, {"data", {{"n", number}}}}}}},
                   "writer");
}

struct House {
    House() { seed_project(admin); }

    direct::TailSettings settings() const {
        direct::TailSettings all;
        all.dsn = database.dsn();
        all.application_name = "fleet/test/tail";
        all.role = "fleet_reader";
        all.times.reconnect = BackoffLimits{Millis(10), Millis(100)};
        return all;
    }
    Result<direct::TailBatch> next(direct::LogTail& tail, Millis limit = Millis(3'000)) {
        return test::run(loop, tail.next(limit), limit + Millis(5'000));
    }
    std::vector<std::int64_t> seqs(direct::LogTail& tail, std::size_t count) {
        std::vector<std::int64_t> all;
        while (all.size() < count) {
            auto const batch = must(next(tail));
            if (batch.events.empty()) break;
            for (auto const& event : batch.events) all.push_back(event.seq);
        }
        return all;
    }
    std::int64_t head() { return admin.number("select seq from fleet.head()"); }

    Database database = fresh_database();
    Postgres admin = database.connect();
    asio::io_context loop{1};
};

}  // namespace

TEST_CASE("a tail from a position gives what came after it, then what comes", "[integration][direct]") {
    House house;
    must_act(house.admin, note(1));
    auto settings = house.settings();
    settings.after = Position{"", house.head() - 1};
    direct::LogTail tail(house.loop.get_executor(), settings);
    auto const first = must(house.next(tail));
    REQUIRE(first.events.size() == 1);
    CHECK(must(parse_json(first.events[0].json))["data"] == Json{{"n", 1}});
    CHECK(first.to.seq == house.head());
    CHECK(position_text(first.to) == must(parse_json(first.events[0].json))["position"].get<std::string>());
    CHECK(must(house.next(tail, Millis(20))).events.empty());
    must_act(house.admin, note(2));
    CHECK(must(house.next(tail)).events.size() == 1);
    CHECK(tail.is_listening());
}

TEST_CASE("a tail without a position starts now", "[integration][direct]") {
    House house;
    must_act(house.admin, note(1));
    direct::LogTail tail(house.loop.get_executor(), house.settings());
    CHECK(must(house.next(tail, Millis(200))).events.empty());
    must_act(house.admin, note(2));
    CHECK(house.seqs(tail, 1) == std::vector<std::int64_t>{house.head()});
}

TEST_CASE("a tail gives only what its filter names, and moves on over the rest", "[integration][direct]") {
    House house;
    auto settings = house.settings();
    settings.after = Position{"", 0};
    settings.page = 3;
    settings.filter.project = "shop";
    settings.filter.types = {"x.a", "x.c"};
    for (int i = 0; i < 9; ++i)
        must_act(house.admin, note(i, i % 3 == 0 ? "x.a" : i % 3 == 1 ? "x.b" : "x.c"));
    direct::LogTail tail(house.loop.get_executor(), settings);
    CHECK(house.seqs(tail, 6).size() == 6);
    auto const rest = must(house.next(tail, Millis(50)));
    CHECK(rest.to.seq == house.head());
}

TEST_CASE("a tail loses nothing while its session is killed again and again", "[integration][direct]") {
    House house;
    auto settings = house.settings();
    settings.after = Position{"", house.head()};
    direct::LogTail tail(house.loop.get_executor(), settings);
    auto const first = house.head() + 1;
    std::jthread writer([dsn = house.database.dsn()] {
        Postgres sql(dsn);
        for (int i = 0; i < 100; ++i) {
            must_act(sql, note(i));
            if (i % 7 == 0)
                sql.rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'fleet/test/tail'");
        }
    });
    auto const seen = house.seqs(tail, 100);
    REQUIRE(seen.size() == 100);
    for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == first + static_cast<std::int64_t>(i));
}

TEST_CASE("a position the log does not hold is refused with one that it holds", "[integration][direct]") {
    House house;
    auto settings = house.settings();
    settings.after = Position{"00000000", 1};
    direct::LogTail foreign(house.loop.get_executor(), settings);
    auto const outcome = house.next(foreign);
    REQUIRE(code_of(outcome) == "log_rewound");
    CHECK(outcome.error().detail["last_common"].is_string());
    settings.after = Position{"", 1'000};
    direct::LogTail beyond(house.loop.get_executor(), settings);
    CHECK(code_of(house.next(beyond)) == "log_rewound");
}

TEST_CASE("a tail may be given up in the middle and loses nothing", "[integration][direct]") {
    House house;
    auto settings = house.settings();
    settings.after = Position{"", house.head()};
    direct::LogTail tail(house.loop.get_executor(), settings);
    auto const first = house.head() + 1;
    auto impatient = [](direct::LogTail& from, Millis limit) -> asio::awaitable<void> {
        using namespace asio::experimental::awaitable_operators;
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer timer(executor, limit);
        co_await (from.next(Millis(5'000)) || timer.async_wait(asio::use_awaitable));
    };
    for (int i = 0; i < 10; ++i) test::run(house.loop, impatient(tail, Millis(i)));
    must_act(house.admin, note(1));
    CHECK(house.seqs(tail, 1) == std::vector<std::int64_t>{first});
}

TEST_CASE("a database that is not there makes a tail wait, not fail", "[integration][direct]") {
    House house;
    auto settings = house.settings();
    settings.dsn = "host=/nonexistent dbname=x user=x";
    direct::LogTail tail(house.loop.get_executor(), settings);
    auto const batch = must(house.next(tail, Millis(100)));
    CHECK(batch.events.empty());
    CHECK_FALSE(tail.is_listening());
    CHECK_FALSE(tail.last_error().empty());
}

TEST_CASE("a role that may not read is told so", "[integration][direct]") {
    House house;
    house.admin.run("drop role if exists fleet_test_nobody; create role fleet_test_nobody");
    auto settings = house.settings();
    settings.role = "fleet_test_nobody";
    direct::LogTail tail(house.loop.get_executor(), settings);
    CHECK(code_of(house.next(tail)) == "forbidden");
}

TEST_CASE("a query past its limit ends the session, and a new one is as good as the first",
          "[integration][direct]") {
    House house;
    direct::PgSession session(house.loop.get_executor());
    direct::ConnectRequest request;
    request.dsn = house.database.dsn();
    must(test::run(house.loop, session.connect(request)));
    auto const slow = test::run(house.loop, session.query("select pg_sleep(5)", {}, Millis(50)));
    CHECK(code_of(slow) == "away");
    CHECK_FALSE(session.is_open());
    CHECK(code_of(test::run(house.loop, session.query("select 1", {}, Millis(500)))) == "away");
    must(test::run(house.loop, session.connect(request)));
    auto const table =
        must(test::run(house.loop, session.query("select $1::int + 1, null", {"41"}, Millis(500))));
    CHECK(table.number(0, 0) == 42);
    CHECK(table.is_null(0, 1));
}

TEST_CASE("no session compiles its queries, whatever the server's settings say", "[integration][direct]") {
    House house;
    house.database.connect().run("alter database " + house.database.name() + " set jit = on");
    direct::PgSession session(house.loop.get_executor());
    direct::ConnectRequest request;
    request.dsn = house.database.dsn();
    must(test::run(house.loop, session.connect(request)));
    auto const said =
        must(test::run(house.loop, session.query("select current_setting('jit')", {}, Millis(2'000))));
    CHECK(said.text(0, 0) == "off");
}

TEST_CASE("an error of the server leaves the session usable", "[integration][direct]") {
    House house;
    direct::PgSession session(house.loop.get_executor());
    direct::ConnectRequest request;
    request.dsn = house.database.dsn();
    must(test::run(house.loop, session.connect(request)));
    CHECK(code_of(test::run(house.loop, session.query("select 1/0", {}, Millis(500)))) == "internal");
    auto const refused =
        test::run(house.loop, session.query("select * from fleet.check_position('x')", {}, Millis(500)));
    REQUIRE(code_of(refused) == "invalid_field");
    CHECK(refused.error().field == "/position");
    must(test::run(house.loop, session.query("select 1", {}, Millis(500))));
}

TEST_CASE("notifications that came with an answer are not lost", "[integration][direct]") {
    House house;
    direct::PgSession session(house.loop.get_executor());
    direct::ConnectRequest request;
    request.dsn = house.database.dsn();
    must(test::run(house.loop, session.connect(request)));
    must(test::run(house.loop, session.query("listen fleet", {}, Millis(500))));
    house.admin.run("notify fleet, 'hello'");
    must(test::run(house.loop, session.query("select pg_sleep(0.05)", {}, Millis(500))));
    auto const heard = must(test::run(house.loop, session.notifications(Millis(0))));
    REQUIRE(heard.size() == 1);
    CHECK(heard[0].payload == "hello");
}

TEST_CASE("a black hole on the way is noticed at the limit of the step", "[integration][direct]") {
    House house;
    PostgresGate gate(house.database.dsn());
    direct::PgSession session(house.loop.get_executor());
    direct::ConnectRequest request;
    request.dsn = gate.dsn();
    must(test::run(house.loop, session.connect(request)));
    gate->drop();
    CHECK(code_of(test::run(house.loop, session.query("select 1", {}, Millis(100)))) == "away");
    request.limit = Millis(100);
    CHECK(code_of(test::run(house.loop, session.connect(request))) == "away");
}
