// What operations on copies have in common: showing progress, and finding the database again after a switch.
#include "app/app.hpp"
#include "app/backups.hpp"
#include "backups/exports.hpp"
#include "backups/recovery.hpp"

#include <fleet/json.hpp>

#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <chrono>
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

}  // namespace

ops::Answer followed(std::shared_ptr<Steps> steps) {
    ops::Answer answer;
    answer.stream = [steps](ops::Sink& sink) { return follow(steps, sink); };
    return answer;
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
    co_return make_error(ErrorCode::away,
                         "the backup is in place, but the daemon has not found it again yet");
}

asio::awaitable<Result<void>> bring_up_to_date(App& app, std::string dsn, services::Progress progress) {
    auto status = co_await app.schema_work().status(dsn);
    if (!status) co_return status.error();
    if (status->version > status->known)
        co_return make_error(
            ErrorCode::schema_newer,
            fmt::format("the backup has schema {}, this fleetd knows {}", status->version, status->known));
    if (status->is_current()) co_return Result<void>{};
    auto report = co_await app.schema_work().migrate(dsn, std::move(progress));
    if (!report) co_return report.error();
    co_return Result<void>{};
}

asio::awaitable<Result<backups::Made>> make_copy(App& app, std::string kind, std::string dsn,
                                                 backups::BackupRequest request,
                                                 services::Progress progress) {
    auto& bench = app.backups().bench();
    if (kind == "physical")
        co_return co_await backups::make_physical(bench, std::move(dsn), std::move(request),
                                                  std::move(progress));
    if (kind == "export")
        co_return co_await backups::make_export(bench, std::move(dsn), std::move(request),
                                                std::move(progress));
    co_return co_await backups::make_logical(bench, std::move(dsn), std::move(request), std::move(progress));
}

}  // namespace fleet::app
