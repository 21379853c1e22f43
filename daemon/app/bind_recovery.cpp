// backups.recover and exports.verify: back to a point in time, and an export read back.
#include "app/app.hpp"
#include "app/backups.hpp"
#include "backups/exports.hpp"
#include "backups/recovery.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>

namespace fleet::app {
namespace {

asio::awaitable<Result<Json>> go_back(App& app, backups::RecoverRequest request,
                                      services::Progress progress) {
    auto& provider = app.database().provider();
    if (auto where = app.database().dsn()) request.present_dsn = *where;
    request.redactions = co_await known_redactions(app);
    backups::Migrate migrate = [&app](std::string where, services::Progress tell) {
        return bring_up_to_date(app, std::move(where), std::move(tell));
    };
    std::function<asio::awaitable<Result<std::string>>()> take = [&app, progress] {
        return app.database().take_recovered(progress);
    };
    auto& bench = app.backups().bench();
    auto restored = co_await backups::recover(bench, provider, std::move(request), std::move(migrate),
                                              progress, std::move(take));
    if (app.database().phase() != Phase::running) {
        // Whatever became of it, a server runs again: the recovered data, or those that were there.
        auto settled = co_await settle(app);
        if (restored && !settled) co_return settled.error();
    }
    if (!restored) co_return restored.error();
    app.parts().log.warning("the database was brought back to a point in time",
                            {{"seq", restored->manifest.log.seq}, {"kept", restored->kept_as}});
    Json last{{"restored", restored->to_json()},
              {"text", fmt::format("the log ends with event {} now; what was there is kept in {}",
                                   restored->manifest.log.seq, restored->kept_as)}};
    co_return last;
}

asio::awaitable<Result<ops::Answer>> recover(App& app, ops::Request request) {
    backups::RecoverRequest wanted;
    if (auto const base = text_or(request.args, "base", ""); !base.empty()) {
        auto path = app.backups().find(base, "physical");
        if (!path) co_return path.error();
        wanted.base = *std::move(path);
    }
    if (auto const time = text_or(request.args, "to_time", ""); !time.empty()) {
        auto parsed = parse_time(time);
        if (!parsed) co_return parsed.error();
        wanted.point.time = *parsed;
    }
    if (auto const seq = number_or(request.args, "to_seq", 0); seq > 0) wanted.point.seq = seq;
    if (wanted.point.time && wanted.point.seq)
        co_return make_error(ErrorCode::invalid_field, "a point is a time or an event, not both", "/to_seq");
    wanted.verify = flag_or(request.args, "verify", true);
    auto work = [&app, wanted](services::Progress progress) {
        return go_back(app, wanted, std::move(progress));
    };
    co_return followed(app.backups().begin("a restore", work));
}

asio::awaitable<Result<Json>> read_back(App& app, std::filesystem::path path, services::Progress progress) {
    auto where = app.database().dsn();
    if (!where) co_return where.error();
    auto& bench = app.backups().bench();
    auto checked = co_await backups::check_export(bench, *std::move(where), path, progress);
    if (!checked) co_return checked.error();
    auto json = checked->to_json(path);
    if (!checked->differences.empty()) {
        auto error = make_error(ErrorCode::backup_damaged,
                                fmt::format("the state made from the export is not that of its time: {}",
                                            fmt::join(checked->differences, ", ")));
        error.detail = std::move(json);
        co_return error;
    }
    auto const* const words =
        checked->compared ? "give the state of its time" : "are whole; the schema has changed since";
    Json last{{"export", std::move(json)}, {"text", fmt::format("{} events {}", checked->events, words)}};
    co_return last;
}

asio::awaitable<Result<ops::Answer>> verify_export(App& app, ops::Request request) {
    auto path = app.backups().find(text_or(request.args, "path", ""), "export");
    if (!path) co_return path.error();
    auto work = [&app, where = *path](services::Progress progress) {
        return read_back(app, where, std::move(progress));
    };
    co_return followed(app.backups().begin("the check of an export", work));
}

}  // namespace

void bind_recovery(ops::Operations& operations, App& app) {
    operations.bind("backups.recover",
                    [&app](ops::Request request) { return recover(app, std::move(request)); });
    operations.bind("exports.verify",
                    [&app](ops::Request request) { return verify_export(app, std::move(request)); });
}

}  // namespace fleet::app
