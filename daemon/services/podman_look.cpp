// How the container runs, how it ended, and what it says.
#include "services/cluster.hpp"
#include "services/failure.hpp"
#include "services/podman.hpp"
#include "services/postmaster.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace fleet::services {
namespace {

constexpr Millis margin{200};        // of the status limit, for everything but the query
constexpr Millis look_again{1'000};  // at a container in another machine, and for one that is to come back
constexpr Millis for_ever{std::chrono::hours(24 * 365)};
constexpr std::size_t lines_that_tell = 40;
constexpr std::size_t tail_max = 10'000;

asio::awaitable<void> until_unwanted(asio::any_io_executor executor, std::function<bool()> is_wanted) {
    asio::steady_timer timer(executor);
    while (is_wanted()) {
        timer.expires_after(look_again);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

// Its keeper names it: a number in another machine would be somebody else's here.
bool runs_here(ContainerFacts const& facts) {
    if (facts.pid <= 0 || facts.conmon_pid <= 0) return false;
    std::ifstream file(fmt::format("/proc/{}/cmdline", facts.conmon_pid), std::ios::binary);
    std::string const line{std::istreambuf_iterator<char>(file), {}};
    return line.find(facts.id) != std::string::npos;
}

std::string exit_words(ContainerFacts const& facts) {
    if (facts.was_out_of_memory)
        return fmt::format("the container ran out of its memory limit (podman_memory_max), code {}",
                           facts.exit_code);
    return fmt::format("the container ended with code {}", facts.exit_code);
}

}  // namespace

asio::awaitable<Result<void>> Podman::adopt(EnginePtr engine) {
    auto seen = co_await engine->container(options_.container);
    if (!seen) co_return podman_error(seen.error(), {options_.container, options_.image, settled_.port});
    if (!*seen) co_return failure(ErrorCode::internal, "the container went away as it was started");
    running_ = Running{**seen, settled_.port, runs_here(**seen)};
    server_.reset();
    if (!running_->is_local) co_return Result<void>{};
    auto adopted = Child::adopt(executor_, running_->facts.pid);
    if (adopted) server_.emplace(*std::move(adopted));
    co_return Result<void>{};
}

asio::awaitable<Error> Podman::why_it_stopped(EnginePtr engine) {
    std::vector<std::string> lines;
    LineSink const keep = [&lines](std::string line) -> asio::awaitable<bool> {
        lines.push_back(dated_line(std::move(line)));
        co_return true;
    };
    ContainerLog const wanted{lines_that_tell, false, {}};
    auto read = co_await engine->logs(options_.container, wanted, keep);
    static_cast<void>(read);
    auto error = why_it_ended("the container", lines, settled_.port);
    if (error.code == ErrorCode::wrong_major)
        error.hint = "Set podman_image to an image of the version that made the data. Nothing was touched.";
    if (error.code == ErrorCode::not_configured)
        error.hint = "`fleet services logs postgres` shows the whole story.";
    co_return error;
}

asio::awaitable<std::string> Podman::how_it_ended() {
    auto reached = co_await access_.engine({});
    if (!reached) co_return "the container has ended";
    auto seen = co_await (*reached)->container(options_.container);
    if (!seen || !*seen) co_return fmt::format("the container {} is gone", options_.container);
    co_return exit_words(**seen);
}

asio::awaitable<std::string> Podman::ended() {
    if (!running_) co_return "it does not run";
    if (server_) {
        auto const exit = co_await server_->wait(for_ever);
        static_cast<void>(exit);
    }
    asio::steady_timer timer(executor_);
    // Its keeper writes down the end a moment later; and in another machine nothing else tells.
    while (true) {
        auto reached = co_await access_.engine({});
        if (reached) {
            auto waited = co_await (*reached)->wait(options_.container);
            if (waited) break;
        }
        timer.expires_after(look_again);
        co_await timer.async_wait(asio::use_awaitable);
    }
    auto words = co_await how_it_ended();
    running_.reset();
    server_.reset();
    co_return words;
}

Result<std::string> Podman::dsn() const {
    if (!running_) return make_error(ErrorCode::not_running, "the container does not run");
    auto const password = read_file(options_.paths.password());
    if (!password) return password.error();
    return fmt::format("host={} port={} user={} dbname={} password={}", loopback, running_->port,
                       cluster_user, cluster_database, conninfo_value(*password));
}

Result<std::string> Podman::url() const {
    if (!running_) return make_error(ErrorCode::not_running, "the container does not run");
    return fmt::format("postgresql://{}@{}:{}/{}?passfile={}", cluster_user, loopback, running_->port,
                       cluster_database, url_escaped(options_.paths.pgpass().string()));
}

asio::awaitable<void> Podman::look(ServerStatus& status) {
    auto reached = co_await access_.engine({});
    if (!reached) {
        status.words = reached.error().message;
        co_return;
    }
    auto found = co_await survey(*reached);
    if (!found) {
        status.words = found.error().message;
        co_return;
    }
    if (!found->container) co_return;
    if (found->container->is_running) status.state = ServerState::starting;
    if (!found->container->is_running && found->container->exit_code != 0)
        status.words = exit_words(*found->container);
}

asio::awaitable<ServerStatus> Podman::status(Millis limit) {
    using namespace asio::experimental::awaitable_operators;
    ServerStatus status;
    status.provider = "podman";
    status.container = options_.container;
    status.image = options_.image;
    status.data_directory = "volume " + options_.volume();
    status.state = is_made() ? ServerState::stopped : ServerState::absent;
    auto const rest = std::max(Millis{100}, limit - margin);
    if (!running_) {
        if (!is_made()) co_return status;
        asio::steady_timer timer(executor_, rest);
        auto looked = look(status);
        auto late = timer.async_wait(asio::as_tuple(asio::use_awaitable));
        co_await (std::move(looked) || std::move(late));
        co_return status;
    }
    status.state = ServerState::unresponsive;
    status.host = std::string(loopback);
    status.port = running_->port;
    auto const now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
    if (running_->facts.started) status.uptime = std::max(Millis{0}, now - *running_->facts.started);
    if (running_->is_local) {
        status.pid = running_->facts.pid;
        status.memory_bytes = memory_of_family(running_->facts.pid);
    }
    auto where = dsn();
    if (!where) {
        status.words = where.error().message;
        co_return status;
    }
    auto answered = co_await probe_(*std::move(where), rest);
    if (!answered) {
        status.words = answered.error().message;
        co_return status;
    }
    status.state = ServerState::running;
    status.version = answered->server_version;
    status.query = answered->took;
    co_return status;
}

asio::awaitable<Result<void>> Podman::logs(LogRequest request, LineSink sink) {
    using namespace asio::experimental::awaitable_operators;
    if (!is_made()) co_return failure(ErrorCode::not_found, "there is no container yet, so there is no log");
    auto const is_wanted = request.is_wanted;
    auto reading = read_logs(std::move(request), std::move(sink));
    if (!is_wanted) {
        auto read = co_await std::move(reading);
        co_return read;
    }
    // While nothing is written, nobody else notices that the reader has gone.
    auto unwanted = until_unwanted(executor_, is_wanted);
    auto first = co_await (std::move(reading) || std::move(unwanted));
    if (first.index() == 0) co_return std::get<0>(std::move(first));
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Podman::read_logs(LogRequest request, LineSink sink) {
    bool goes_on = true;
    LineSink const dated = [&](std::string line) -> asio::awaitable<bool> {
        auto text = dated_line(std::move(line));
        goes_on = co_await sink(std::move(text));
        co_return goes_on;
    };
    ContainerLog wanted{std::min(request.tail, tail_max), request.follow, {}};
    asio::steady_timer timer(executor_);
    while (true) {
        auto reached = co_await access_.engine({});
        if (!reached) co_return reached.error();
        auto read = co_await (*reached)->logs(options_.container, wanted, dated);
        if (!request.follow || !goes_on) co_return read;
        // It ends with the container, which may come back.
        auto const ended_at = std::chrono::floor<Millis>(std::chrono::system_clock::now());
        std::optional<Time> since;
        while (!since) {
            timer.expires_after(look_again);
            co_await timer.async_wait(asio::use_awaitable);
            if (running_ && running_->facts.started && *running_->facts.started + look_again >= ended_at)
                since = running_->facts.started;
        }
        wanted.tail = tail_max;
        wanted.since = since;
    }
}

std::string dated_line(std::string line) {
    constexpr std::size_t seconds = 19;  // "2026-11-21T11:00:29"
    auto const space = line.find(' ');
    if (space == std::string::npos || space < seconds + 1 || line[seconds - 9] != 'T') return line;
    auto rest = line.substr(space + 1);
    // "2026-11-21 11:00:29.849 UTC [1] LOG: …": it brings its own, with milliseconds.
    auto const is_dated =
        rest.size() > seconds && rest[4] == '-' && rest[10] == ' ' && rest[13] == ':' && rest[19] == '.';
    if (is_dated) return rest;
    auto time = time_of_stamp(line.substr(0, space));
    return time ? time_text(*time) + ' ' + rest : line;
}

}  // namespace fleet::services
