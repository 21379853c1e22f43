// Copies as the daemon makes them: one at a time, watched by whoever wants to, ended with the daemon.
#pragma once

#include "app/steps.hpp"
#include "backups/dump.hpp"
#include "backups/restore.hpp"
#include "backups/worker.hpp"
#include "observe/log.hpp"
#include "operations/operations.hpp"
#include "services/provider.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace fleet::app {

class App;

// Lives on the loop thread; the app outlives it.
class Backups {
public:
    explicit Backups(App& app);

    // The work and what its last line says. It goes on when nobody watches.
    using Work = std::function<asio::awaitable<Result<Json>>(services::Progress progress)>;
    // What the schedule does is waited for. Errors (as the outcome of the steps): services_busy, with what is
    // under way.
    std::shared_ptr<Steps> begin(std::string name, Work work);
    // By schedule: at once or not at all. Errors: services_busy, those of the work.
    asio::awaitable<Result<Json>> do_by_schedule(Work work);
    // Ends the work that is under way, before the loop runs out.
    void stop();

    backups::Bench& bench() { return bench_; }
    std::filesystem::path const& folder() const { return bench_.folder; }
    // A path of a backup as people give it: absolute, or a name in the folder; "" the newest of that kind.
    Result<std::filesystem::path> find(std::string const& given, std::string_view kind) const;

private:
    bool is_busy() const { return !at_work_.empty() || is_stopping_; }
    void carry_out(std::string name, Work work, std::shared_ptr<Steps> steps);
    static asio::awaitable<Result<Json>> after(std::shared_ptr<Steps> before, std::shared_ptr<Work> work,
                                               services::Progress progress);

    asio::any_io_executor loop_;
    backups::Worker worker_;
    backups::Bench bench_;
    std::string at_work_;               // name of the work under way, or ""
    std::shared_ptr<Steps> scheduled_;  // of the schedule's work, while it is under way
    asio::cancellation_signal end_work_;
    asio::cancellation_signal end_scheduled_;
    bool is_stopping_ = false;
};

// Texts that were erased: of the ledger, and of the present database when it answers.
asio::awaitable<Json> known_redactions(App& app);
// Remembers them beside the backups.
asio::awaitable<void> refresh_ledger(App& app);

// A copy of that kind: "logical", "physical", "export". Errors: those of the kind.
asio::awaitable<Result<backups::Made>> make_copy(App& app, std::string kind, std::string dsn,
                                                 backups::BackupRequest request, services::Progress progress);

// The steps as they come, then the end.
ops::Answer followed(std::shared_ptr<Steps> steps);

// After a switch every session of ours was ended: completes when they are back, or starts what does not run.
// Errors: away.
asio::awaitable<Result<void>> settle(App& app);

// Applies what is missing of the schema there. Errors: schema_newer, migration_failed, away.
asio::awaitable<Result<void>> bring_up_to_date(App& app, std::string dsn, services::Progress progress);

// app/bind_recovery.cpp
void bind_recovery(ops::Operations& operations, App& app);

}  // namespace fleet::app
