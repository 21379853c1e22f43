// The leader's work and the host's membership, in a real fleetd.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"

using namespace fleet;
using namespace fleet::test;

namespace {

int append(DaemonProcess& daemon) {
    return daemon.call("POST", "/api/v1/events", Json{{"type", "x.note"}, {"data", Json::object()}},
                       {{"Fleet-Project", "shop"}}).status;
}

}  // namespace

TEST_CASE("a session that sits on the order lock is ended by the leader, and writing goes on",
          "[integration][duties]") {
    Database database = fresh_database();
    DaemonProcess daemon({.dsn = database.dsn(), .environment = {{"FLEET_ORDER_LOCK_LIMIT", "1s"}}});
    daemon.wait_ready();
    REQUIRE(daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}}).status == 201);
    REQUIRE(eventually([&] { return daemon.call("GET", "/api/v1/status").json()["host"]["leads"] == true; }));
    auto sitting = database.connect();
    sitting.run("begin");
    sitting.run("select pg_advisory_xact_lock(fleet.lock_class('order'), 1)");
    CHECK(eventually([&] { return append(daemon) == 201; }, std::chrono::seconds(15)));
    CHECK_THROWS_AS(sitting.run("commit"), SqlError);
    // The log is written by a thread of its own.
    CHECK(eventually([&] { return daemon.log().find("sat on the order lock") != std::string::npos; }));
}

TEST_CASE("a daemon that was killed is the same host when it starts again at once", "[integration][duties]") {
    Database database = fresh_database();
    DaemonProcess daemon({.dsn = database.dsn()});
    daemon.wait_ready();
    auto const before = daemon.call("GET", "/api/v1/hosts").json()["items"];
    daemon.kill_now();
    daemon.start();
    daemon.wait_ready();
    auto const after = daemon.call("GET", "/api/v1/hosts").json()["items"];
    REQUIRE(after.size() == 1);
    CHECK(after[0]["host_id"] == before[0]["host_id"]);
    CHECK(after[0]["epoch"].get<std::int64_t>() > before[0]["epoch"].get<std::int64_t>());
    CHECK(after[0]["alive"] == true);
}

TEST_CASE("a stop leaves the fleet and hands the lead on", "[integration][duties]") {
    Database database = fresh_database();
    DaemonProcess first({.dsn = database.dsn()});
    first.wait_ready();
    DaemonProcess second({.dsn = database.dsn(), .environment = {{"FLEET_SWEEP_PAUSE", "1s"}}});
    second.wait_ready();
    auto const leads = [](DaemonProcess& daemon) {
        return daemon.call("GET", "/api/v1/status").json()["host"]["leads"] == true;
    };
    REQUIRE(eventually([&] { return leads(first); }));
    CHECK_FALSE(leads(second));
    CHECK(first.terminate() == 0);
    CHECK(eventually([&] { return leads(second); }));
    CHECK(database.connect().number("select count(*) from fleet.hosts where state = 'left'") == 1);
}
