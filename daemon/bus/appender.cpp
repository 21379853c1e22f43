#include "bus/appender.hpp"

#include "bus/append_queue.hpp"

#include <fleet/assert.hpp>

#include <algorithm>
#include <random>

namespace fleet::bus {

namespace {

constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

// While the database has been away for longer than this, only one request at a time is let in to try it.
constexpr Millis away_patience{2'000};

Error away_error(std::string message) {
    auto error = make_error(ErrorCode::away, std::move(message));
    error.retry_after_seconds = 1;
    return error;
}

Error doubtful_error() {
    auto error = away_error("the database was lost before it said whether this was done");
    error.hint = "send it again with the same Idempotency-Key: it is done once";
    error.detail = Json{{"in_doubt", true}};
    return error;
}

}  // namespace

struct Appender::State {
    State(asio::any_io_executor executor, pg::Pool& pool, AppenderLimits given,
          std::function<void(std::int64_t)> on_commit, pg::Report to)
        : loop(std::move(executor)),
          writer(pool),
          limits(given),
          queue(given),
          committed(std::move(on_commit)),
          report(std::move(to)),
          wake(loop),
          ended(loop),
          backoff(given.pause) {}

    asio::any_io_executor loop;
    pg::Pool& writer;
    AppenderLimits limits;
    AppendQueue queue;
    std::function<void(std::int64_t)> committed;
    pg::Report report;
    asio::steady_timer wake;
    asio::steady_timer ended;
    Backoff backoff;
    std::minstd_rand random{std::random_device{}()};
    AppenderHealth health{};
    std::optional<Clock::time_point> away_since{};
    bool running = false;
    bool stopping = false;

    asio::awaitable<void> send(std::vector<Waiting> batch);
    asio::awaitable<pg::Outcome<std::vector<store::ActRow>>> call(std::vector<Waiting> const& batch);
    asio::awaitable<void> each_alone(std::vector<Waiting> batch);
    asio::awaitable<void> pause();
    void answer_all(std::vector<Waiting>& batch, std::vector<store::ActRow> rows);
    void refuse_all(std::vector<Waiting>& batch, Error const& error);
    void refuse_late(std::vector<Waiting>& batch);
    void note_failure(pg::Failure const& failure);
    void note_success();
};

Appender::Appender(asio::any_io_executor loop, pg::Pool& writer, AppenderLimits limits,
                   std::function<void(std::int64_t)> committed, pg::Report report)
    : state_(std::make_unique<State>(std::move(loop), writer, limits, std::move(committed),
                                     std::move(report))) {}

Appender::~Appender() = default;

asio::awaitable<Result<store::ActRow>> Appender::submit(store::ActRequest request) {
    auto& state = *state_;
    if (state.stopping) co_return make_error(ErrorCode::stopping);
    store::seal(request);
    Waiting item;
    item.text = store::request_text(request);
    if (item.text.size() > state.limits.queue_bytes_max) co_return make_error(ErrorCode::too_large);
    bool const hopeless =
        state.away_since && Clock::now() - *state.away_since > away_patience && !state.queue.empty();
    if (hopeless) co_return away_error({});
    if (!state.queue.has_room_for(item.text.size())) {
        state.health.refused_full += 1;
        co_return away_error("too many commands wait for the database");
    }
    item.until = Clock::now() + state.limits.request_limit;
    auto reply = std::make_shared<Reply>(state.loop);
    item.reply = reply;
    state.queue.push(std::move(item));
    state.wake.cancel();
    // A caller that is cancelled stops waiting; what it asked for is done all the same.
    if (!reply->row) co_await reply->given.async_wait(nothrow);
    if (!reply->row) co_return doubtful_error();
    co_return *std::move(reply->row);
}

asio::awaitable<void> Appender::run() {
    auto& state = *state_;
    FLEET_ASSERT(!state.running, "an appender runs once");
    state.running = true;
    for (;;) {
        if (state.queue.empty()) {
            if (state.stopping) break;
            state.wake.expires_at(asio::steady_timer::time_point::max());
            co_await state.wake.async_wait(nothrow);
            continue;
        }
        auto batch = state.queue.take();
        co_await state.send(std::move(batch));
    }
    state.running = false;
    state.ended.cancel();
}

asio::awaitable<void> Appender::stop() {
    auto& state = *state_;
    state.stopping = true;
    state.wake.cancel();
    state.ended.expires_at(asio::steady_timer::time_point::max());
    while (state.running) co_await state.ended.async_wait(nothrow);
}

AppenderHealth Appender::health() const {
    auto health = state_->health;
    health.waiting = state_->queue.size();
    health.waiting_bytes = state_->queue.bytes();
    return health;
}

asio::awaitable<pg::Outcome<std::vector<store::ActRow>>> Appender::State::call(
    std::vector<Waiting> const& batch) {
    std::vector<std::string const*> texts;
    texts.reserve(batch.size());
    for (auto const& item : batch) texts.push_back(&item.text);
    auto text = store::batch_text(texts);
    auto const size = batch.size();
    FLEET_ASSERT(size > 0 && size <= limits.batch_max, "a batch has requests, and not too many");
    auto job = [text = std::move(text), size](pg::Session& session) mutable {
        return store::act(session, std::move(text), size);
    };
    health.calls += 1;
    health.requests += size;
    health.largest_batch = std::max<std::uint64_t>(health.largest_batch, size);
    auto const began = Clock::now();
    auto outcome = co_await writer.attempt(std::move(job), limits.call_limit);
    health.last_call = std::chrono::duration_cast<Millis>(Clock::now() - began);
    co_return outcome;
}

// One batch until each of its requests has an answer.
asio::awaitable<void> Appender::State::send(std::vector<Waiting> batch) {
    for (;;) {
        refuse_late(batch);
        if (batch.empty()) co_return;
        auto outcome = co_await call(batch);
        if (outcome) {
            note_success();
            answer_all(batch, *std::move(outcome));
            co_return;
        }
        auto const failure = std::move(outcome).error();
        note_failure(failure);
        switch (failure.kind) {
            case pg::FailureKind::in_doubt:
                for (auto& item : batch) item.in_doubt = true;
                [[fallthrough]];
            case pg::FailureKind::lost:
            case pg::FailureKind::retry:
                // The same texts with the same keys and ids: what was committed is answered, not done again.
                health.repeated_calls += 1;
                co_await pause();
                continue;
            case pg::FailureKind::no_database: refuse_all(batch, failure.error); co_return;
            case pg::FailureKind::refused:
            case pg::FailureKind::bug:
                if (batch.size() == 1)
                    refuse_all(batch, failure.error);
                else
                    co_await each_alone(std::move(batch));
                co_return;
        }
    }
}

// fleet.act raised, which nothing in a batch should make it do: only the culprit gets the error.
asio::awaitable<void> Appender::State::each_alone(std::vector<Waiting> batch) {
    for (auto& item : batch) {
        health.single_calls += 1;
        std::vector<Waiting> one;
        one.push_back(std::move(item));
        co_await send(std::move(one));
    }
}

asio::awaitable<void> Appender::State::pause() {
    auto const drawn = std::uniform_real_distribution<double>(0.0, 1.0)(random);
    asio::steady_timer timer(loop, backoff.next(drawn));
    co_await timer.async_wait(nothrow);
}

void Appender::State::answer_all(std::vector<Waiting>& batch, std::vector<store::ActRow> rows) {
    FLEET_ASSERT(rows.size() == batch.size(), "each request has its row");
    std::int64_t last = 0;
    for (auto const& row : rows) last = std::max(last, row.seq.value_or(0));
    if (last > health.last_seq) {
        health.last_seq = last;
        if (committed) committed(last);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].reply->give(std::move(rows[i]));
}

void Appender::State::refuse_all(std::vector<Waiting>& batch, Error const& error) {
    for (auto& item : batch) item.reply->give(item.in_doubt ? doubtful_error() : Error(error));
    batch.clear();
}

void Appender::State::refuse_late(std::vector<Waiting>& batch) {
    auto const now = Clock::now();
    auto const late = std::stable_partition(batch.begin(), batch.end(),
                                            [now](Waiting const& item) { return item.until > now; });
    for (auto item = late; item != batch.end(); ++item)
        item->reply->give(item->in_doubt ? doubtful_error() : away_error({}));
    batch.erase(late, batch.end());
}

void Appender::State::note_failure(pg::Failure const& failure) {
    bool const away = failure.kind == pg::FailureKind::lost || failure.kind == pg::FailureKind::in_doubt ||
                      failure.kind == pg::FailureKind::no_database;
    if (away && !away_since) {
        away_since = Clock::now();
        pg::report(report, pg::Level::warning, "the writer lost the database; commands wait and are repeated",
                   Json{{"said", failure.said}});
    }
    bool const is_news = !away && health.last_error != failure.said;
    if (is_news && failure.kind == pg::FailureKind::retry)
        pg::report(report, pg::Level::warning, "the writer was kept waiting; its batch is repeated as it is",
                   Json{{"sqlstate", failure.sqlstate}, {"said", failure.said}});
    else if (is_news)
        pg::report(report, pg::Level::error, "fleet.act raised; its batch is repeated request by request",
                   Json{{"sqlstate", failure.sqlstate}, {"said", failure.said}});
    health.last_error = failure.said.empty() ? failure.error.message : failure.said;
}

void Appender::State::note_success() {
    backoff.reset();
    health.last_error.clear();
    if (!away_since) return;
    auto const gone = std::chrono::duration_cast<Millis>(Clock::now() - *away_since);
    away_since.reset();
    pg::report(report, pg::Level::info, "the writer has the database again", Json{{"away_ms", gone.count()}});
}

}  // namespace fleet::bus
