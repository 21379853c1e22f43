// What backups and restores say to the server, as calls over one session of the DSN's own role.
#pragma once

#include "backups/manifest.hpp"
#include "direct/pg_session.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet::backups {

namespace asio = boost::asio;

// What one snapshot shows of the database.
struct Facts {
    std::string snapshot{};  // for pg_dump --snapshot; "" when none was asked for
    LogPlace log;
    int schema_version = 0;
    std::string schema_digest{};
    std::string server_version{};
    int server_major = 0;
    std::string database{};
    std::int64_t bytes = 0;  // of the database on the server's disk
};

// One session; one call at a time. Lives on the loop thread.
class Connection {
public:
    explicit Connection(asio::any_io_executor loop) : session_(std::move(loop)) {}

    // Errors: away.
    asio::awaitable<Result<void>> open(std::string dsn, std::string application_name);
    void close() { session_.close(); }
    bool is_open() const { return session_.is_open(); }
    int server_major() const { return session_.server_version() / 10000; }

    // One statement of sql/statements, within `limit`.
    asio::awaitable<Result<direct::Table>> ask(std::string_view statement, direct::Arguments arguments,
                                               Millis limit = Millis(30'000));
    // The first column of the first row is a statement to be sent: DDL whose names the server quotes itself.
    asio::awaitable<Result<void>> carry_out(std::string_view statement, direct::Arguments arguments,
                                            Millis limit = Millis(60'000));

    // Begins a read-only snapshot that lasts as long as this session. Errors: schema_older (no fleet here).
    asio::awaitable<Result<Facts>> hold_snapshot();
    // Events in the log that are not a host's coming and going; 0 too where no fleet lives; nothing when
    // there is no such database.
    asio::awaitable<Result<std::int64_t>> work_in_log();
    // {table_name, key, …} of each difference.
    asio::awaitable<Result<std::vector<std::string>>> verify();
    // Digests of texts that were erased, for the ledger.
    asio::awaitable<Result<Json>> redactions();

private:
    direct::PgSession session_;
};

direct::Arguments one(std::string value);

}  // namespace fleet::backups
