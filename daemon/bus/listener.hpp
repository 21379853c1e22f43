#pragma once
// The daemon's ear: one direct session that listens, and never does anything else. What it hears goes to the
// log reader. Lives on the loop thread; the reader outlives it.
#include "bus/bus.hpp"
#include "bus/log_reader.hpp"
#include "direct/pg_session.hpp"
#include "direct/tail_plan.hpp"

#include <boost/asio/steady_timer.hpp>

#include <random>

namespace fleet::bus {

// The range a notification speaks of; empty when it is not one of ours.
struct Hint {
    std::int64_t from = 0;
    std::int64_t to = 0;
};
std::optional<Hint> parse_hint(std::string_view payload);

class Listener {
public:
    Listener(asio::any_io_executor loop, pg::DsnSource dsn, BusSettings const& settings, LogReader& reader,
             pg::Report report);

    asio::awaitable<void> run();  // ends after `stop`
    void stop();

    bool is_listening() const { return plan_.is_listening(); }
    std::uint64_t hints() const { return hints_; }
    std::uint64_t reconnects() const { return connects_ == 0 ? 0 : connects_ - 1; }
    double queue_usage() const { return queue_usage_; }
    std::string const& last_error() const { return last_error_; }
    std::optional<ErrorCode> trouble() const { return trouble_; }

private:
    asio::awaitable<direct::TailHappened> carry_out(direct::TailStep step);
    asio::awaitable<direct::TailHappened> connect();
    asio::awaitable<direct::TailHappened> listen();
    asio::awaitable<direct::TailHappened> check(Millis limit);
    asio::awaitable<direct::TailHappened> wait();
    asio::awaitable<direct::TailHappened> sleep();
    void note(Error const& error);

    asio::any_io_executor loop_;
    pg::DsnSource dsn_;
    BusSettings settings_;
    LogReader& reader_;
    pg::Report report_;
    direct::PgSession session_;
    direct::TailPlan plan_;
    asio::steady_timer timer_;
    std::minstd_rand random_{std::random_device{}()};
    bool stopping_ = false;
    bool came_by_hint_ = false;
    std::uint64_t hints_ = 0;
    std::uint64_t connects_ = 0;
    double queue_usage_ = 0;
    std::string last_error_{};
    std::optional<ErrorCode> trouble_{};
};

}  // namespace fleet::bus
