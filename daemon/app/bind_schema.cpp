// db.* and replay: the schema, and whether the state is what the log says.
#include "app/app.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

namespace fleet::app {
namespace {

asio::awaitable<Result<ops::Answer>> status(App& app) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto found = co_await app.schema_work().status(*std::move(where));
    if (!found) co_return found.error();
    app.database().set_schema(*found);
    co_return ops::answer_of(found->to_json());
}

asio::awaitable<Result<ops::Answer>> migrate(App& app, ops::Request request) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto before = co_await app.schema_work().status(*where);
    if (!before) co_return before.error();
    if (flag_or(request.args, "dry_run", false)) {
        Json steps = Json::array();
        for (auto const& name : before->pending) steps.push_back(Json{{"what", "apply"}, {"name", name}});
        if (before->stale) steps.push_back(Json{{"what", "replace"}, {"name", "functions and views"}});
        co_return ops::answer_of(
            Json{{"from", before->version}, {"to", before->known}, {"applied", steps}, {"dry_run", true}});
    }
    auto report = co_await app.schema_work().migrate(*where, {});
    if (!report) co_return report.error();
    auto after = co_await app.schema_work().status(*where);
    if (after) app.database().set_schema(*after);
    co_return ops::answer_of(report->to_json());
}

asio::awaitable<Result<ops::Answer>> rollback(App& app, ops::Request request) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto const to = static_cast<int>(number_or(request.args, "to", 0));
    auto const dry_run = flag_or(request.args, "dry_run", false);
    auto report = co_await app.schema_work().rollback(*where, to, dry_run);
    if (!report) co_return report.error();
    auto after = co_await app.schema_work().status(*where);
    if (after) app.database().set_schema(*after);
    co_return ops::answer_of(report->to_json());
}

struct Compared {
    std::int64_t events = 0;
    Json differences = Json::array();
};

// On an owner session: it reads the whole log, which takes longer than a statement of the daemon may.
Compared compare(pg::Session& session) {
    Compared compared;
    auto const head = session.rows(pg::stmt<"head">);
    if (!head.empty()) compared.events = head[0].number("seq");
    for (auto const& row : session.rows(pg::stmt<"verify">)) {
        Json difference;
        for (auto const* column : {"table_name", "key", "column_name", "expected", "found"})
            difference[column] = row.is_null(column) ? Json(nullptr) : Json(std::string(row.text(column)));
        compared.differences.push_back(std::move(difference));
    }
    return compared;
}

asio::awaitable<Result<ops::Answer>> replay(App& app) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto pool = app.schema_work().owner_pool(*std::move(where));
    auto const began = std::chrono::steady_clock::now();
    auto compared = co_await pool->run(compare, schema_limit);
    pool->stop();
    if (!compared) co_return compared.error();
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    Json body{{"ok", compared->differences.empty()}, {"events", compared->events}, {"seconds", took.count()}};
    body["differences"] = std::move(compared->differences);
    co_return ops::answer_of(body);
}

}  // namespace

void bind_schema(ops::Operations& operations, App& app) {
    operations.bind("db.status", [&app](ops::Request) { return status(app); });
    operations.bind("db.migrate", [&app](ops::Request request) { return migrate(app, std::move(request)); });
    operations.bind("db.rollback",
                    [&app](ops::Request request) { return rollback(app, std::move(request)); });
    operations.bind("replay", [&app](ops::Request) { return replay(app); });
}

}  // namespace fleet::app
