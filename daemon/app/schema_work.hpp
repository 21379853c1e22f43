// Migrations and checks, on an owner connection of their own that lasts as long as the work.
#pragma once

#include "pg/pool.hpp"
#include "schema/migrator.hpp"
#include "services/provider.hpp"

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace fleet::app {

namespace asio = boost::asio;

// Lives on the loop thread. Every call connects anew as the DSN's own role.
class SchemaWork {
public:
    SchemaWork(asio::any_io_executor loop, std::string application_name, pg::Report report);

    asio::awaitable<Result<schema::SchemaStatus>> status(std::string dsn);
    // Does nothing when the schema is current. Each step is told to `progress`.
    asio::awaitable<Result<schema::MigrationReport>> migrate(std::string dsn, services::Progress progress);
    asio::awaitable<Result<schema::MigrationReport>> rollback(std::string dsn, int to, bool dry_run);

    // A pool of one owner session, for work that takes long. The caller stops it.
    std::unique_ptr<pg::Pool> owner_pool(std::string dsn) const;

private:
    asio::any_io_executor loop_;
    pg::SessionSettings session_;
    pg::Report report_;
};

// The newest version of the schema that this program carries.
int known_schema();

inline constexpr Millis schema_limit{3'600'000};
// A look is quick. Over a connection that brings no answer it must end: a start waits for it.
inline constexpr Millis schema_status_limit{30'000};

}  // namespace fleet::app
