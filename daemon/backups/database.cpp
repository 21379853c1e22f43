#include "backups/database.hpp"

#include "pg/statement.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <utility>

namespace fleet::backups {
namespace {

constexpr Millis connect_limit{10'000};
constexpr Millis verify_limit{3'600'000};

}  // namespace

direct::Arguments one(std::string value) {
    direct::Arguments arguments;
    arguments.emplace_back(std::move(value));
    return arguments;
}

asio::awaitable<Result<void>> Connection::open(std::string dsn, std::string application_name) {
    direct::ConnectRequest request;
    request.dsn = std::move(dsn);
    request.application_name = std::move(application_name);
    request.limit = connect_limit;
    co_return co_await session_.connect(std::move(request));
}

asio::awaitable<Result<direct::Table>> Connection::ask(std::string_view statement,
                                                       direct::Arguments arguments, Millis limit) {
    std::string text(statement);
    co_return co_await session_.query(std::move(text), std::move(arguments), limit);
}

asio::awaitable<Result<void>> Connection::carry_out(std::string_view statement, direct::Arguments arguments,
                                                    Millis limit) {
    auto written = co_await ask(statement, std::move(arguments), limit);
    if (!written) co_return written.error();
    if (written->size() == 0) co_return Result<void>{};
    std::string text(written->text(0, 0));
    direct::Arguments none;
    auto done = co_await session_.query(std::move(text), std::move(none), limit);
    if (!done) co_return done.error();
    co_return Result<void>{};
}

asio::awaitable<Result<Facts>> Connection::hold_snapshot() {
    direct::Arguments none;
    auto there = co_await ask(pg::stmt<"schema_exists">.text, none);
    if (!there) co_return there.error();
    if (!there->flag(0, 0)) co_return make_error(ErrorCode::schema_older, "this database holds no fleet");
    for (auto const* text : {"set idle_in_transaction_session_timeout = 0", "set lock_timeout = '60s'",
                             "begin isolation level repeatable read read only"}) {
        auto begun = co_await ask(text, none);
        if (!begun) co_return begun.error();
    }
    auto table = co_await ask(pg::stmt<"backup_facts">.text, std::move(none));
    if (!table) co_return table.error();
    auto const text = [&](std::string_view column) {
        return std::string(table->text(0, table->column(column)));
    };
    Facts facts;
    facts.snapshot = text("snapshot");
    facts.log = {text("incarnation"), table->number(0, table->column("seq")), text("event_id")};
    facts.schema_version = static_cast<int>(table->number(0, table->column("schema_version")));
    facts.schema_digest = text("schema_digest");
    facts.server_version = text("server_version");
    facts.server_major = server_major();
    facts.database = text("database");
    facts.bytes = table->number(0, table->column("bytes"));
    co_return facts;
}

asio::awaitable<Result<std::int64_t>> Connection::work_in_log() {
    direct::Arguments none;
    auto there = co_await ask(pg::stmt<"schema_exists">.text, none);
    if (!there) co_return there.error();
    if (!there->flag(0, 0)) co_return 0;
    auto table = co_await ask(pg::stmt<"restore_work_in_log">.text, std::move(none));
    if (!table) co_return table.error();
    co_return table->number(0, 0);
}

asio::awaitable<Result<std::vector<std::string>>> Connection::verify() {
    direct::Arguments none;
    auto table = co_await ask(pg::stmt<"verify">.text, std::move(none), verify_limit);
    if (!table) co_return table.error();
    std::vector<std::string> differences;
    for (std::size_t row = 0; row < table->size(); ++row)
        differences.push_back(fmt::format("{} {} {}: {} instead of {}", table->text(row, 0),
                                          table->text(row, 1), table->text(row, 2), table->text(row, 4),
                                          table->text(row, 3)));
    co_return differences;
}

asio::awaitable<Result<Json>> Connection::redactions() {
    direct::Arguments none;
    auto table = co_await ask(pg::stmt<"backup_redactions">.text, std::move(none));
    if (!table) co_return table.error();
    co_return parse_json(table->text(0, 0));
}

}  // namespace fleet::backups
