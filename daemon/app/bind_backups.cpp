// backups.*: made, listed, checked, put back.
#include "app/app.hpp"
#include "app/backups.hpp"
#include "backups/exports.hpp"
#include "backups/recovery.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

namespace fleet::app {
namespace {

std::string asker(ops::Request const& request) {
    return request.caller.actor().empty() ? std::string("operator") : request.caller.actor();
}

asio::awaitable<Result<Json>> make(App& app, std::string kind, backups::BackupRequest request,
                                   services::Progress progress) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto made = co_await make_copy(app, std::move(kind), *std::move(where), std::move(request), progress);
    if (!made) co_return made.error();
    co_await refresh_ledger(app);
    Json last{{"backup", made->to_json()}, {"text", "the backup is whole: " + made->path.string()}};
    co_return last;
}

asio::awaitable<Result<ops::Answer>> create(App& app, std::string kind, ops::Request request) {
    backups::BackupRequest wanted{text_or(request.args, "path", ""), asker(request)};
    if (!wanted.path.empty() && !wanted.path.is_absolute())
        co_return make_error(ErrorCode::invalid_field, "the path of a backup is absolute", "/path");
    auto work = [&app, kind, wanted](services::Progress progress) {
        return make(app, kind, wanted, std::move(progress));
    };
    auto const name = kind == "export" ? "an export" : "a backup";
    co_return followed(app.backups().begin(name, work));
}

asio::awaitable<Result<ops::Answer>> list(App& app) {
    Json items = Json::array();
    for (auto const& one : backups::list_backups(app.backups().folder())) items.push_back(one.to_json());
    co_return ops::answer_of(Json{{"folder", app.backups().folder().string()}, {"items", std::move(items)}});
}

asio::awaitable<Result<ops::Answer>> check(App& app, ops::Request request) {
    auto path = app.backups().find(text_or(request.args, "path", ""), "logical");
    if (!path) co_return path.error();
    std::function<Result<backups::Manifest>()> job = [where = *path] { return backups::check_backup(where); };
    auto manifest = co_await app.backups().bench().worker.run<Result<backups::Manifest>>(std::move(job));
    if (!manifest) co_return manifest.error();
    auto json = manifest->to_json();
    json["ok"] = true;
    json["path"] = path->string();
    co_return ops::answer_of(json);
}

bool is_dsn(std::string const& into) {
    return into.starts_with("postgres://") || into.starts_with("postgresql://") ||
           into.find('=') != std::string::npos;
}

// The server must run; what it serves may be empty, broken or absent. Its own start has made it usable, or
// the data cannot be used any more and are put aside when that was asked for.
asio::awaitable<Result<std::string>> server_for_restore(App& app, bool replace, services::Progress progress) {
    auto& database = app.database();
    if (database.phase() == Phase::running) co_return database.dsn();
    auto steps = database.up();
    while (!steps->outcome()) co_await steps->more_than(steps->all().size());
    auto outcome = *steps->outcome();
    if (!outcome && database.provider().manages() && replace && !database.provider().dsn()) {
        progress(
            services::Step{"aside", "the present data cannot be used: " + outcome.error().message, false});
        auto aside = co_await database.set_aside(progress);
        if (!aside) co_return aside.error();
        progress(services::Step{"aside", "they are kept in " + *aside, true});
        steps = database.up();
        while (!steps->outcome()) co_await steps->more_than(steps->all().size());
        outcome = *steps->outcome();
    }
    // A server without our database is where a restore begins.
    auto where = database.provider().dsn();
    if (where) co_return where;
    if (!outcome) co_return outcome.error();
    co_return where.error();
}

asio::awaitable<Result<Json>> put_back(App& app, backups::RestoreRequest request,
                                       services::Progress progress) {
    auto const own = !is_dsn(request.into);
    auto const is_switch = own && request.into.empty();
    auto dsn = Result<std::string>(request.into);
    if (own) dsn = co_await server_for_restore(app, request.replace, progress);
    if (!dsn) co_return dsn.error();
    request.dsn = *dsn;
    if (!own) request.into.clear();
    request.redactions = co_await known_redactions(app);
    backups::Migrate migrate = [&app](std::string where, services::Progress tell) {
        return bring_up_to_date(app, std::move(where), std::move(tell));
    };
    auto& bench = app.backups().bench();
    auto restored =
        co_await backups::restore_logical(bench, std::move(request), std::move(migrate), progress);
    if (!restored) co_return restored.error();
    app.parts().log.warning("a backup was put in place", {{"database", restored->database},
                                                          {"seq", restored->manifest.log.seq},
                                                          {"incarnation", restored->incarnation}});
    if (is_switch) {
        auto settled = co_await settle(app);
        if (!settled) co_return settled.error();
    }
    auto const kept = restored->kept_as.empty() ? "" : "; the old one is kept as " + restored->kept_as;
    Json last{{"restored", restored->to_json()},
              {"text", fmt::format("{} holds {} events of {}{}", restored->database,
                                   restored->manifest.log.seq, restored->manifest.made_at, kept)}};
    co_return last;
}

asio::awaitable<Result<ops::Answer>> restore(App& app, ops::Request request) {
    auto path = app.backups().find(text_or(request.args, "path", ""), "logical");
    if (!path) co_return path.error();
    backups::RestoreRequest wanted;
    wanted.path = *std::move(path);
    wanted.into = text_or(request.args, "into", "");
    wanted.verify = flag_or(request.args, "verify", true);
    wanted.replace = flag_or(request.args, "replace", false);
    auto work = [&app, wanted](services::Progress progress) {
        return put_back(app, wanted, std::move(progress));
    };
    co_return followed(app.backups().begin("a restore", work));
}

}  // namespace

void bind_backups(ops::Operations& operations, App& app) {
    operations.bind("backups.create", [&app](ops::Request request) {
        auto kind = text_or(request.args, "kind", "logical");
        return create(app, std::move(kind), std::move(request));
    });
    operations.bind("exports.create",
                    [&app](ops::Request request) { return create(app, "export", std::move(request)); });
    bind_recovery(operations, app);
    operations.bind("backups.list", [&app](ops::Request) { return list(app); });
    operations.bind("backups.check", [&app](ops::Request request) { return check(app, std::move(request)); });
    operations.bind("backups.restore",
                    [&app](ops::Request request) { return restore(app, std::move(request)); });
}

}  // namespace fleet::app
