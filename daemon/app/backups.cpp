#include "app/backups.hpp"

#include "app/app.hpp"
#include "app/command_line.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace fleet::app {
namespace {

namespace fs = std::filesystem;

constexpr char const* scheduled_name = "a scheduled backup";

Error surprise(std::exception_ptr const& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (boost::system::system_error const& bad) {
        if (bad.code() == asio::error::operation_aborted)
            return make_error(ErrorCode::stopping,
                              "the work was ended before it was done; nothing is half-made");
        return make_error(ErrorCode::internal, bad.what());
    } catch (std::exception const& bad) {
        return make_error(ErrorCode::internal, bad.what());
    }
}

backups::Bench bench_of(App& app, backups::Worker& worker) {
    auto const& parts = app.parts();
    backups::Bench bench{.loop = app.loop(), .log = parts.log, .worker = worker};
    bench.places.configured = parts.settings.postgres_bin_dir;
    if (auto const* path = std::getenv("PATH")) bench.places.path = path;
    bench.folder = parts.settings.backup_dir.empty() ? fs::path(parts.files.shared.data_dir) / "backups"
                                                     : fs::path(parts.settings.backup_dir);
    bench.runtime_dir = parts.files.shared.runtime_dir;
    bench.host_id = parts.host_id;
    bench.hostname = parts.hostname;
    bench.version = program_version();
    return bench;
}

}  // namespace

Backups::Backups(App& app) : loop_(app.loop()), bench_(bench_of(app, worker_)) {}

std::shared_ptr<Steps> Backups::begin(std::string name, Work work) {
    auto steps = std::make_shared<Steps>(loop_);
    auto const waits = scheduled_ && !is_stopping_ && at_work_ == scheduled_name;
    if (is_busy() && !waits) {
        steps->end(services::failure(
            ErrorCode::services_busy,
            fmt::format("{} is under way", is_stopping_ ? "the end of the daemon" : at_work_),
            "One at a time: try again when it has ended."));
        return steps;
    }
    carry_out(std::move(name), std::move(work), steps);
    return steps;
}

// Who asks while the schedule is at work takes its place in line, and keeps everybody else out.
asio::awaitable<Result<Json>> Backups::after(std::shared_ptr<Steps> before, std::shared_ptr<Work> work,
                                             services::Progress progress) {
    if (before) {
        progress(services::Step{"wait", "waiting for a scheduled backup to end", false});
        while (!before->outcome()) co_await before->more_than(before->all().size());
    }
    auto outcome = co_await (*work)(progress);
    co_return outcome;
}

void Backups::carry_out(std::string name, Work work, std::shared_ptr<Steps> steps) {
    at_work_ = name;
    services::Progress const progress = [steps](services::Step const& step) { steps->add(step); };
    auto done = [this, steps, name](std::exception_ptr thrown, Result<Json> outcome) {
        if (thrown) outcome = surprise(thrown);
        if (!outcome) bench_.log.error(name + " failed", outcome.error());
        if (at_work_ == name) at_work_.clear();
        if (scheduled_ == steps) scheduled_.reset();
        if (outcome)
            steps->end(Result<void>{}, *std::move(outcome));
        else
            steps->end(outcome.error());
    };
    // The work keeps what its coroutine was made from.
    auto kept = std::make_shared<Work>(std::move(work));
    auto job = after(scheduled_, kept, progress);
    auto const is_scheduled = name == scheduled_name;
    if (is_scheduled) scheduled_ = steps;
    auto const slot = is_scheduled ? end_scheduled_.slot() : end_work_.slot();
    asio::co_spawn(loop_, std::move(job), asio::bind_cancellation_slot(slot, std::move(done)));
}

asio::awaitable<Result<Json>> Backups::do_by_schedule(Work work) {
    if (is_busy()) co_return make_error(ErrorCode::services_busy);
    auto steps = std::make_shared<Steps>(loop_);
    carry_out(scheduled_name, std::move(work), steps);
    while (!steps->outcome()) co_await steps->more_than(steps->all().size());
    if (steps->outcome()->has_error()) co_return steps->outcome()->error();
    co_return steps->last();
}

void Backups::stop() {
    is_stopping_ = true;
    end_work_.emit(asio::cancellation_type::terminal);
    end_scheduled_.emit(asio::cancellation_type::terminal);
}

Result<fs::path> Backups::find(std::string const& given, std::string_view kind) const {
    if (!given.empty()) return fs::path(given).is_absolute() ? fs::path(given) : folder() / given;
    for (auto const& one : backups::list_backups(folder()))
        if (one.manifest.kind == kind) return one.path;
    return services::failure(ErrorCode::not_found,
                             fmt::format("there is no {} backup in {}", kind, folder().string()),
                             "Name one by its path; `fleet backup` makes one.");
}

asio::awaitable<Json> known_redactions(App& app) {
    auto ledger = backups::read_ledger(app.backups().folder());
    auto where = app.database().dsn();
    if (!where) co_return ledger;
    backups::Connection connection(app.loop());
    auto opened = co_await connection.open(*std::move(where), "fleetd/backup");
    if (!opened) co_return ledger;
    auto present = co_await connection.redactions();
    if (!present) co_return ledger;
    for (auto const& row : *present) ledger.push_back(row);
    co_return ledger;
}

asio::awaitable<void> refresh_ledger(App& app) {
    auto redactions = co_await known_redactions(app);
    std::error_code problem;
    auto const& folder = app.backups().folder();
    if (redactions.empty() || !fs::exists(folder, problem)) co_return;
    auto kept = backups::keep_ledger(folder, redactions);
    if (!kept) app.parts().log.warning("the ledger of erased texts cannot be kept", kept.error());
}

}  // namespace fleet::app
