#include "pg/pool.hpp"

#include <fleet/assert.hpp>

#include <fmt/format.h>

namespace fleet::pg {

using Clock = std::chrono::steady_clock;

// What one thread of the pool owns.
struct Pool::Slot {
    std::unique_ptr<Session> session{};
    std::string dsn{};
    std::uint64_t generation = 0;
    // Guarded by the pool's mutex: the job under way, for whoever finds that it hangs.
    std::shared_ptr<Line> line{};
    std::shared_ptr<std::atomic<bool>> abandoned{};
    Clock::time_point began{};
    bool cut = false;
};

Pool::Pool(asio::any_io_executor loop, DsnSource dsn, PoolSettings settings, Report report)
    : loop_(std::move(loop)),
      dsn_(std::move(dsn)),
      settings_(std::move(settings)),
      report_(std::move(report)) {
    FLEET_ASSERT(settings_.threads > 0, "a pool has threads");
    for (std::size_t i = 0; i < settings_.threads; ++i) {
        auto& slot = *slots_.emplace_back(std::make_unique<Slot>());
        threads_.emplace_back([this, &slot] { work(slot); });
    }
}

Pool::~Pool() {
    stop();
}

std::size_t Pool::waiting() const {
    std::lock_guard const lock(mutex_);
    return queue_.size();
}

std::optional<Failure> Pool::enqueue(std::unique_ptr<Task> task) {
    cut_what_hangs();
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

void Pool::work(Slot& slot) {
    for (;;) {
        std::unique_ptr<Task> task;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
            task = std::move(queue_.front());
            queue_.pop_front();
        }
        if (task->abandoned->load(std::memory_order_relaxed)) continue;
        begin(slot, *task);
        if (auto failure = ready(slot, task->dsn)) {
            end(slot);
            task->fail(*std::move(failure));
            continue;
        }
        auto const outcome = task->perform(*slot.session);
        end(slot);
        finished(slot, outcome);
    }
}

void Pool::begin(Slot& slot, Task const& task) {
    std::lock_guard const lock(mutex_);
    slot.abandoned = task.abandoned;
    slot.began = Clock::now();
    slot.cut = false;
}

void Pool::end(Slot& slot) {
    std::lock_guard const lock(mutex_);
    slot.abandoned.reset();
}

void Pool::cut_what_hangs(bool now) {
    auto const longest = settings_.session.statement_timeout + settings_.patience;
    // Without a time-out of the server a statement may take as long as it likes.
    if (settings_.session.statement_timeout.count() == 0 && !now) return;
    bool found = false;
    {
        std::lock_guard const lock(mutex_);
        for (auto const& slot : slots_) {
            bool const unwanted = slot->abandoned && slot->abandoned->load(std::memory_order_relaxed);
            if (!unwanted || slot->cut || (!now && Clock::now() - slot->began < longest)) continue;
            slot->cut = true;
            found = true;
            if (slot->line) slot->line->cut();
        }
    }
    if (found && !now)
        say(Level::warning, "a session brings no answer; it is cut off",
            Json{{"application_name", settings_.session.application_name}});
}

// Connects where that is needed: first use, another DSN, or a sign that the session is gone.
std::optional<Failure> Pool::ready(Slot& slot, std::string const& dsn) {
    auto const generation = generation_.load();
    bool const usable = slot.session && slot.dsn == dsn && slot.generation == generation &&
                        slot.session->is_open() && !slot.session->was_hung_up();
    if (usable) return std::nullopt;
    slot.session.reset();
    auto line = std::make_shared<Line>();
    {
        std::lock_guard const lock(mutex_);
        slot.line = line;
    }
    try {
        slot.session = std::make_unique<Session>(dsn, settings_.session, std::move(line));
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
    cut_what_hangs(true);
    threads_.clear();  // joins
}

}  // namespace fleet::pg
