// Several daemons on one database: a frozen host is declared lost and cannot go on with what it held; an
// outage of the database loses nobody.
#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/server.hpp"

#include <fmt/format.h>

#include <cstdlib>

using namespace fleet;
using namespace fleet::test;

namespace {

HttpHeaders as(std::string const& callsign, HttpHeaders more = {}) {
    more["Fleet-Project"] = "shop";
    if (!callsign.empty()) more["Fleet-As"] = callsign;
    return more;
}

HttpAnswer post(DaemonProcess& daemon, std::string const& path, Json const& body,
                HttpHeaders const& headers) {
    return daemon.call("POST", "/api/v1" + path, body, headers);
}

std::string host_of(DaemonProcess& daemon) {
    auto const text = read_text(daemon.state_folder() / "host_id");
    return text.substr(0, text.find('\n'));
}

bool leads(DaemonProcess& daemon) {
    return daemon.call("GET", "/api/v1/status").json()["host"]["leads"] == true;
}

void register_pilot(DaemonProcess& daemon, std::string const& callsign) {
    Json const pilot{{"callsign", callsign}, {"program", "t"}, {"model", "m"}};
    REQUIRE(post(daemon, "/pilots", pilot, as("")).status == 201);
}

std::string fence(char const* kind, Json const& lease, char const* id) {
    return fmt::format("{}/{}/{}", kind, lease.at(id).get<std::string>(),
                       lease.at("token").get<std::int64_t>());
}

// Two hosts; the first one leads. A pilot of the first holds a file and a sortie.
struct Fleet {
    explicit Fleet(std::map<std::string, std::string> environment = {{"FLEET_HOST_LEASE", "2s"},
                                                                     {"FLEET_SWEEP_PAUSE", "1s"}})
        : one(DaemonOptions{.dsn = database.dsn(), .environment = environment}) {
        one.wait_ready();
        REQUIRE(eventually([&] { return leads(one); }));
        two.emplace(DaemonOptions{.dsn = database.dsn(), .environment = environment});
        two->wait_ready();
        REQUIRE(post(one, "/projects", Json{{"key", "shop"}}, as("")).status == 201);
        register_pilot(one, "viper-1");
        register_pilot(*two, "falcon-1");
        auto const held = post(one, "/reservations", Json{{"patterns", {"src/**"}}}, as("viper-1"));
        REQUIRE(held.status == 201);
        file = held.json();
        REQUIRE(post(one, "/sorties", Json{{"title", "Build"}}, as("viper-1")).status == 201);
        auto const claimed = post(one, "/sorties/claim", Json::object(), as("viper-1"));
        REQUIRE(claimed.status == 200);
        sortie = claimed.json();
        lost_host = host_of(one);
    }
    HttpHeaders with_sortie() const {
        return as("viper-1", {{"Fleet-Fence", fence("sortie", sortie, "sortie_id")}});
    }
    HttpHeaders with_file() const {
        return as("viper-1", {{"Fleet-Fence", fence("reservation", file, "reservation_id")}});
    }
    std::string progress_path() const {
        return "/sorties/" + sortie.at("sortie_id").get<std::string>() + "/progress";
    }
    std::string state_of_lost() {
        return sql.text("select state from fleet.hosts where host_id = $1", {lost_host});
    }
    std::int64_t number(std::string const& query) { return sql.number(query, {lost_host}); }

    Database database = fresh_database();
    Postgres sql = database.connect();
    DaemonProcess one;
    std::optional<DaemonProcess> two;
    Json file;
    Json sortie;
    std::string lost_host;
};

// What follows for everything that the lost host's pilot had, and who may have it now.
void check_loss(Fleet& fleet) {
    auto const left =
        fleet.number("select max(seq) from fleet.events where type = 'host_left' and stream_id = $1");
    // One transaction wrote it all.
    CHECK(fleet.sql.number(
              "select count(distinct xmin::text) from fleet_log.events where seq >= $1 and type in "
              "('host_left', 'pilot_stale', 'sortie_requeued', 'file_released')",
              {std::to_string(left)}) == 1);
    CHECK(fleet.sql.text(
              "select string_agg(type, ' ' order by seq) from fleet_log.events where seq >= $1 and type in "
              "('host_left', 'pilot_stale', 'sortie_requeued', 'file_released')",
              {std::to_string(left)}) == "host_left pilot_stale sortie_requeued file_released");
    auto& two = *fleet.two;
    CHECK(post(two, "/reservations", Json{{"patterns", {"src/main.c"}}}, as("falcon-1")).status == 201);
    auto const claimed = post(two, "/sorties/claim", Json::object(), as("falcon-1"));
    REQUIRE(claimed.status == 200);
    CHECK(claimed.json()["sortie_id"] == fleet.sortie["sortie_id"]);
    // The frozen process kept its sessions and their locks until they were ended.
    CHECK(eventually([&] {
        return fleet.number(
                   "select count(*) from pg_stat_activity where starts_with(application_name, 'fleetd/' || "
                   "$1 || '/')") == 0;
    }));
    CHECK(eventually([&] { return leads(two); }));
    CHECK(fleet.sql.number("select epoch from fleet_live.leaders where duty = 'sweep'") == 2);
}

// It wakes up with a request in its queue, its old epoch and its old tokens.
void check_return(Fleet& fleet) {
    HttpWire waiting(fleet.one.socket());
    waiting.send(
        http_request("POST", "/api/v1" + fleet.progress_path(), R"({"percent": 50})", fleet.with_sortie()));
    auto const before = fleet.sql.number("select max(seq) from fleet.events");
    fleet.one.thaw();
    auto const refused_as = [](HttpAnswer const& answer, std::initializer_list<char const*> codes) {
        INFO(answer.status << " " << answer.body);
        return std::find(codes.begin(), codes.end(), answer.code()) != codes.end();
    };
    CHECK(refused_as(waiting.read_answer(std::chrono::seconds(20)), {"host_epoch_moved", "stale_token"}));
    REQUIRE(eventually([&] { return fleet.state_of_lost() == "joined"; }, std::chrono::seconds(15)));
    auto const stale = [&](std::string const& path, Json const& body, HttpHeaders const& headers) {
        return eventually([&] { return post(fleet.one, path, body, headers).code() == "stale_token"; },
                          std::chrono::seconds(10));
    };
    CHECK(stale(fleet.progress_path(), Json{{"percent", 60}}, fleet.with_sortie()));
    auto const reservation = "/reservations/" + fleet.file.at("reservation_id").get<std::string>();
    CHECK(stale(reservation + "/release", Json::object(), fleet.with_file()));
    CHECK(stale(reservation + "/extend", Json{{"ttl_seconds", 60}}, fleet.with_file()));
    CHECK(fleet.sql.number("select count(*) from fleet.events where seq > $1 and type in ('sortie_progress', "
                           "'file_released', 'file_reservation_extended')",
                           {std::to_string(before)}) == 0);
    CHECK(fleet.sql.number("select count(*) from fleet.verify_projections()") == 0);
    // Its pilot is somebody again as soon as it says so.
    CHECK(post(fleet.one, "/pilots/viper-1/beat", Json::object(), as("viper-1")).status == 200);
    CHECK(post(fleet.one, "/reservations", Json{{"patterns", {"docs/**"}}}, as("viper-1")).status == 201);
}

}  // namespace

TEST_CASE(
    "a frozen host that leads is declared lost, and cannot write with its old tokens when it comes back",
    "[integration][hosts]") {
    Fleet fleet;
    fleet.one.freeze();
    // Half a minute passes for everybody.
    fleet.sql.run(
        "update fleet_live.hosts set deadline = clock_timestamp() - interval '31 seconds' "
        "where host_id = '" +
        fleet.lost_host + "'");
    REQUIRE(eventually([&] { return fleet.state_of_lost() == "lost"; }, std::chrono::seconds(10)));
    check_loss(fleet);
    check_return(fleet);
}

TEST_CASE("the same with the time it really takes: a host that is frozen for a minute",
          "[integration][hosts]") {
    if (std::getenv("FLEET_TEST_LONG") == nullptr) {
        WARN("takes a minute; set FLEET_TEST_LONG to run it");
        return;
    }
    Fleet fleet;
    auto const frozen = std::chrono::steady_clock::now();
    fleet.one.freeze();
    auto const is_lost = [&] { return fleet.state_of_lost() == "lost"; };
    REQUIRE(eventually(is_lost, std::chrono::seconds(45)));
    // A frozen process holds its lock: not before 30 s after its lease of 2 s.
    CHECK(std::chrono::steady_clock::now() - frozen >= std::chrono::seconds(30));
    check_loss(fleet);
    CHECK_FALSE(eventually([&] { return fleet.state_of_lost() != "lost"; },
                           std::chrono::duration_cast<std::chrono::milliseconds>(
                               frozen + std::chrono::seconds(60) - std::chrono::steady_clock::now())));
    check_return(fleet);
}

TEST_CASE("a host that was killed is lost when its lock is free, ten seconds after its lease",
          "[integration][hosts]") {
    Fleet fleet;
    fleet.one.kill_now();
    fleet.sql.run(
        "update fleet_live.hosts set deadline = clock_timestamp() - interval '11 seconds' "
        "where host_id = '" +
        fleet.lost_host + "'");
    REQUIRE(eventually([&] { return fleet.state_of_lost() == "lost"; }, std::chrono::seconds(10)));
    check_loss(fleet);
    // Started again it is the same host with another epoch.
    fleet.one.start();
    fleet.one.wait_ready();
    CHECK(host_of(fleet.one) == fleet.lost_host);
    auto const shown = fleet.two->call("GET", "/api/v1/hosts").json()["items"];
    REQUIRE(shown.size() == 2);
    for (auto const& host : shown) {
        CHECK(host["alive"] == true);
        bool const is_second = host["host_id"] != fleet.lost_host;
        CHECK(host["duties"] == (is_second ? Json{"sweep"} : Json::array()));
        CHECK(host["pilots"] == (is_second ? 1 : 0));
    }
    CHECK(fleet.sql.number("select count(*) from fleet.hosts_alive") == 2);
}

TEST_CASE("an outage of the database that was longer than every lease loses nobody", "[integration][hosts]") {
    OwnServer server(Durability::fast);
    Database database = fresh_database(server.dsn());
    std::map<std::string, std::string> const environment{{"FLEET_HOST_LEASE", "4s"},
                                                         {"FLEET_SWEEP_PAUSE", "1s"}};
    DaemonProcess one({.dsn = database.dsn(), .environment = environment});
    DaemonProcess two({.dsn = database.dsn(), .environment = environment});
    one.wait_ready();
    two.wait_ready();
    // Neither sees when the server is back before the clock has been set on.
    one.freeze();
    two.freeze();
    server.crash();
    server.start_again();
    auto sql = database.connect();
    sql.run("update fleet_live.hosts set deadline = clock_timestamp() - interval '10 minutes'");
    two.thaw();
    CHECK(eventually([&] { return leads(two); }, std::chrono::seconds(15)));
    one.thaw();
    CHECK(eventually([&] { return sql.number("select count(*) from fleet.hosts_alive") == 2; },
                     std::chrono::seconds(10)));
    CHECK(sql.number("select count(*) from fleet.events where type = 'host_left'") == 0);
    CHECK(sql.number("select count(*) from fleet.events where type = 'host_joined'") == 2);
}
