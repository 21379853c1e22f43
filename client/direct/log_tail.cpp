#include "direct/log_tail.hpp"

#include <fleet/assert.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <random>

namespace fleet::direct {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

constexpr char const* head_sql = "select seq, incarnation from fleet.head()";
constexpr char const* check_sql = "select ok, last_common from fleet.check_position($1::text)";
// The types come as one text, each between commas: an empty one means any.
constexpr char const* read_sql =
    "select r.seq, r.project, r.envelope from fleet.read_log($1::bigint, $2::bigint, $3::int) r"
    " where ($4::text = '' or r.project = $4::text)"
    " and ($5::text = '' or strpos($5::text, ',' || r.type || ',') > 0)"
    " and ($6::text = '' or r.stream_type = $6::text)"
    " and ($7::text = '' or r.stream_id = $7::text)"
    " order by r.seq";

Millis now() {
    return std::chrono::duration_cast<Millis>(Clock::now().time_since_epoch());
}

std::string joined(std::vector<std::string> const& types) {
    if (types.empty()) return {};
    std::string text = ",";
    for (auto const& type : types) text += type + ",";
    return text;
}

}  // namespace

struct LogTail::State {
    State(asio::any_io_executor executor, TailSettings given)
        : loop(std::move(executor)),
          settings(std::move(given)),
          session(loop),
          plan(settings.times),
          timer(loop),
          position(settings.after.value_or(Position{})),
          has_position(settings.after.has_value()) {}

    asio::any_io_executor loop;
    TailSettings settings;
    PgSession session;
    TailPlan plan;
    asio::steady_timer timer;
    std::minstd_rand random{std::random_device{}()};
    Position position;  // handed out up to here
    bool has_position;
    bool closed = false;
    Clock::time_point sleep_until{};
    std::string last_error{};

    // Each carries out one step. An empty answer: go on; a batch or an error: the caller's.
    using Answer = std::optional<Result<TailBatch>>;
    asio::awaitable<Answer> connect();
    asio::awaitable<Answer> listen();
    asio::awaitable<Answer> check(Millis limit);
    asio::awaitable<Answer> catch_up();
    asio::awaitable<Answer> read_page(std::int64_t head);
    asio::awaitable<Answer> wait(Clock::time_point until);
    asio::awaitable<Answer> sleep(Clock::time_point until);
    Answer stumble(Error error, TailHappened what = TailHappened::lost);
    void go(TailHappened what);
    TailBatch nothing() const { return TailBatch{{}, position}; }
};

void LogTail::State::go(TailHappened what) {
    plan.next(what, now(), std::uniform_real_distribution<double>(0.0, 1.0)(random));
    if (plan.step() == TailStep::sleep) sleep_until = Clock::now() + plan.pause();
}

// What passes by itself is waited out; what does not is the caller's to know.
LogTail::State::Answer LogTail::State::stumble(Error error, TailHappened what) {
    last_error = error.message;
    session.close();
    go(what);
    if (error.code == ErrorCode::away) return std::nullopt;
    return Result<TailBatch>(std::move(error));
}

asio::awaitable<LogTail::State::Answer> LogTail::State::connect() {
    ConnectRequest request;
    request.dsn = settings.dsn;
    request.application_name = settings.application_name;
    request.role = settings.role;
    request.limit = settings.step_limit;
    auto connected = co_await session.connect(std::move(request));
    if (!connected) {
        bool const pooler = connected.error().code == ErrorCode::pooler_found;
        co_return stumble(std::move(connected).error(), pooler ? TailHappened::pooler : TailHappened::lost);
    }
    go(TailHappened::done);
    co_return std::nullopt;
}

asio::awaitable<LogTail::State::Answer> LogTail::State::listen() {
    std::string sql("listen fleet");
    Arguments none;
    auto listening = co_await session.query(std::move(sql), std::move(none), settings.step_limit);
    if (!listening) co_return stumble(std::move(listening).error());
    co_return co_await check(settings.step_limit);
}

// A pooler that was put in between since we connected may give each statement another backend.
asio::awaitable<LogTail::State::Answer> LogTail::State::check(Millis limit) {
    std::string sql(listening_check);
    Arguments none;
    auto answer = co_await session.query(std::move(sql), std::move(none), limit);
    if (!answer) co_return stumble(std::move(answer).error());
    bool const same =
        answer->size() == 1 && answer->number(0, 0) == session.backend_pid() && answer->flag(0, 1);
    if (!same) co_return stumble(make_error(ErrorCode::pooler_found), TailHappened::pooler);
    last_error.clear();
    go(TailHappened::done);
    co_return std::nullopt;
}

asio::awaitable<LogTail::State::Answer> LogTail::State::catch_up() {
    std::string sql(head_sql);
    Arguments none;
    auto answer = co_await session.query(std::move(sql), std::move(none), settings.step_limit);
    if (!answer) co_return stumble(std::move(answer).error());
    FLEET_ASSERT(answer->size() == 1, "the log has one head");
    Position const head{std::string(answer->text(0, 1)), answer->number(0, 0)};
    if (!has_position) {
        has_position = true;
        position = head;
    }
    bool const foreign = !position.incarnation.empty() && position.incarnation != head.incarnation;
    if (foreign || position.seq > head.seq) {
        // A bare seq is taken to be of this incarnation.
        Arguments asked;
        asked.emplace_back(position_text(foreign ? position : Position{head.incarnation, position.seq}));
        std::string check_text(check_sql);
        auto good = co_await session.query(std::move(check_text), std::move(asked), settings.step_limit);
        if (!good) co_return stumble(std::move(good).error());
        if (!good->flag(0, 0)) {
            auto error = make_error(ErrorCode::log_rewound);
            error.detail = Json{{"last_common", std::string(good->text(0, 1))}};
            co_return Result<TailBatch>(std::move(error));
        }
    }
    position.incarnation = head.incarnation;
    if (position.seq < head.seq) co_return co_await read_page(head.seq);
    go(TailHappened::done);
    co_return std::nullopt;
}

// The position moves in the same breath as the batch is returned: a cancelled call loses nothing.
asio::awaitable<LogTail::State::Answer> LogTail::State::read_page(std::int64_t head) {
    auto const upto = std::min(position.seq + settings.page, head);
    auto const& filter = settings.filter;
    Arguments arguments;
    arguments.emplace_back(std::to_string(position.seq));
    arguments.emplace_back(std::to_string(upto));
    arguments.emplace_back(std::to_string(settings.page));
    arguments.emplace_back(filter.project);
    arguments.emplace_back(joined(filter.types));
    arguments.emplace_back(filter.stream_type);
    arguments.emplace_back(filter.stream_id);
    std::string sql(read_sql);
    auto rows = co_await session.query(std::move(sql), std::move(arguments), settings.step_limit);
    if (!rows) co_return stumble(std::move(rows).error());
    TailBatch batch;
    batch.events.reserve(rows->size());
    for (std::size_t i = 0; i < rows->size(); ++i) {
        TailedEvent event;
        event.seq = rows->number(i, 0);
        event.project = rows->text(i, 1);
        event.json = rows->text(i, 2);
        FLEET_ASSERT(event.seq > position.seq && event.seq <= upto, "a page holds what was asked for");
        batch.events.push_back(std::move(event));
    }
    position.seq = upto;
    batch.to = position;
    if (batch.events.empty()) co_return std::nullopt;
    co_return Result<TailBatch>(std::move(batch));
}

asio::awaitable<LogTail::State::Answer> LogTail::State::wait(Clock::time_point until) {
    auto const rest = std::chrono::ceil<Millis>(until - Clock::now());
    auto const limit = plan.wait_limit(now());
    auto heard = co_await session.notifications(std::max(Millis(0), std::min(limit, rest)));
    if (!heard) co_return stumble(std::move(heard).error());
    if (!heard->empty())
        go(TailHappened::hint);
    else if (limit <= rest)
        go(TailHappened::quiet);
    co_return std::nullopt;
}

asio::awaitable<LogTail::State::Answer> LogTail::State::sleep(Clock::time_point until) {
    timer.expires_at(std::min(until, sleep_until));
    co_await timer.async_wait(nothrow);
    if (Clock::now() >= sleep_until) go(TailHappened::done);
    co_return std::nullopt;
}

LogTail::LogTail(asio::any_io_executor loop, TailSettings settings)
    : state_(std::make_shared<State>(std::move(loop), std::move(settings))) {}

LogTail::~LogTail() {
    close();
}

asio::awaitable<Result<TailBatch>> LogTail::next(Millis limit) {
    auto state = state_;
    auto const until = Clock::now() + limit;
    for (;;) {
        if (state->closed) co_return make_error(ErrorCode::away, "the subscription was closed");
        State::Answer answer;
        switch (state->plan.step()) {
            case TailStep::connect: answer = co_await state->connect(); break;
            case TailStep::listen: answer = co_await state->listen(); break;
            case TailStep::catch_up: answer = co_await state->catch_up(); break;
            case TailStep::wait: answer = co_await state->wait(until); break;
            case TailStep::ping: answer = co_await state->check(state->settings.ping_answer); break;
            case TailStep::sleep: answer = co_await state->sleep(until); break;
        }
        if (answer) co_return *std::move(answer);
        if (Clock::now() >= until) co_return state->nothing();
    }
}

void LogTail::close() {
    state_->closed = true;
    state_->session.close();
    state_->timer.cancel();
}

bool LogTail::is_listening() const {
    return state_->plan.is_listening();
}
std::string LogTail::last_error() const {
    return state_->last_error;
}

}  // namespace fleet::direct
