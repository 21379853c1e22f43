#pragma once
// Blocking database work, off the loop: a few threads, each with one session of its own.
//
// The pool is used from the loop thread (`run`, `attempt`, `stop`). A job runs on a pool thread with
// exclusive use of a session. The job must own its state by value: it may outlive the caller, because a job
// that reaches its limit keeps its thread until the server's timeouts end it. Where they do not, because the
// server is frozen or the connection half open, the session is cut off. Stop the pool before the io_context
// is destroyed: a job that still runs would complete into a dead loop.
#include "pg/report.hpp"
#include "pg/session.hpp"

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace fleet::pg {

namespace asio = boost::asio;

// Where the database is now. Called on the loop thread before each job; an error (no database is running yet)
// goes to the caller as it is.
using DsnSource = std::function<Result<std::string>()>;

struct PoolSettings {
    SessionSettings session{};
    std::size_t threads = 3;
    std::size_t waiting_max = 4'000;  // jobs that wait for a thread; beyond that `too_many`
    // What a job that nobody waits for gets on top of statement_timeout before its session is cut off.
    Millis patience{2'000};
};

template <class T>
struct Unwrapped {
    using type = T;
};
template <class T>
struct Unwrapped<Result<T>> {
    using type = T;
};

class Pool {
public:
    Pool(asio::any_io_executor loop, DsnSource dsn, PoolSettings settings, Report report = {});
    ~Pool();  // `stop()`
    Pool(Pool const&) = delete;
    Pool& operator=(Pool const&) = delete;

    // Runs `job(Session&)` and completes on the loop with what it returned (a job that returns Result<R> is
    // not wrapped twice). The job may run again: once on a new session when the old one turned out to be
    // lost, and up to three times when the server says "try again"; so it must be copyable, and a read or
    // harmless when repeated. Errors: away (limit reached, database gone), too_many, stopping, the DSN
    // source's, the job's own.
    template <class Job, class R = typename Unwrapped<std::invoke_result_t<Job&, Session&>>::type>
    asio::awaitable<Result<R>> run(Job job, Millis limit);

    // The same without repetition, and with the failure as it was: for a caller with a policy of its own. A
    // job that reached the limit is `in_doubt`: it may still end well.
    template <class Job, class R = std::invoke_result_t<Job&, Session&>>
    asio::awaitable<Outcome<R>> attempt(Job job, Millis limit);

    std::size_t waiting() const;  // jobs without a thread
    std::size_t threads() const { return threads_.size(); }

    // Refuses new jobs, drops those that wait, lets the running ones end, joins the threads. Blocks for as
    // long as the longest running statement may take.
    void stop();

private:
    // A job with the way back to the one who waits for it. `fail` or `perform` is called once, on a pool
    // thread.
    class Task {
    public:
        explicit Task(std::shared_ptr<std::atomic<bool>> given_up) : abandoned(std::move(given_up)) {}
        virtual ~Task() = default;
        virtual std::optional<FailureKind> perform(Session& session) = 0;
        virtual void fail(Failure failure) = 0;
        std::string dsn{};
        std::shared_ptr<std::atomic<bool>> abandoned;  // set on the loop thread: nobody waits any more
    };
    // Shared by the waiting coroutine and the job. `outcome` and `timer` belong to the loop thread.
    template <class R>
    struct Waiting {
        Waiting(asio::any_io_executor const& loop, Millis limit) : timer(loop, limit) {}
        asio::steady_timer timer;
        std::optional<Outcome<R>> outcome{};
        std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
    };
    template <class Job, class R>
    class JobTask;
    struct Slot;

    std::optional<Failure> enqueue(std::unique_ptr<Task> task);
    void work(Slot& slot);
    void begin(Slot& slot, Task const& task);
    void end(Slot& slot);
    // Called whenever somebody wants something of the pool, which is when a thread that hangs matters.
    void cut_what_hangs(bool now = false);
    std::optional<Failure> ready(Slot& slot, std::string const& dsn);
    void finished(Slot& slot, std::optional<FailureKind> failure);
    void say(Level level, std::string line, Json facts);
    static Failure past_limit(Millis limit);
    static Failure unexpected(std::string said);

    asio::any_io_executor loop_;
    DsnSource dsn_;
    PoolSettings settings_;
    Report report_;
    std::atomic<std::uint64_t> generation_{0};  // grows when a session was lost: older ones are not trusted
    std::atomic<bool> away_{false};             // so that an outage is reported once
    mutable std::mutex mutex_;                  // guards queue_, stopping_ and what a slot says of its job
    std::deque<std::unique_ptr<Task>> queue_;
    bool stopping_ = false;
    std::condition_variable wake_;
    std::vector<std::unique_ptr<Slot>> slots_;  // one a thread
    std::vector<std::jthread> threads_;
};

}  // namespace fleet::pg

#include "pg/pool_job.hpp"
