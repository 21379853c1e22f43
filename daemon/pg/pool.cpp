#include "pg/pool.hpp"

#include <fleet/assert.hpp>

#include <fmt/format.h>

namespace fleet::pg {

// What one thread of the pool owns.
struct Pool::Slot {
    std::unique_ptr<Session> session{};
    std::string dsn{};
    std::uint64_t generation = 0;
};

Pool::Pool(asio::any_io_executor loop, DsnSource dsn, PoolSettings settings, Report report)
    : loop_(std::move(loop)),
      dsn_(std::move(dsn)),
      settings_(std::move(settings)),
      report_(std::move(report)) {
    FLEET_ASSERT(settings_.threads > 0, "a pool has threads");
    for (std::size_t i = 0; i < settings_.threads; ++i) threads_.emplace_back([this] { work(); });
}

Pool::~Pool() {
    stop();
}

std::size_t Pool::waiting() const {
    std::lock_guard const lock(mutex_);
    return queue_.size();
}

std::optional<Failure> Pool::enqueue(std::unique_ptr<Task> task) {
    Failure failure;
    failure.kind = FailureKind::refused;
    {
        std::lock_guard const lock(mutex_);
        if (!stopping_ && queue_.size() < settings_.waiting_max) {
            queue_.push_back(std::move(task));
            wake_.notify_one();
            return std::nullopt;
        }
        failure.error = make_error(stopping_ ? ErrorCode::stopping : ErrorCode::too_many);
    }
    failure.error.retry_after_seconds = 1;
    return failure;
}

void Pool::work() {
    Slot slot;
    for (;;) {
        std::unique_ptr<Task> task;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
            task = std::move(queue_.front());
            queue_.pop_front();
        }
        if (!task->wanted()) continue;
        if (auto failure = ready(slot, task->dsn)) {
            task->fail(*std::move(failure));
            continue;
        }
        finished(slot, task->perform(*slot.session));
    }
}

// Connects where that is needed: first use, another DSN, or a sign that the session is gone.
std::optional<Failure> Pool::ready(Slot& slot, std::string const& dsn) {
    auto const generation = generation_.load();
    bool const usable = slot.session && slot.dsn == dsn && slot.generation == generation &&
                        slot.session->is_open() && !slot.session->was_hung_up();
    if (usable) return std::nullopt;
    slot.session.reset();
    try {
        slot.session = std::make_unique<Session>(dsn, settings_.session);
    } catch (Failed const& failed) {
        if (!away_.exchange(true))
            say(Level::warning, "the database cannot be reached; requests are answered 503 until it can",
                Json{{"application_name", settings_.session.application_name},
                     {"said", failed.failure().said}});
        return failed.failure();
    }
    slot.dsn = dsn;
    slot.generation = generation;
    if (away_.exchange(false))
        say(Level::info, "the database is back",
            Json{{"application_name", settings_.session.application_name}});
    return std::nullopt;
}

void Pool::finished(Slot& slot, std::optional<FailureKind> failure) {
    bool const lost = failure == FailureKind::lost || failure == FailureKind::in_doubt;
    // Where one session was lost the others of that time probably are, too.
    if (lost) {
        auto mine = slot.generation;
        generation_.compare_exchange_strong(mine, mine + 1);
    }
    if (lost || !slot.session->is_open()) slot.session.reset();
}

void Pool::say(Level level, std::string line, Json facts) {
    if (!report_) return;
    auto line_and_facts = [to = report_, level, line = std::move(line), facts = std::move(facts)]() mutable {
        report(to, level, std::move(line), std::move(facts));
    };
    asio::post(loop_, std::move(line_and_facts));
}

Failure Pool::past_limit(Millis limit) {
    Failure failure;
    failure.kind = FailureKind::in_doubt;
    failure.error =
        make_error(ErrorCode::away, fmt::format("the database did not answer within {} ms", limit.count()));
    failure.error.retry_after_seconds = 1;
    failure.said = "no answer within the limit";
    return failure;
}

Failure Pool::unexpected(std::string said) {
    Failure failure;
    failure.kind = FailureKind::bug;
    failure.error = make_error(ErrorCode::internal);
    failure.said = std::move(said);
    return failure;
}

void Pool::stop() {
    std::deque<std::unique_ptr<Task>> dropped;
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
        dropped.swap(queue_);
    }
    wake_.notify_all();
    Failure failure;
    failure.kind = FailureKind::refused;
    failure.error = make_error(ErrorCode::stopping);
    for (auto& task : dropped) task->fail(failure);
    threads_.clear();  // joins
}

}  // namespace fleet::pg
