#include "app/probe.hpp"

#include "direct/pg_session.hpp"
#include "pg/statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace fleet::app {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr Millis shortest_limit{50};

// libpq has no words for a server that says nothing.
Error explained(Error error, Clock::time_point asked_at, Millis limit) {
    if (Clock::now() - asked_at >= limit)
        error.message = fmt::format("no answer within {}", duration_text(limit));
    while (!error.message.empty() && (error.message.back() == '\n' || error.message.back() == ' '))
        error.message.pop_back();
    return error;
}

asio::awaitable<Result<services::Answered>> probe(asio::any_io_executor loop, std::string dsn, Millis limit) {
    auto const asked_at = Clock::now();
    auto const until = asked_at + limit;
    direct::PgSession session(loop);
    direct::ConnectRequest request;
    request.dsn = std::move(dsn);
    request.application_name = "fleetd/probe";
    request.limit = limit;
    auto connected = co_await session.connect(std::move(request));
    if (!connected) co_return explained(connected.error(), asked_at, limit);
    auto const asked = Clock::now();
    auto const rest = std::max(shortest_limit, std::chrono::ceil<Millis>(until - asked));
    std::string text(pg::stmt<"ping">.text);
    direct::Arguments none;
    auto answer = co_await session.query(std::move(text), std::move(none), rest);
    if (!answer) co_return explained(answer.error(), asked_at, limit);
    services::Answered answered;
    answered.took = std::chrono::ceil<std::chrono::microseconds>(Clock::now() - asked);
    answered.server_version = version_words(session.server_version());
    co_return answered;
}

}  // namespace

std::string version_words(int server_version) {
    return fmt::format("{}.{}", server_version / 10000, server_version % 10000);
}

services::Probe make_probe(asio::any_io_executor loop) {
    return [loop](std::string dsn, Millis limit) { return probe(loop, std::move(dsn), limit); };
}

}  // namespace fleet::app
