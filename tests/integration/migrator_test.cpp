#include "schema/migrator.hpp"

#include "support/catch.hpp"
#include "support/database.hpp"

#include <future>

using namespace fleet;
using namespace fleet::schema;
using namespace fleet::test;

namespace {

using Files = std::vector<EmbeddedSql>;

// A small build: its first migration makes what the migrator needs.
constexpr std::string_view log_up = R"(-- breaking: no
create schema fleet_log;
create table fleet_log.schema_versions (version int primary key, name text, sha256 text, breaking boolean,
    applied_at timestamptz default clock_timestamp());
create table fleet_log.schema_repeatable (sha256 text primary key, build text,
    applied_at timestamptz default clock_timestamp());
)";
constexpr std::string_view log_down = "drop schema fleet_log cascade;";

Files two_migrations() {
    return {{"0001_log.down.sql", "", log_down},
            {"0001_log.up.sql", "aa", log_up},
            {"0002_more.down.sql", "", "drop table public.more;"},
            {"0002_more.up.sql", "bb", "create table public.more (id int);"}};
}

Files functions(std::string_view text =
                    "create or replace function public.answer() returns int language sql as 'select 42';") {
    return {{"answer.sql", "cc", text}};
}

struct House {
    House() {
        session = std::make_unique<pg::Session>(database.dsn(), migration_session("fleet tests: migrator"));
    }

    Database database = empty_database();
    std::unique_ptr<pg::Session> session;
    Postgres sql = database.connect();
    Files migrations = two_migrations();
    Files repeatable = functions();
    Migrator migrator{"1.0", migrations, repeatable};
};

std::string names(std::vector<Step> const& steps) {
    std::string all;
    for (auto const& step : steps) all += step.what + " " + step.name + ";";
    return all;
}

}  // namespace

TEST_CASE("an empty database is brought to the build's schema, once", "[integration][schema]") {
    House house;
    auto const before = must(house.migrator.status(*house.session));
    CHECK(before.version == 0);
    CHECK(before.pending == std::vector<std::string>{"0001_log", "0002_more"});
    CHECK_FALSE(before.usable);
    std::string seen;
    auto const report =
        must(house.migrator.migrate(*house.session, [&](Step const& step) { seen += step.name + ";"; }));
    CHECK(names(report.steps) == "apply 0001_log;apply 0002_more;replace functions and views;");
    CHECK(seen == "0001_log;0002_more;functions and views;");
    CHECK(report.from == 0);
    CHECK(report.to == 2);
    CHECK(must(house.migrator.status(*house.session)).is_current());
    CHECK(must(house.migrator.migrate(*house.session)).steps.empty());
    CHECK(house.sql.text("select public.answer()") == "42");
    CHECK(house.sql.text("select build from fleet_log.schema_repeatable") == "1.0");
}

TEST_CASE("of two that migrate at once the second finds nothing to do", "[integration][schema]") {
    House house;
    auto migrate = [&] {
        pg::Session session(house.database.dsn(), migration_session("fleet tests: migrator"));
        return house.migrator.migrate(session);
    };
    auto other = std::async(std::launch::async, migrate);
    auto const mine = must(migrate());
    auto const theirs = must(other.get());
    CHECK(mine.steps.size() + theirs.steps.size() == 3);
    CHECK(mine.steps.empty() != theirs.steps.empty());
}

TEST_CASE("a migration that was edited after it was applied is refused by name", "[integration][schema]") {
    House house;
    must(house.migrator.migrate(*house.session));
    house.migrations[3].sha256 = "edited";
    CHECK(must(house.migrator.status(*house.session)).edited == std::vector<std::string>{"0002_more"});
    auto const outcome = house.migrator.migrate(*house.session);
    REQUIRE(code_of(outcome) == "migration_edited");
    CHECK(outcome.error().message.find("0002_more") != std::string::npos);
    CHECK(code_of(house.migrator.rollback(*house.session, 0, false)) == "migration_edited");
}

TEST_CASE("a failing step is named, leaves nothing, and keeps what came before it", "[integration][schema]") {
    House house;
    house.migrations[3].text = "create table public.more (id int); select 1/0;";
    auto const outcome = house.migrator.migrate(*house.session);
    REQUIRE(code_of(outcome) == "migration_failed");
    CHECK(outcome.error().message.find("0002_more") != std::string::npos);
    CHECK(outcome.error().message.find("division by zero") != std::string::npos);
    CHECK(must(house.migrator.status(*house.session)).version == 1);
    CHECK(house.sql.text("select to_regclass('public.more') is null") == "t");
    house.migrations[3].text = two_migrations()[3].text;
    must(house.migrator.migrate(*house.session));
}

TEST_CASE("functions are applied again when they differ, all or none", "[integration][schema]") {
    House house;
    must(house.migrator.migrate(*house.session));
    house.repeatable =
        functions("create or replace function public.answer() returns int language sql as 'select 43';");
    CHECK(must(house.migrator.status(*house.session)).stale);
    auto const report = must(house.migrator.migrate(*house.session));
    CHECK(names(report.steps) == "replace functions and views;");
    CHECK(house.sql.text("select public.answer()") == "43");
    house.repeatable = functions("create table public.half (); select 1/0;");
    CHECK(code_of(house.migrator.migrate(*house.session)) == "migration_failed");
    CHECK(house.sql.text("select to_regclass('public.half') is null") == "t");
}

TEST_CASE("an older program leaves the functions of a newer one alone", "[integration][schema]") {
    House house;
    must(house.migrator.migrate(*house.session));
    auto const newer_functions =
        functions("create or replace function public.answer() returns int language sql as 'select 43';");
    Migrator const newer{"1.1", house.migrations, newer_functions};
    CHECK(names(must(newer.migrate(*house.session)).steps) == "replace functions and views;");
    auto const status = must(house.migrator.status(*house.session));
    CHECK(status.is_current());
    CHECK(must(house.migrator.migrate(*house.session)).steps.empty());
    CHECK(house.sql.text("select public.answer()") == "43");
    CHECK(house.sql.text("select build from fleet_log.schema_repeatable") == "1.1");
}

TEST_CASE("a newer database is used as long as nothing in it breaks this build", "[integration][schema]") {
    House house;
    must(house.migrator.migrate(*house.session));
    house.sql.run("insert into fleet_log.schema_versions values (3, 'later', 'x', false)");
    house.sql.run("update fleet_log.schema_repeatable set sha256 = 'of a newer build'");
    auto const status = must(house.migrator.status(*house.session));
    CHECK(status.usable);
    CHECK(must(house.migrator.migrate(*house.session)).steps.empty());
    CHECK(code_of(house.migrator.rollback(*house.session, 2, false)) == "rollback_refused");
    house.sql.run("insert into fleet_log.schema_versions values (4, 'breaks', 'x', true)");
    CHECK_FALSE(must(house.migrator.status(*house.session)).usable);
    CHECK(code_of(house.migrator.migrate(*house.session)) == "schema_newer");
}

TEST_CASE("a rollback says what it would do, does it, and can be taken back", "[integration][schema]") {
    House house;
    must(house.migrator.migrate(*house.session));
    auto const planned = must(house.migrator.rollback(*house.session, 1, true));
    CHECK(names(planned.steps) == "undo 0002_more;");
    CHECK(must(house.migrator.status(*house.session)).version == 2);
    must(house.migrator.rollback(*house.session, 1, false));
    CHECK(must(house.migrator.status(*house.session)).version == 1);
    CHECK(house.sql.text("select to_regclass('public.more') is null") == "t");
    must(house.migrator.migrate(*house.session));
    CHECK(must(house.migrator.status(*house.session)).is_current());
    must(house.migrator.rollback(*house.session, 0, false));
    CHECK(must(house.migrator.status(*house.session)).version == 0);
}

TEST_CASE("a rollback that cannot be is refused before anything is undone", "[integration][schema]") {
    House house;
    must(house.migrator.migrate(*house.session));
    CHECK(code_of(house.migrator.rollback(*house.session, 3, false)) == "rollback_refused");
    CHECK(code_of(house.migrator.rollback(*house.session, -1, false)) == "rollback_refused");
    house.migrations[0].text = "";
    CHECK(code_of(house.migrator.rollback(*house.session, 0, false)) == "rollback_refused");
    CHECK(must(house.migrator.status(*house.session)).version == 2);
}

TEST_CASE("a migration without a transaction is applied outside of one", "[integration][schema]") {
    House house;
    house.migrations.push_back(
        {"0003_index.up.sql", "dd",
         "-- transaction: no\ncreate index concurrently if not exists more_id on public.more (id);"});
    must(house.migrator.migrate(*house.session));
    CHECK(house.sql.text("select to_regclass('public.more_id') is not null") == "t");
}

TEST_CASE("this build's own schema goes up, all the way down, and up again to the same",
          "[integration][schema]") {
    Database database = empty_database();
    pg::Session session(database.dsn(), migration_session("fleet tests: migrator"));
    Postgres sql = database.connect();
    Migrator const migrator("tests");
    auto const columns = [&] {
        return sql.text(
            "select md5(string_agg(format('%s.%s.%s %s', table_schema, table_name, column_name, data_type), "
            "'|'"
            " order by table_schema, table_name, column_name))"
            " from information_schema.columns where table_schema like 'fleet%'");
    };
    must(migrator.migrate(session));
    auto const first = columns();
    must(migrator.rollback(session, 0, false));
    CHECK(sql.number("select count(*) from pg_namespace where nspname like 'fleet%'") == 0);
    must(migrator.migrate(session));
    CHECK(columns() == first);
    CHECK(must(migrator.status(session)).is_current());
}
