#include "app/database.hpp"

#include "services/account.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

namespace fleet::app {
namespace {

constexpr Millis external_pause{2'000};

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

Error busy(std::string_view with) {
    return services::failure(ErrorCode::services_busy, fmt::format("the database is {} just now", with));
}

Error ended_early() {
    return make_error(ErrorCode::stopping, "the start was ended before it was done; nothing is half-made");
}

// What a coroutine that ended by an exception has to say.
Error surprise(std::exception_ptr const& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (boost::system::system_error const& bad) {
        if (bad.code() == asio::error::operation_aborted) return ended_early();
        return make_error(ErrorCode::internal, bad.what());
    } catch (std::exception const& bad) {
        return make_error(ErrorCode::internal, bad.what());
    }
}

// Whoever watches hears of the end, even when the work was cancelled.
class EndOfSteps {
public:
    explicit EndOfSteps(std::shared_ptr<Steps> steps) : steps_(std::move(steps)) {}
    EndOfSteps(EndOfSteps const&) = delete;
    EndOfSteps& operator=(EndOfSteps const&) = delete;
    ~EndOfSteps() {
        if (!steps_->outcome()) steps_->end(ended_early());
    }

private:
    std::shared_ptr<Steps> steps_;
};

}  // namespace

std::string_view phase_word(Phase phase) {
    constexpr std::array<std::string_view, 5> words{"stopped", "starting", "running", "failed", "stopping"};
    return words.at(static_cast<std::size_t>(phase));
}

Database::Database(DatabaseParts parts) : parts_(std::move(parts)), restarts_(parts_.restarts) {
    move_to(Phase::stopped);
}

std::shared_ptr<Steps> Database::up(bool tries_again) {
    if (phase_ == Phase::starting || is_at_work()) return at_work_;
    want(true);
    restarts_.forget();
    return begin(&Database::bring_up, tries_again);
}

asio::awaitable<std::shared_ptr<Steps>> Database::restart() {
    while (phase_ == Phase::running && is_at_work()) {
        auto const look = at_work_;
        co_await look->more_than(look->all().size());
    }
    want(true);
    restarts_.forget();
    co_return begin(&Database::bring_round, false);
}

bool Database::is_at_work() const { return at_work_ && !at_work_->outcome(); }

// One at a time; the work outlives whoever asked for it.
std::shared_ptr<Steps> Database::begin(Work work, bool tries_again) {
    auto steps = std::make_shared<Steps>(parts_.loop);
    if (phase_ == Phase::starting || phase_ == Phase::stopping || is_stopping_ || is_at_work()) {
        steps->end(busy(phase_word(phase_)));
        return steps;
    }
    stop_watching();
    at_work_ = steps;
    // What runs goes on serving while an `up` looks at it again: every agent that starts sends one.
    bool const only_looks = work == &Database::bring_up && phase_ == Phase::running;
    if (!only_looks) move_to(Phase::starting);
    auto done = [this, steps, tries_again](std::exception_ptr thrown, Result<void> outcome) {
        if (thrown) outcome = surprise(thrown);
        ended(outcome, tries_again);
        steps->end(std::move(outcome));
    };
    asio::co_spawn(parts_.loop, (this->*work)(steps),
                   asio::bind_cancellation_slot(end_work_.slot(), std::move(done)));
    return steps;
}

// A person who asked hears what is wrong; a daemon that was not asked tries again where that may help. An
// external server comes back without us.
void Database::ended(Result<void> outcome, bool tries_again) {
    if (outcome) {
        move_to(Phase::running);
        return start_watching();
    }
    auto const& error = outcome.error();
    if (error.code != ErrorCode::stopping) parts_.log.error("the database could not be brought up", error);
    move_to(Phase::failed, error);
    if (error.code == ErrorCode::schema_newer && when_too_new_) return when_too_new_(error);
    auto const may_pass = error.code == ErrorCode::away || error.code == ErrorCode::internal ||
                          error.code == ErrorCode::pooler_found;
    if (may_pass && (tries_again || !parts_.provider.manages())) start_watching();
}

asio::awaitable<Result<void>> Database::bring_up(std::shared_ptr<Steps> steps) {
    services::Progress const progress = [steps](services::Step const& step) { steps->add(step); };
    auto started = co_await parts_.provider.start(progress);
    if (!started) co_return started.error();
    auto where = parts_.provider.dsn();
    if (!where) co_return where.error();
    dsn_ = *std::move(where);
    auto updated = co_await update_schema(progress);
    if (!updated) co_return updated.error();
    if (after_start_) {
        auto joined = co_await after_start_();
        if (!joined) co_return joined.error();
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Database::bring_round(std::shared_ptr<Steps> steps) {
    services::Progress const progress = [steps](services::Step const& step) { steps->add(step); };
    auto stopped = co_await parts_.provider.stop(progress);
    if (!stopped) co_return stopped.error();
    auto started = co_await bring_up(steps);
    co_return started;
}

asio::awaitable<Result<void>> Database::update_schema(services::Progress progress) {
    auto found = co_await parts_.schema.status(dsn_);
    if (!found) co_return found.error();
    schema_status_ = *found;
    if (!found->usable && found->version > found->known)
        co_return services::failure(
            ErrorCode::schema_newer,
            fmt::format(
                "the database is at version {}, which needs a program that knows version {}; this one "
                "knows {}",
                found->version, found->breaking_since, found->known));
    if (found->is_current()) {
        progress(services::Step{"schema", fmt::format("schema {} is current", found->version), true});
        co_return Result<void>{};
    }
    auto report = co_await parts_.schema.migrate(dsn_, progress);
    if (!report) co_return report.error();
    parts_.log.info("brought the schema up to date",
                    {{"from", report->from}, {"to", report->to}, {"steps", report->steps.size()}});
    progress(services::Step{
        "schema", fmt::format("schema {} is current ({} steps)", report->to, report->steps.size()), true});
    auto after = co_await parts_.schema.status(dsn_);
    if (after) schema_status_ = *std::move(after);
    co_return Result<void>{};
}

asio::awaitable<void> Database::end_start() {
    stop_watching();
    end_work_.emit(asio::cancellation_type::terminal);
    auto const steps = at_work_;
    while (steps && !steps->outcome()) co_await steps->more_than(steps->all().size());
}

asio::awaitable<Result<void>> Database::down() {
    if (phase_ == Phase::stopping) co_return busy(phase_word(phase_));
    want(false);
    co_await end_start();
    move_to(Phase::stopping);
    auto stopped = co_await parts_.provider.stop({});
    if (stopped)
        move_to(Phase::stopped);
    else
        move_to(Phase::failed, stopped.error());
    co_return stopped;
}

asio::awaitable<Result<void>> Database::destroy() {
    if (phase_ == Phase::stopping) co_return busy(phase_word(phase_));
    want(false);
    co_await end_start();
    move_to(Phase::stopping);
    auto gone = co_await parts_.provider.destroy({});
    if (gone)
        move_to(Phase::stopped);
    else
        move_to(Phase::failed, gone.error());
    schema_status_.reset();
    co_return gone;
}

asio::awaitable<Result<std::string>> Database::set_aside(services::Progress progress) {
    if (phase_ == Phase::stopping) co_return busy(phase_word(phase_));
    co_await end_start();
    move_to(Phase::stopping);
    auto moved = co_await parts_.provider.set_aside(std::move(progress));
    if (moved)
        move_to(Phase::stopped);
    else
        move_to(Phase::failed, moved.error());
    schema_status_.reset();
    co_return moved;
}

asio::awaitable<Result<std::string>> Database::take_recovered(services::Progress progress) {
    if (phase_ == Phase::stopping) co_return busy(phase_word(phase_));
    co_await end_start();
    move_to(Phase::stopping);
    auto taken = co_await parts_.provider.take_recovered(std::move(progress));
    move_to(Phase::stopped);
    co_return taken;
}

void Database::resume() {
    auto const is_up_already = parts_.provider.manages() && parts_.provider.dsn().has_value();
    auto const is_external = !parts_.provider.manages() && parts_.provider.is_made();
    if (was_wanted() || is_up_already || is_external) up(true);
}

void Database::stop() {
    is_stopping_ = true;
    stop_watching();
    end_work_.emit(asio::cancellation_type::terminal);
}

// Waits for the server to die, and starts it again within limits.
asio::awaitable<void> Database::watch() {
    while (!is_stopping_) {
        std::string why;
        if (phase_ == Phase::failed && trouble_)
            why = trouble_->message;
        else
            why = co_await parts_.provider.ended();
        auto const goes_on = co_await start_again(std::move(why));
        if (!goes_on) co_return;
    }
}

std::optional<Millis> Database::pause_before_restart() {
    if (!parts_.provider.manages()) return external_pause;
    return restarts_.ended(now());
}

asio::awaitable<bool> Database::start_again(std::string why) {
    while (true) {
        auto const pause = pause_before_restart();
        auto const& limits = restarts_.limits();
        if (!pause) {
            auto const error = services::failure(
                ErrorCode::away,
                fmt::format("PostgreSQL ended {} times within {} and is not started again: {}",
                            limits.restarts_max + 1, duration_words(limits.window), why),
                "`fleet services logs postgres` shows why; then `fleet services up`.");
            parts_.log.error("gave up restarting PostgreSQL", error);
            move_to(Phase::failed, error);
            co_return false;
        }
        parts_.log.error("PostgreSQL is not there, bringing it up again",
                         {{"why", why}, {"pause_ms", *pause}});
        at_work_ = std::make_shared<Steps>(parts_.loop);
        auto const steps = at_work_;
        // What to do about it is still the same: a pooler in the way, say.
        auto trouble = services::failure(ErrorCode::away, "the database is being brought up again: " + why,
                                         trouble_ ? trouble_->hint : std::string());
        move_to(Phase::starting, std::move(trouble));
        EndOfSteps const end(steps);
        asio::steady_timer timer(parts_.loop, *pause);
        co_await timer.async_wait(asio::use_awaitable);
        auto started = co_await bring_up(steps);
        auto const is_up = started.has_value();
        auto const is_too_new = !is_up && started.error().code == ErrorCode::schema_newer;
        if (is_up)
            move_to(Phase::running);
        else
            why = started.error().message;
        if (is_too_new) {
            move_to(Phase::failed, started.error());
            if (when_too_new_) when_too_new_(started.error());
        }
        steps->end(std::move(started));
        if (is_up || is_too_new) co_return is_up;
    }
}

void Database::start_watching() {
    if (is_watching_ || is_stopping_) return;
    is_watching_ = true;
    auto ended = [this](std::exception_ptr) { is_watching_ = false; };
    asio::co_spawn(parts_.loop, watch(), asio::bind_cancellation_slot(end_watch_.slot(), std::move(ended)));
}

void Database::stop_watching() {
    end_watch_.emit(asio::cancellation_type::terminal);
}

Result<std::string> Database::dsn() const {
    if (!dsn_.empty() && (phase_ == Phase::running || phase_ == Phase::starting)) return dsn_;
    if (auto why = unavailable()) return *std::move(why);
    return make_error(ErrorCode::away, "the database is being started");
}

std::optional<Error> Database::unavailable() const {
    if (phase_ == Phase::running) return std::nullopt;
    Error error;
    switch (phase_) {
        case Phase::starting:
            error =
                make_error(ErrorCode::away, trouble_ ? trouble_->message : "the database is being started");
            if (trouble_ && !trouble_->hint.empty()) error.hint = trouble_->hint;
            error.retry_after_seconds = 1;
            break;
        case Phase::failed:
            error = trouble_.value_or(make_error(ErrorCode::away));
            error.code = ErrorCode::away;
            error.retry_after_seconds = 5;
            break;
        default:
            error = services::failure(ErrorCode::away, "the database is stopped",
                                      "`fleet services up` starts it.");
            error.retry_after_seconds = 5;
    }
    return error;
}

void Database::move_to(Phase phase, std::optional<Error> trouble) {
    phase_ = phase;
    trouble_ = std::move(trouble);
    if (phase == Phase::stopped || phase == Phase::failed) dsn_.clear();
    using observe::Condition;
    auto condition = Condition::down;
    if (phase == Phase::running) condition = Condition::ok;
    if (phase == Phase::starting) condition = Condition::starting;
    auto const words =
        trouble_ ? trouble_->message : std::string(phase == Phase::running ? "" : phase_word(phase));
    parts_.health.set("database", condition, words, now());
}

// Whether it should be up is kept in a file, so that a reboot changes nothing. A file that cannot be written
// costs that memory only.
void Database::want(bool up) {
    Json const json{{"services", up ? "up" : "down"}};
    auto kept = services::write_file(parts_.wanted_file, json_text(json) + "\n", 0600);
    if (!kept) parts_.log.warning("cannot remember whether services should be up", kept.error());
}

bool Database::was_wanted() const {
    auto text = services::read_file(parts_.wanted_file);
    if (!text) return false;
    auto json = parse_json(*text);
    return json && text_or(*json, "services", "") == "up";
}

}  // namespace fleet::app
