#pragma once
// The templates of pool.hpp: a job on its way to a thread and back. Included by pool.hpp alone.
#include "pg/pool.hpp"

namespace fleet::pg {

template <class Job, class R>
class Pool::JobTask final : public Pool::Task {
public:
    JobTask(Job job, asio::any_io_executor loop, std::shared_ptr<Waiting<R>> waiting)
        : Task(waiting->abandoned),
          job_(std::move(job)),
          loop_(std::move(loop)),
          waiting_(std::move(waiting)) {}

    std::optional<FailureKind> perform(Session& session) override {
        try {
            if constexpr (std::is_void_v<R>) {
                job_(session);
                complete(Outcome<R>());
            } else {
                complete(Outcome<R>(job_(session)));
            }
            return std::nullopt;
        } catch (Failed const& failed) {
            auto const kind = failed.failure().kind;
            complete(Outcome<R>(failed.failure()));
            return kind;
        } catch (std::exception const& surprise) {
            complete(Outcome<R>(unexpected(surprise.what())));
            return FailureKind::bug;
        }
    }

    void fail(Failure failure) override { complete(Outcome<R>(std::move(failure))); }

private:
    // Gives its share of `waiting_` away, so that the timer dies on the loop thread.
    void complete(Outcome<R> outcome) {
        auto back = [waiting = std::move(waiting_), outcome = std::move(outcome)]() mutable {
            waiting->outcome.emplace(std::move(outcome));
            waiting->timer.cancel();
        };
        asio::post(loop_, std::move(back));
    }

    Job job_;
    asio::any_io_executor loop_;
    std::shared_ptr<Waiting<R>> waiting_;
};

template <class Job, class R>
asio::awaitable<Outcome<R>> Pool::attempt(Job job, Millis limit) {
    auto dsn = dsn_();
    if (!dsn) {
        Failure failure;
        failure.kind = FailureKind::no_database;
        failure.error = dsn.error();
        co_return failure;
    }
    auto waiting = std::make_shared<Waiting<R>>(loop_, limit);
    std::unique_ptr<Task> task = std::make_unique<JobTask<Job, R>>(std::move(job), loop_, waiting);
    task->dsn = *std::move(dsn);
    if (auto failure = enqueue(std::move(task))) co_return *std::move(failure);
    constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);
    co_await waiting->timer.async_wait(nothrow);
    if (waiting->outcome) co_return *std::move(waiting->outcome);
    waiting->abandoned->store(true, std::memory_order_relaxed);
    cut_what_hangs();
    co_return past_limit(limit);
}

template <class Job, class R>
asio::awaitable<Result<R>> Pool::run(Job job, Millis limit) {
    using Clock = std::chrono::steady_clock;
    auto const until = Clock::now() + limit;
    bool lost_before = false;
    for (int again = 0;; ++again) {
        auto const rest = std::chrono::ceil<Millis>(until - Clock::now());
        auto copy = job;
        auto outcome = co_await attempt(std::move(copy), rest);
        if (outcome) {
            if constexpr (std::is_void_v<R>) {
                if constexpr (std::is_void_v<std::invoke_result_t<Job&, Session&>>)
                    co_return Result<R>();
                else
                    co_return *std::move(outcome);
            } else {
                co_return *std::move(outcome);
            }
        }
        Failure failure = std::move(outcome).error();
        bool const lost = failure.kind == FailureKind::lost || failure.kind == FailureKind::in_doubt;
        bool const repeat = (failure.kind == FailureKind::retry && again < 3) || (lost && !lost_before);
        lost_before = lost_before || lost;
        if (failure.kind == FailureKind::bug)
            report(report_, Level::error, "a database job failed", Json{{"said", failure.said}});
        if (!repeat || Clock::now() >= until) co_return std::move(failure.error);
    }
}

}  // namespace fleet::pg
