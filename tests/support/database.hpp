#pragma once
// One database a test: advisory locks and NOTIFY belong to a database, so only databases keep tests apart.
#include "support/postgres.hpp"

#include <string>
#include <utility>

namespace fleet::test {

// Dropped with its owner, whoever is still connected. Keep it alive longer than every user of `dsn()`.
class Database {
public:
    Database(std::string server, std::string name);
    Database(Database&& other) noexcept
        : server_{std::move(other.server_)},
          name_{std::exchange(other.name_, {})},
          dsn_{std::move(other.dsn_)} {}
    Database& operator=(Database&&) = delete;
    ~Database();

    std::string const& dsn() const { return dsn_; }  // as superuser `fleet`
    std::string const& name() const { return name_; }
    Postgres connect() const { return Postgres{dsn_}; }

    // Sets a test-only switch, comma separated, for sessions that connect from now on.
    void set_switches(std::string const& switches) const;

private:
    std::string server_;
    std::string name_;
    std::string dsn_;
};

// A copy of a template that the real migrator made once in this run. About 0.1 s.
Database fresh_database();
Database fresh_database(std::string const& server);

// A database without our schema. The roles, which belong to the whole server, exist.
Database empty_database();
Database empty_database(std::string const& server);

}  // namespace fleet::test
