// backups.*: made, listed, checked, put back.
#include "app/app.hpp"
#include "app/backups.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

namespace fleet::app {
namespace {

constexpr Millis settle_limit{30'000};
constexpr Millis settle_pause{50};

// Shows the steps as they come, then the end. Who goes away early changes nothing: the work goes on.
asio::awaitable<Result<void>> follow(std::shared_ptr<Steps> steps, ops::Sink& sink) {
    sink.on_end([steps] { steps->wake(); });
    std::size_t seen = 0;
    while (sink.is_open()) {
        while (seen < steps->all().size()) {
            auto const& step = steps->all()[seen++];
            Json document{{"step", step.step}, {"text", step.text}};
            if (step.is_done) document["ok"] = true;
            auto const goes_on = co_await sink.write(std::move(document));
            if (!goes_on) co_return Result<void>{};
        }
        if (!steps->outcome()) {
            co_await steps->more_than(seen);
            continue;
        }
        if (steps->outcome()->has_error()) co_return steps->outcome()->error();
        Json last{{"step", "done"}, {"text", "done"}, {"done", true}};
        last.update(steps->last());
        co_await sink.write(std::move(last));
        co_return Result<void>{};
    }
    co_return Result<void>{};
}

ops::Answer followed(std::shared_ptr<Steps> steps) {
    ops::Answer answer;
    answer.stream = [steps](ops::Sink& sink) { return follow(steps, sink); };
    return answer;
}

std::string asker(ops::Request const& request) {
    return request.caller.actor().empty() ? std::string("operator") : request.caller.actor();
}

asio::awaitable<Result<Json>> make(App& app, backups::BackupRequest request, services::Progress progress) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto& bench = app.backups().bench();
    auto made = co_await backups::make_logical(bench, *std::move(where), std::move(request), progress);
    if (!made) co_return made.error();
    co_await refresh_ledger(app);
    Json last{{"backup", made->to_json()}, {"text", "the backup is whole: " + made->path.string()}};
    co_return last;
}

asio::awaitable<Result<ops::Answer>> create(App& app, ops::Request request) {
    backups::BackupRequest wanted{text_or(request.args, "path", ""), asker(request)};
    if (!wanted.path.empty() && !wanted.path.is_absolute())
        co_return make_error(ErrorCode::invalid_field, "the path of a backup is absolute", "/path");
    auto work = [&app, wanted](services::Progress progress) { return make(app, wanted, std::move(progress)); };
    co_return followed(app.backups().begin("a backup", work));
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

// The server must run; what it serves may be empty, broken or absent. Its own start has made it usable, or the
// data cannot be used any more and are put aside when that was asked for.
asio::awaitable<Result<std::string>> server_for_restore(App& app, bool replace, services::Progress progress) {
    auto& database = app.database();
    if (database.phase() == Phase::running) co_return database.dsn();
    auto steps = database.up();
    while (!steps->outcome()) co_await steps->more_than(steps->all().size());
    auto outcome = *steps->outcome();
    if (!outcome && database.provider().manages() && replace && !database.provider().dsn()) {
        progress(services::Step{"aside", "the present data cannot be used: " + outcome.error().message, false});
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

// After the switch every session of ours was ended: until they are back, nobody is told that all is well.
asio::awaitable<Result<void>> settle(App& app) {
    auto& database = app.database();
    if (database.phase() != Phase::running) {
        auto steps = database.up();
        while (!steps->outcome()) co_await steps->more_than(steps->all().size());
        co_return *steps->outcome();
    }
    auto const until = std::chrono::steady_clock::now() + settle_limit;
    asio::steady_timer timer(app.loop());
    while (std::chrono::steady_clock::now() < until) {
        auto head = co_await app.reads().head();
        if (head && app.bus().health().listening && app.membership().health().last_error.empty())
            co_return Result<void>{};
        timer.expires_after(settle_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return make_error(ErrorCode::away, "the backup is in place, but the daemon has not found it again yet");
}

asio::awaitable<Result<Json>> put_back(App& app, backups::RestoreRequest request, services::Progress progress) {
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
    auto restored = co_await backups::restore_logical(bench, std::move(request), std::move(migrate), progress);
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
              {"text", fmt::format("{} holds {} events of {}{}", restored->database, restored->manifest.log.seq,
                                   restored->manifest.made_at, kept)}};
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
    auto work = [&app, wanted](services::Progress progress) { return put_back(app, wanted, std::move(progress)); };
    co_return followed(app.backups().begin("a restore", work));
}

}  // namespace

asio::awaitable<Result<void>> bring_up_to_date(App& app, std::string dsn, services::Progress progress) {
    auto status = co_await app.schema_work().status(dsn);
    if (!status) co_return status.error();
    if (status->version > status->known)
        co_return make_error(ErrorCode::schema_newer,
                             fmt::format("the backup has schema {}, this fleetd knows {}", status->version,
                                         status->known));
    if (status->is_current()) co_return Result<void>{};
    auto report = co_await app.schema_work().migrate(dsn, std::move(progress));
    if (!report) co_return report.error();
    co_return Result<void>{};
}

void bind_backups(ops::Operations& operations, App& app) {
    operations.bind("backups.create", [&app](ops::Request request) { return create(app, std::move(request)); });
    operations.bind("backups.list", [&app](ops::Request) { return list(app); });
    operations.bind("backups.check", [&app](ops::Request request) { return check(app, std::move(request)); });
    operations.bind("backups.restore", [&app](ops::Request request) { return restore(app, std::move(request)); });
}

}  // namespace fleet::app
