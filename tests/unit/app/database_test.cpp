// The states of the database, with a provider that does what the test says. What needs a server is tested in
// tests/integration/app_services_test.cpp.
#include "app/database.hpp"
#include "app/steps.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

using namespace fleet;
using namespace fleet::app;

namespace {

// Fails to start, or starts and then cannot be connected to.
class Scripted final : public services::Provider {
public:
    explicit Scripted(asio::any_io_executor executor)
        : gate(executor, asio::steady_timer::time_point::max()) {}

    std::string_view name() const override { return "scripted"; }
    asio::awaitable<Result<void>> start(services::Progress progress) override {
        starts += 1;
        progress(services::Step{"start", "starting", false});
        if (holds_start) {
            constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
            co_await gate.async_wait(nothrow);
        }
        co_return make_error(ErrorCode::binaries_missing);
    }
    asio::awaitable<Result<void>> stop(services::Progress) override {
        stops += 1;
        co_return Result<void>{};
    }
    asio::awaitable<services::ServerStatus> status(Millis) override { co_return services::ServerStatus{}; }
    asio::awaitable<Result<void>> logs(services::LogRequest, services::LineSink) override {
        co_return Result<void>{};
    }
    asio::awaitable<Result<void>> destroy(services::Progress) override {
        destroyed = true;
        co_return Result<void>{};
    }
    asio::awaitable<std::string> ended() override {
        constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
        co_await gate.async_wait(nothrow);
        co_return "gone";
    }
    Result<std::string> dsn() const override { return make_error(ErrorCode::not_running); }
    Result<std::string> url() const override { return make_error(ErrorCode::not_running); }
    bool manages() const override { return true; }
    bool is_made() const override { return false; }

    asio::steady_timer gate;
    bool holds_start = false;
    int starts = 0;
    int stops = 0;
    bool destroyed = false;
};

struct House {
    asio::io_context loop{1};
    std::unique_ptr<observe::Log> log;
    observe::Health health;
    Scripted provider{loop.get_executor()};
    SchemaWork schema{loop.get_executor(), "fleetd/test/schema", {}};
    std::filesystem::path wanted =
        std::filesystem::temp_directory_path() / ("fleet-wanted-" + std::to_string(::getpid()));
    std::optional<Database> database;

    House() {
        observe::LogOptions options;
        options.to = [](std::string_view) {};
        log = *observe::Log::open(std::move(options));
        std::filesystem::remove(wanted);
        begin();
    }
    ~House() { std::filesystem::remove(wanted); }
    House(House const&) = delete;
    House& operator=(House const&) = delete;

    void begin() {
        database.emplace(DatabaseParts{loop.get_executor(), provider, schema, *log, health, wanted, {}});
    }
};

asio::awaitable<Result<void>> outcome(std::shared_ptr<Steps> steps) {
    std::size_t seen = 0;
    while (!steps->outcome()) {
        co_await steps->more_than(seen);
        seen = steps->all().size();
    }
    co_return *steps->outcome();
}

}  // namespace

TEST_CASE("before anything is up, requests hear that the database is stopped and what starts it",
          "[app][database]") {
    House house;
    auto const why = house.database->unavailable();
    REQUIRE(why);
    CHECK(why->code == ErrorCode::away);
    CHECK(why->hint.find("services up") != std::string::npos);
    CHECK(why->retry_after_seconds);
    CHECK(house.database->dsn().has_error());
    CHECK(house.database->phase() == Phase::stopped);
    CHECK_FALSE(house.health.is_ready());
}

TEST_CASE("an up that fails leaves the reason where everybody finds it", "[app][database]") {
    House house;
    auto const ended = test::run(house.loop, outcome(house.database->up()));
    CHECK(test::code_of(ended) == "binaries_missing");
    CHECK(house.database->phase() == Phase::failed);
    REQUIRE(house.database->trouble());
    CHECK(house.database->trouble()->code == ErrorCode::binaries_missing);
    CHECK(house.database->unavailable()->code == ErrorCode::away);
}

TEST_CASE("a second up at the same moment watches the first one", "[app][database]") {
    House house;
    house.provider.holds_start = true;
    auto const first = house.database->up();
    house.loop.poll();
    auto const second = house.database->up();
    CHECK(first == second);
    CHECK(house.provider.starts == 1);
    CHECK(second->all().size() == 1);
    CHECK(house.database->phase() == Phase::starting);
    house.provider.gate.cancel();
    test::run(house.loop, outcome(first));
    CHECK(house.database->phase() == Phase::failed);
}

TEST_CASE("a down ends the start that is under way, and whoever watched it hears so", "[app][database]") {
    House house;
    house.provider.holds_start = true;
    auto const steps = house.database->up();
    house.loop.poll();
    test::must(test::run(house.loop, house.database->down()));
    CHECK(house.database->phase() == Phase::stopped);
    CHECK(house.provider.stops == 1);
    REQUIRE(steps->outcome());
    CHECK(steps->outcome()->has_error());
}

TEST_CASE("a restart while a start is under way is refused", "[app][database]") {
    House house;
    house.provider.holds_start = true;
    auto const first = house.database->up();
    house.loop.poll();
    auto const refused = test::run(house.loop, house.database->restart());
    CHECK(test::code_of(test::run(house.loop, outcome(refused))) == "services_busy");
    house.provider.gate.cancel();
    test::run(house.loop, outcome(first));
}

TEST_CASE("what was wanted is wanted again by the next daemon", "[app][database]") {
    House house;
    test::run(house.loop, outcome(house.database->up()));
    CHECK(house.provider.starts == 1);
    house.begin();
    house.database->resume();
    house.loop.restart();
    house.loop.poll();
    CHECK(house.provider.starts == 2);

    test::must(test::run(house.loop, house.database->down()));
    CHECK(house.provider.stops == 1);
    house.begin();
    house.database->resume();
    CHECK(house.provider.starts == 2);
}

TEST_CASE("destroy removes the data and forgets that they were wanted", "[app][database]") {
    House house;
    test::run(house.loop, outcome(house.database->up()));
    test::must(test::run(house.loop, house.database->destroy()));
    CHECK(house.provider.destroyed);
    CHECK(house.database->phase() == Phase::stopped);
    house.begin();
    house.database->resume();
    CHECK(house.provider.starts == 1);
}

TEST_CASE("a database that is being stopped by the daemon's end starts nothing more", "[app][database]") {
    House house;
    house.database->stop();
    CHECK(test::code_of(test::run(house.loop, outcome(house.database->up()))) == "services_busy");
    CHECK(house.provider.starts == 0);
}
