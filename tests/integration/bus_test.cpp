#include "bus/bus.hpp"
#include "bus/cursors.hpp"

#include "support/catch.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"
#include "support/seed.hpp"

#include <numeric>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

Json note(int number, std::string type = "x.note") {
    return request("append", Json{{"events", {{{"type", std::move(type)}, {"data", {{"n", number}}}}}}},
                   "writer");
}

bus::BusSettings quick_settings() {
    bus::BusSettings settings;
    settings.application_name = "fleetd/test/listener";
    settings.limits.reconnect = BackoffLimits{Millis(10), Millis(100)};
    return settings;
}

struct House {
    explicit House(bus::BusSettings settings = quick_settings()) {
        seed_project(admin);
        pg::PoolSettings pool_settings;
        pool_settings.session.application_name = "fleetd/test/reader";
        pool_settings.session.role = "fleet_daemon";
        auto source = [this]() -> Result<std::string> { return database.dsn(); };
        pool = std::make_unique<pg::Pool>(loop.get_executor(), source, pool_settings);
        bus = std::make_unique<bus::Bus>(loop.get_executor(), *pool, source, settings);
        asio::co_spawn(loop, bus->run(), [this](std::exception_ptr thrown) {
            ended = true;
            if (thrown) std::rethrow_exception(thrown);
        });
        REQUIRE(eventually_on(loop, [&] { return bus->health().listening && bus->health().reading; }));
    }
    ~House() {
        test::run(loop, bus->stop());
        pool->stop();
        loop.restart();
        loop.poll();
    }

    Result<std::shared_ptr<bus::Subscriber>> try_subscribe(bus::Filter filter = {},
                                                           std::optional<Position> after = {}) {
        return test::run(loop, bus->subscribe(std::move(filter), std::move(after)));
    }
    std::shared_ptr<bus::Subscriber> subscribe(bus::Filter filter = {}, std::optional<Position> after = {}) {
        return must(try_subscribe(std::move(filter), std::move(after)));
    }
    Result<bus::Batch> next(bus::Subscriber& subscriber, Millis limit = Millis(3'000)) {
        return test::run(loop, subscriber.next(limit), limit + Millis(5'000));
    }
    // Seqs until `count` of them came, or nothing came for a while.
    std::vector<std::int64_t> seqs(bus::Subscriber& subscriber, std::size_t count,
                                   Millis patience = Millis(3'000)) {
        std::vector<std::int64_t> all;
        while (all.size() < count) {
            auto const batch = must(next(subscriber, patience));
            if (batch.events.empty()) break;
            for (auto const& event : batch.events) all.push_back(event->seq);
        }
        return all;
    }
    void kill_listener() {
        database.connect().rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
            "'fleetd/test/listener'");
    }

    Database database = fresh_database();
    Postgres admin = database.connect();
    bool ended = false;
    asio::io_context loop{1};
    std::unique_ptr<pg::Pool> pool;
    std::unique_ptr<bus::Bus> bus;
};

std::vector<std::int64_t> numbers(std::int64_t first, std::size_t count) {
    std::vector<std::int64_t> all(count);
    std::iota(all.begin(), all.end(), first);
    return all;
}

}  // namespace

TEST_CASE("what anyone commits reaches a subscriber, whole and in order", "[integration][bus]") {
    House house;
    auto subscriber = house.subscribe();
    auto const first = house.bus->head() + 1;
    for (int i = 0; i < 5; ++i) must_act(house.admin, note(i));
    auto const batch = must(house.next(*subscriber));
    REQUIRE_FALSE(batch.events.empty());
    auto const& event = *batch.events.front();
    CHECK(event.seq == first);
    auto const envelope = must(parse_json(event.json));
    CHECK(envelope["seq"] == first);
    CHECK(envelope["event_id"] == event.event_id);
    CHECK(envelope["position"] == position_text(house.bus->position(first)));
    CHECK(must(event_from_json(envelope)).data == Json{{"n", 0}});
}

TEST_CASE("a hint is faster than any poll", "[integration][bus]") {
    auto settings = quick_settings();
    settings.limits.poll_healthy = Millis(60'000);
    House house(settings);
    auto subscriber = house.subscribe();
    auto const began = std::chrono::steady_clock::now();
    must_act(house.admin, note(1));
    CHECK(must(house.next(*subscriber)).events.size() == 1);
    CHECK(std::chrono::steady_clock::now() - began < Millis(1'000));
}

TEST_CASE("no event is lost and none comes twice while the listener is killed again and again",
          "[integration][bus]") {
    House house;
    auto subscriber = house.subscribe();
    auto const first = house.bus->head() + 1;
    constexpr int rounds = 20;
    constexpr int each = 10;
    std::jthread writer([dsn = house.database.dsn()] {
        Postgres sql(dsn);
        Postgres killer(dsn);
        for (int round = 0; round < rounds; ++round) {
            for (int i = 0; i < each; ++i) must_act(sql, note(i));
            killer.rows(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'fleetd/test/listener'");
        }
    });
    CHECK(house.seqs(*subscriber, rounds * each) == numbers(first, rounds * each));
    CHECK(house.bus->health().reconnects > 3);
}

TEST_CASE("without catching up before the wait events are lost: the checkers can fail",
          "[integration][bus]") {
    auto settings = quick_settings();
    settings.catch_up = false;
    settings.limits.reconnect = BackoffLimits{Millis(200), Millis(200), 1.0, 0.0};
    House house(settings);
    auto subscriber = house.subscribe();
    auto const first = house.bus->head() + 1;
    house.kill_listener();
    REQUIRE(eventually_on(house.loop, [&] { return !house.bus->health().listening; }));
    for (int i = 0; i < 5; ++i) must_act(house.admin, note(i));
    REQUIRE(eventually_on(house.loop, [&] { return house.bus->health().listening; }));
    must_act(house.admin, note(5));
    auto const seen = house.seqs(*subscriber, 6, Millis(300));
    CHECK(seen != numbers(first, 6));
}

TEST_CASE("each range is read once, however many want it", "[integration][bus]") {
    House house;
    std::vector<std::shared_ptr<bus::Subscriber>> crowd;
    for (int i = 0; i < 200; ++i) crowd.push_back(house.subscribe());
    for (int i = 0; i < 10; ++i) must_act(house.admin, note(i));
    for (auto const& one : crowd) CHECK(house.seqs(*one, 10).size() == 10);
    CHECK(house.bus->health().events == 10);
}

TEST_CASE("a crowd that comes back to an old position shares the pages of the log", "[integration][bus]") {
    auto settings = quick_settings();
    settings.limits.page = 20;
    House house(settings);
    auto const start = house.bus->head();
    Json events = Json::array();
    for (int i = 0; i < 100; ++i) events.push_back(Json{{"type", "x.note"}, {"data", {{"n", i}}}});
    must_act(house.admin, request("append", Json{{"events", events}}, "writer"));
    REQUIRE(eventually_on(house.loop, [&] { return house.bus->head() == start + 100; }));
    std::vector<std::shared_ptr<bus::Subscriber>> crowd;
    for (int i = 0; i < 50; ++i) crowd.push_back(house.subscribe({}, house.bus->position(start)));
    for (auto const& one : crowd) CHECK(house.seqs(*one, 100) == numbers(start + 1, 100));
    CHECK(house.bus->health().reads < 20);
}

TEST_CASE("this daemon's own commit wakes the reader without a hint", "[integration][bus]") {
    auto settings = quick_settings();
    settings.limits.poll_healthy = Millis(60'000);
    House house(settings);
    auto subscriber = house.subscribe();
    house.admin.run("begin");
    auto const row = must_act(house.admin, note(1));
    CHECK(must(house.next(*subscriber, Millis(50))).events.empty());
    house.admin.run("commit");
    house.bus->wake(house.bus->head() + 1);
    CHECK(must(house.next(*subscriber)).events.size() == 1);
}

TEST_CASE("a position of another log is refused with the last one that is common", "[integration][bus]") {
    House house;
    auto const foreign = house.try_subscribe({}, Position{"00000000", 1});
    REQUIRE(code_of(foreign) == "log_rewound");
    CHECK(foreign.error().detail["last_common"] == position_text(house.bus->position(0)));
    auto const beyond = house.try_subscribe({}, house.bus->position(1'000'000));
    REQUIRE(code_of(beyond) == "log_rewound");
    CHECK(beyond.error().detail["last_common"] == position_text(house.bus->position(house.bus->head())));
    CHECK(code_of(house.try_subscribe({}, house.bus->position(house.bus->head()))) == "ok");
}

TEST_CASE("a log that was rewound is noticed, and subscribers are told where to start again",
          "[integration][bus]") {
    auto settings = quick_settings();
    settings.limits.poll_healthy = Millis(50);
    House house(settings);
    auto subscriber = house.subscribe();
    auto const before = house.bus->head();
    for (int i = 0; i < 6; ++i) must_act(house.admin, note(i));
    CHECK(house.seqs(*subscriber, 6).size() == 6);
    // As after a restore: the last events are gone, and others take their place.
    house.admin.run(
        "alter table fleet_log.events disable trigger all;"
        "delete from fleet_log.events where seq > " +
        std::to_string(before + 4) +
        ";"
        "alter table fleet_log.events enable trigger all;");
    Result<bus::Batch> batch = house.next(*subscriber);
    while (batch && batch->events.empty()) batch = house.next(*subscriber);
    REQUIRE(code_of(batch) == "log_rewound");
    CHECK(batch.error().detail["last_common"] == position_text(house.bus->position(before + 4)));
    auto again = house.subscribe({}, house.bus->position(before + 4));
    must_act(house.admin, note(7));
    CHECK(house.seqs(*again, 1) == numbers(before + 5, 1));
}

TEST_CASE("one subscription more than may be is refused, and let in when one has ended",
          "[integration][bus]") {
    auto settings = quick_settings();
    settings.limits.subscribers_max = 2;
    House house(settings);
    auto first = house.subscribe();
    auto second = house.subscribe();
    auto const third = house.try_subscribe();
    REQUIRE(code_of(third) == "too_many");
    CHECK(third.error().message.find("subscribers_max") != std::string::npos);
    CHECK(third.error().retry_after_seconds == 1);
    first.reset();
    CHECK(code_of(house.try_subscribe()) == "ok");
}

TEST_CASE("a stop says goodbye with the last position", "[integration][bus]") {
    House house;
    auto subscriber = house.subscribe();
    must_act(house.admin, note(1));
    auto const seen = house.seqs(*subscriber, 1);
    test::run(house.loop, house.bus->stop());
    auto const goodbye = must(house.next(*subscriber));
    CHECK(goodbye.goodbye);
    CHECK(goodbye.to == seen.back());
    CHECK(code_of(house.try_subscribe()) == "stopping");
    REQUIRE(eventually_on(house.loop, [&] { return house.ended; }));
}

TEST_CASE("a cursor moves forward only and continues where it stood", "[integration][bus]") {
    House house;
    bus::Cursors cursors(*house.pool);
    bus::CursorName const ci{"shop", "ci"};
    CHECK_FALSE(must(test::run(house.loop, cursors.find(ci))).has_value());
    for (int i = 0; i < 5; ++i) must_act(house.admin, note(i));
    auto const moved = must(test::run(house.loop, cursors.advance(ci, 4, "")));
    CHECK(moved.moved);
    auto const back = must(test::run(house.loop, cursors.advance(ci, 2, "")));
    CHECK_FALSE(back.moved);
    CHECK(back.at == 4);
    CHECK(must(test::run(house.loop, cursors.find(ci))) == house.bus->position(4));
    CHECK(code_of(test::run(house.loop, cursors.advance(ci, 1'000, ""))) == "invalid_field");
    CHECK(code_of(test::run(house.loop, cursors.advance(ci, 5, "evt_00000000000000000000000000"))) ==
          "log_rewound");
}

TEST_CASE("a cursor that the log has overtaken can be dropped, and starts again", "[integration][bus]") {
    House house;
    bus::Cursors cursors(*house.pool);
    bus::CursorName const ci{"shop", "ci"};
    CHECK_FALSE(must(test::run(house.loop, cursors.drop(ci))));
    for (int i = 0; i < 5; ++i) must_act(house.admin, note(i));
    must(test::run(house.loop, cursors.advance(ci, 5, "")));
    house.admin.run(
        "update fleet_live.cursors set event_id = 'evt_00000000000000000000000000' where consumer = 'ci'");
    CHECK(code_of(test::run(house.loop, cursors.advance(ci, 6, ""))) == "log_rewound");
    CHECK(must(test::run(house.loop, cursors.drop(ci))));
    CHECK_FALSE(must(test::run(house.loop, cursors.find(ci))).has_value());
    CHECK(must(test::run(house.loop, cursors.advance(ci, 3, ""))).at == 3);
}
