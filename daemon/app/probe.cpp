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

asio::awaitable<Result<services::Answered>> probe(asio::any_io_executor loop, std::string dsn, Millis limit) {
    auto const until = Clock::now() + limit;
    direct::PgSession session(loop);
    direct::ConnectRequest request;
    request.dsn = std::move(dsn);
    request.application_name = "fleetd/probe";
    request.limit = limit;
    auto connected = co_await session.connect(std::move(request));
    if (!connected) co_return connected.error();
    auto const asked = Clock::now();
    auto const rest = std::max(shortest_limit, std::chrono::ceil<Millis>(until - asked));
    std::string text(pg::stmt<"ping">.text);
    direct::Arguments none;
    auto answer = co_await session.query(std::move(text), std::move(none), rest);
    if (!answer) co_return answer.error();
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
