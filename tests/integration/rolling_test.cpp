// Daemons of different age on one database, while a newer one brings the schema on.
#include "schema/migrator.hpp"

#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"

#include <fmt/format.h>

#include <atomic>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

// What the next version of this program would carry: one migration more, and other functions.
struct NextVersion {
    explicit NextVersion(bool breaking)
        : text(fmt::format("-- breaking: {}\ncreate table fleet_state.later (id int primary key);\n",
                           breaking ? "yes" : "no")),
          up_name(fmt::format("{:04}_later.up.sql", number())),
          down_name(fmt::format("{:04}_later.down.sql", number())) {
        migrations.push_back({down_name, "", "drop table fleet_state.later;"});
        migrations.push_back({up_name, "of the next version", text});
        for (auto& file : repeatable)
            if (file.name == "people.sql") file.text = people;
    }
    static std::size_t number() {
        return must(schema::migrations_from(schema::embedded_migrations())).size() + 1;
    }
    void migrate(Database const& database) {
        pg::Session session(database.dsn(), schema::migration_session("fleet tests: next version"));
        schema::Migrator const migrator("99.0.0", migrations, repeatable);
        must(migrator.migrate(session));
    }

    std::string text;
    std::string up_name;
    std::string down_name;
    std::vector<schema::EmbeddedSql> migrations = schema::embedded_migrations();
    std::vector<schema::EmbeddedSql> repeatable = schema::embedded_repeatable();
    std::string people = [this] {
        for (auto const& file : repeatable)
            if (file.name == "people.sql")
                return std::string(file.text) + "\n-- of the next version\n";
        return std::string();
    }();
};

int append(DaemonProcess& daemon) {
    return daemon
        .call("POST", "/api/v1/events", Json{{"type", "x.note"}, {"data", Json::object()}},
              {{"Fleet-Project", "shop"}})
        .status;
}

struct House {
    Database database = fresh_database();
    DaemonProcess daemon{DaemonOptions{.dsn = database.dsn(), .environment = {{"FLEET_HOST_LEASE", "2s"}}}};

    House() {
        daemon.wait_ready();
        REQUIRE(daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}}).status == 201);
    }
    std::string build() { return database.connect().text("select build from fleet_log.schema_repeatable"); }
    std::optional<int> exit_status() { return daemon.ended_within(std::chrono::seconds(15)); }
};

}  // namespace

TEST_CASE("an older daemon works on beside a newer schema that breaks nothing, and leaves it as it is",
          "[integration][schema]") {
    House house;
    std::atomic<bool> ends = false;
    std::atomic<int> done = 0;
    std::vector<int> others;
    std::jthread writer([&] {
        while (!ends) {
            int const status = append(house.daemon);
            if (status == 201)
                done += 1;
            else
                others.push_back(status);
        }
    });
    REQUIRE(eventually([&] { return done > 5; }));
    NextVersion(false).migrate(house.database);
    int const so_far = done;
    CHECK(eventually([&] { return done > so_far + 5; }));
    ends = true;
    writer.join();
    // At most told to try again while the functions were being exchanged.
    for (int const status : others) CHECK(status == 503);
    CHECK(house.build() == "99.0.0");

    // Nor does it put its own functions back when it is started anew.
    CHECK(house.daemon.terminate() == 0);
    house.daemon.start();
    house.daemon.wait_ready();
    CHECK(append(house.daemon) == 201);
    CHECK(house.build() == "99.0.0");
    auto const schema = house.daemon.call("GET", "/api/v1/db").json();
    INFO(schema.dump());
    CHECK(schema["version"] == schema["known"].get<int>() + 1);
    CHECK(schema["usable"] == true);
    CHECK(house.database.connect().number("select count(*) from fleet.verify_projections()") == 0);
}

TEST_CASE("a schema that breaks older programs stops an older daemon with a message",
          "[integration][schema]") {
    House house;
    NextVersion(true).migrate(house.database);
    // It finds out with its next sign of life, leaves the fleet and ends.
    auto const status = house.exit_status();
    REQUIRE(status);
    CHECK(*status == 6);
    auto const words = fmt::format("needs a program that knows version {}; this one knows {}",
                                   NextVersion::number(), NextVersion::number() - 1);
    CHECK(house.daemon.log().find(words) != std::string::npos);
    CHECK(house.daemon.log().find("Upgrade this program") != std::string::npos);
    CHECK(house.database.connect().text("select state from fleet.hosts") == "left");

    // Started again it sees so at once, and changes nothing.
    house.daemon.start();
    auto const again = house.exit_status();
    REQUIRE(again);
    CHECK(*again == 6);
    CHECK(house.build() == "99.0.0");
    CHECK(house.database.connect().number("select count(*) from fleet.events where type = 'host_joined'") ==
          1);
}
