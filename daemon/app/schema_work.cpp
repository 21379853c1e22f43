#include "app/schema_work.hpp"

#include "app/command_line.hpp"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <utility>

namespace fleet::app {
namespace {

schema::Migrator migrator() {
    return schema::Migrator(std::string(program_version()));
}

}  // namespace

int known_schema() {
    auto const known = schema::migrations_from(schema::embedded_migrations());
    return known ? static_cast<int>(known->size()) : 0;
}

SchemaWork::SchemaWork(asio::any_io_executor loop, std::string application_name, pg::Report report)
    : loop_(std::move(loop)),
      session_(schema::migration_session(std::move(application_name))),
      report_(std::move(report)) {}

std::unique_ptr<pg::Pool> SchemaWork::owner_pool(std::string dsn) const {
    pg::PoolSettings settings;
    settings.session = session_;
    settings.threads = 1;
    auto where = [dsn = std::move(dsn)]() -> Result<std::string> { return dsn; };
    return std::make_unique<pg::Pool>(loop_, std::move(where), settings, report_);
}

asio::awaitable<Result<schema::SchemaStatus>> SchemaWork::status(std::string dsn) {
    auto pool = owner_pool(std::move(dsn));
    auto job = [](pg::Session& session) { return migrator().status(session); };
    auto result = co_await pool->run(job, schema_status_limit);
    pool->stop();
    co_return result;
}

asio::awaitable<Result<schema::MigrationReport>> SchemaWork::migrate(std::string dsn,
                                                                     services::Progress progress) {
    auto pool = owner_pool(std::move(dsn));
    // Steps are told on the pool's thread and shown on the loop's.
    auto tell = [loop = loop_, progress](schema::Step const& step) {
        if (!progress) return;
        auto text = fmt::format("{} {}", step.what, step.name);
        asio::post(loop, [progress, text = std::move(text)] {
            progress(services::Step{"schema", text, false});
        });
    };
    auto job = [tell](pg::Session& session) { return migrator().migrate(session, tell); };
    auto result = co_await pool->run(std::move(job), schema_limit);
    pool->stop();
    co_return result;
}

asio::awaitable<Result<schema::MigrationReport>> SchemaWork::rollback(std::string dsn, int to, bool dry_run) {
    auto pool = owner_pool(std::move(dsn));
    auto job = [to, dry_run](pg::Session& session) { return migrator().rollback(session, to, dry_run); };
    auto result = co_await pool->run(job, schema_limit);
    pool->stop();
    co_return result;
}

}  // namespace fleet::app
