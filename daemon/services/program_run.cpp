#include "services/program_run.hpp"

#include "services/failure.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <array>
#include <utility>

namespace fleet::services {
namespace {

constexpr std::size_t said_max = std::size_t{16} << 20U;
constexpr std::size_t line_max = 65536;
constexpr Millis end_limit{5'000};  // between the last word and the end
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Reads to the end; what is over the limit is dropped, so that the program can go on.
asio::awaitable<void> read_all(asio::readable_pipe& from, std::string& to) {
    std::array<char, 8192> piece{};
    auto const buffer = asio::buffer(piece);
    while (true) {
        auto [problem, bytes] = co_await from.async_read_some(buffer, as_result);
        if (to.size() < said_max) to.append(piece.data(), bytes);
        if (problem) co_return;
    }
}

}  // namespace

asio::awaitable<Result<Ran>> run_program(asio::any_io_executor executor, Command command, Millis limit) {
    using namespace asio::experimental::awaitable_operators;
    auto const until = std::chrono::steady_clock::now() + limit;
    auto const program = command.arguments.front();
    command.pipes_output = true;
    command.pipes_errors = true;
    auto child = Child::spawn(executor, std::move(command));
    if (!child) co_return child.error();
    Ran ran;
    asio::steady_timer timer(executor, limit);
    auto output = read_all(child->output(), ran.output);
    auto errors = read_all(child->errors(), ran.errors);
    auto late = timer.async_wait(as_result);
    co_await ((std::move(output) && std::move(errors)) || std::move(late));
    auto const rest = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    auto const exit = co_await child->wait(std::max(Millis{0}, rest));
    if (!exit)
        co_return failure(ErrorCode::internal,
                          fmt::format("{} did not end within {}", program, duration_words(limit)));
    ran.exit = *exit;
    co_return ran;
}

asio::awaitable<Result<Exit>> run_for_lines(asio::any_io_executor executor, Command command, LineSink sink) {
    command.pipes_output = true;
    auto child = Child::spawn(executor, std::move(command));
    if (!child) co_return child.error();
    std::array<char, 8192> piece{};
    auto const buffer = asio::buffer(piece);
    std::string text;
    bool at_end = false;
    while (!at_end) {
        auto [problem, bytes] = co_await child->output().async_read_some(buffer, as_result);
        if (problem == asio::error::operation_aborted) co_return Exit{};
        text.append(piece.data(), bytes);
        at_end = problem.failed();
        if (at_end && !text.empty()) text += '\n';
        std::size_t start = 0;
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
            auto line = text.substr(start, end - start);
            start = end + 1;
            auto const goes_on = co_await sink(std::move(line));
            if (!goes_on) co_return Exit{};
        }
        text.erase(0, start);
        if (text.size() > line_max) text.clear();
    }
    auto const exit = co_await child->wait(end_limit);
    co_return exit.value_or(Exit{});
}

}  // namespace fleet::services
