#include "support/database.hpp"

#include "pg/session.hpp"
#include "schema/migrator.hpp"
#include "support/server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <iostream>

namespace fleet::test {

namespace {

std::string fresh_name() {
    static std::atomic<int> count{0};
    return fmt::format("test_{}_{}", ::getpid(), ++count);
}

// Another build of the SQL on the same server gets another template.
std::string template_name() {
    std::string digests;
    for (auto const& file : schema::embedded_migrations()) digests += file.sha256;
    for (auto const& file : schema::embedded_repeatable()) digests += file.sha256;
    return fmt::format("fleet_template_{:016x}", std::hash<std::string>{}(digests));
}

void migrate(std::string const& dsn) {
    pg::SessionSettings settings;
    settings.application_name = "fleet tests: template";
    settings.statement_timeout = Millis{60'000};
    pg::Session session{dsn, settings};
    schema::Migrator const migrator{"tests"};
    auto const report = migrator.migrate(session);
    if (report.has_error()) throw ErrorException{report.error()};
}

// Test programs run side by side: the first one makes the template, and with it the roles of the server.
std::string ensure_template(std::string const& server) {
    static std::string made_on;
    auto const name = template_name();
    if (made_on == server) return name;
    Postgres admin{server};
    admin.run("select pg_advisory_lock(8264)");
    if (admin.rows("select from pg_database where datname = $1", {name}).empty()) {
        auto const draft = "draft_" + fresh_name();
        admin.run("create database " + draft);
        migrate(with_database(server, draft));
        admin.run(fmt::format("alter database {0} rename to {1}", draft, name));
        admin.run(fmt::format("alter database {0} with is_template true allow_connections false", name));
    }
    admin.run("select pg_advisory_unlock(8264)");
    made_on = server;
    return name;
}

}  // namespace

Database::Database(std::string server, std::string name)
    : server_{std::move(server)}, name_{std::move(name)}, dsn_{with_database(server_, name_)} {}

Database::~Database() {
    if (name_.empty() || std::getenv("FLEET_TEST_KEEP") != nullptr) return;
    try {
        Postgres{server_}.run(fmt::format("drop database if exists {} with (force)", name_));
    } catch (std::exception const& failure) {
        std::cerr << "database " << name_ << " was not dropped: " << failure.what() << "\n";
    }
}

void Database::set_switches(std::string const& switches) const {
    Postgres admin{server_};
    admin.run(fmt::format("alter database {} set fleet.test_switches = '{}'", name_, switches));
}

Database fresh_database() {
    return fresh_database(shared_server());
}

Database fresh_database(std::string const& server) {
    auto const from = ensure_template(server);
    auto name = fresh_name();
    Postgres admin{server};
    admin.run(fmt::format("create database {} template {}", name, from));
    // Rights on a database itself are not copied from a template (sql/grants.sql gives them).
    admin.run(fmt::format("grant create, temporary on database {} to fleet_owner", name));
    return Database{server, std::move(name)};
}

Database empty_database() {
    return empty_database(shared_server());
}

Database empty_database(std::string const& server) {
    ensure_template(server);
    auto name = fresh_name();
    Postgres{server}.run("create database " + name);
    return Database{server, std::move(name)};
}

}  // namespace fleet::test
