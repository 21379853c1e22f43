#include "bus/listener.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <cstdlib>

namespace fleet::bus {

namespace {

using Clock = std::chrono::steady_clock;
using direct::TailHappened;
using direct::TailStep;
constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

Millis now() {
    return std::chrono::duration_cast<Millis>(Clock::now().time_since_epoch());
}

direct::TailTimes times_of(BusLimits const& limits) {
    direct::TailTimes times;
    times.ping_every = limits.ping_every;
    times.poll_every = limits.ping_every;  // the log reader polls by itself
    times.reconnect = limits.reconnect;
    times.pooler_pause = limits.pooler_pause;
    return times;
}

}  // namespace

std::optional<Hint> parse_hint(std::string_view payload) {
    auto const value = Json::parse(payload, nullptr, false);
    if (!value.is_object()) return std::nullopt;
    Hint const hint{number_or(value, "from", 0), number_or(value, "to", 0)};
    if (hint.from < 1 || hint.to < hint.from) return std::nullopt;
    return hint;
}

Listener::Listener(asio::any_io_executor loop, pg::DsnSource dsn, BusSettings const& settings,
                   LogReader& reader, pg::Report report)
    : loop_(std::move(loop)),
      dsn_(std::move(dsn)),
      settings_(settings),
      reader_(reader),
      report_(std::move(report)),
      session_(loop_),
      plan_(times_of(settings.limits)),
      timer_(loop_) {}

void Listener::stop() {
    stopping_ = true;
    session_.close();
    timer_.cancel();
}

asio::awaitable<void> Listener::run() {
    while (!stopping_) {
        auto const step = plan_.step();
        auto const happened = co_await carry_out(step);
        if (stopping_) break;
        bool const listened = plan_.is_listening();
        came_by_hint_ = happened == TailHappened::hint;
        auto const drawn = std::uniform_real_distribution<double>(0.0, 1.0)(random_);
        plan_.next(happened, now(), drawn);
        if (listened == plan_.is_listening()) continue;
        reader_.set_listening(plan_.is_listening());
        if (plan_.is_listening()) {
            trouble_.reset();
            last_error_.clear();
            pg::report(report_, pg::Level::info, connects_ > 1 ? "listening again" : "listening");
        }
    }
    session_.close();
}

asio::awaitable<TailHappened> Listener::carry_out(TailStep step) {
    switch (step) {
        case TailStep::connect: co_return co_await connect();
        case TailStep::listen: co_return co_await listen();
        case TailStep::catch_up:
            // After a hint the reader knows already what to read.
            if (!came_by_hint_) reader_.look();
            co_return TailHappened::done;
        case TailStep::wait: co_return co_await wait();
        case TailStep::ping: co_return co_await check(settings_.limits.ping_answer);
        case TailStep::sleep: co_return co_await sleep();
    }
    co_return TailHappened::lost;
}

asio::awaitable<TailHappened> Listener::connect() {
    auto dsn = dsn_();
    if (!dsn) {
        note(dsn.error());
        co_return TailHappened::lost;
    }
    direct::ConnectRequest request;
    request.dsn = *std::move(dsn);
    request.application_name = settings_.application_name;
    request.limit = settings_.limits.step_limit;
    request.tcp_user_timeout = settings_.limits.tcp_user_timeout;
    auto connected = co_await session_.connect(std::move(request));
    if (!connected) {
        note(connected.error());
        bool const pooler = connected.error().code == ErrorCode::pooler_found;
        co_return pooler ? TailHappened::pooler : TailHappened::lost;
    }
    connects_ += 1;
    co_return TailHappened::done;
}

asio::awaitable<TailHappened> Listener::listen() {
    std::string sql("listen fleet");
    direct::Arguments none;
    auto listening = co_await session_.query(std::move(sql), std::move(none), settings_.limits.step_limit);
    if (!listening) {
        note(listening.error());
        co_return TailHappened::lost;
    }
    co_return co_await check(settings_.limits.step_limit);
}

// A pooler that was put in between since we connected may give each statement another backend.
asio::awaitable<TailHappened> Listener::check(Millis limit) {
    std::string sql(direct::listening_check);
    direct::Arguments none;
    auto answer = co_await session_.query(std::move(sql), std::move(none), limit);
    if (!answer || answer->size() != 1) {
        note(answer ? make_error(ErrorCode::away) : answer.error());
        session_.close();
        co_return TailHappened::lost;
    }
    bool const same = answer->number(0, 0) == session_.backend_pid();
    bool const listens = answer->flag(0, 1);
    queue_usage_ = std::strtod(std::string(answer->text(0, 2)).c_str(), nullptr);
    if (same && listens) co_return TailHappened::done;
    session_.close();
    note(make_error(ErrorCode::pooler_found));
    co_return TailHappened::pooler;
}

asio::awaitable<TailHappened> Listener::wait() {
    auto heard = co_await session_.notifications(plan_.wait_limit(now()));
    if (!heard) {
        if (!stopping_) note(heard.error());
        co_return TailHappened::lost;
    }
    if (heard->empty()) co_return TailHappened::quiet;
    for (auto const& notification : *heard) {
        auto const hint = parse_hint(notification.payload);
        if (!hint) continue;
        hints_ += 1;
        reader_.hint(hint->from, hint->to);
    }
    co_return TailHappened::hint;
}

asio::awaitable<TailHappened> Listener::sleep() {
    session_.close();
    timer_.expires_after(plan_.pause());
    co_await timer_.async_wait(nothrow);
    co_return TailHappened::done;
}

void Listener::note(Error const& error) {
    bool const news = plan_.failures() == 0 || trouble_ != error.code;
    trouble_ = error.code;
    last_error_ = error.message;
    if (news)
        pg::report(
            report_, pg::Level::warning,
            fmt::format("the listener lost the database; the log is polled meanwhile: {}", error.message),
            error.hint.empty() ? Json::object() : Json{{"hint", error.hint}});
}

}  // namespace fleet::bus
