#pragma once
// A plain connection to PostgreSQL for arranging and checking. Blocking, without pool, without retry: the
// code under test has those.
#include <fleet/json.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace fleet::test {

// What the server answered to a statement that failed; `sqlstate` is empty when the connection broke.
class SqlError : public std::runtime_error {
public:
    SqlError(std::string const& message, std::string sqlstate)
        : std::runtime_error{message}, sqlstate_{std::move(sqlstate)} {}
    std::string const& sqlstate() const noexcept { return sqlstate_; }

private:
    std::string sqlstate_;
};

using SqlRow = std::vector<std::optional<std::string>>;
using SqlRows = std::vector<SqlRow>;

struct Notification {
    std::string channel;
    std::string payload;
    int by_pid = 0;
};

// Lives in one thread. Movable; closes with its owner.
class Postgres {
public:
    // Throws SqlError when it cannot connect.
    explicit Postgres(std::string const& dsn);

    // One statement with text parameters $1, $2, …; all columns as text. Throws SqlError.
    SqlRows rows(std::string const& sql, std::vector<std::string> const& parameters = {});
    // The first column of the only row. Throws std::logic_error when there is no such value.
    std::string text(std::string const& sql, std::vector<std::string> const& parameters = {});
    std::int64_t number(std::string const& sql, std::vector<std::string> const& parameters = {});
    Json json(std::string const& sql, std::vector<std::string> const& parameters = {});
    // Several statements, without parameters.
    void run(std::string const& sql);

    // What has been notified; waits for the first one up to `limit`.
    std::vector<Notification> notifications(std::chrono::milliseconds limit);
    int backend_pid() const;

private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };
    std::unique_ptr<pg_conn, Close> connection_;
};

// `dsn` with another database name.
std::string with_database(std::string const& dsn, std::string const& name);

}  // namespace fleet::test
