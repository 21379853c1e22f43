#include "services/native.hpp"

#include "services/failure.hpp"
#include "services/lock_wait.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <signal.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr Millis look_pause{100};
constexpr Millis first_probe_pause{50};
constexpr Millis longest_probe_pause{500};
constexpr Millis probe_limit{2'000};
constexpr Millis leftover_limit{5'000};  // for backends of a killed server to notice
constexpr Millis kill_limit{5'000};
constexpr Millis for_ever{std::chrono::hours(24 * 365)};
constexpr std::uintmax_t log_bytes_max = 10 << 20;
constexpr std::size_t lines_that_tell = 40;

asio::awaitable<void> pause(asio::any_io_executor executor, Millis time) {
    asio::steady_timer timer(executor, time);
    co_await timer.async_wait(asio::use_awaitable);
}

void remove_sockets(fs::path const& directory) {
    std::error_code problem;
    for (auto const& entry : fs::directory_iterator(directory, problem))
        if (entry.path().filename().string().starts_with(".s.PGSQL.")) fs::remove(entry.path(), problem);
}

void say(Progress const& progress, std::string step, std::string text, bool is_done = false) {
    if (progress) progress(Step{std::move(step), std::move(text), is_done});
}

// Ends a server that was launched for nothing, because the start failed or was cancelled.
class Launched {
public:
    explicit Launched(Child& server) : server_(&server) {}
    Launched(Launched const&) = delete;
    Launched& operator=(Launched const&) = delete;
    ~Launched() {
        if (server_ != nullptr && !server_->has_ended()) server_->signal(SIGINT);
    }
    void stays() { server_ = nullptr; }

private:
    Child* server_;
};

}  // namespace

Native::Native(asio::any_io_executor executor, NativeOptions options, Probe probe, observe::Log& log)
    : executor_(std::move(executor)), options_(std::move(options)), probe_(std::move(probe)), log_(log) {
    options_.socket_directories.insert(options_.socket_directories.begin(),
                                       options_.paths.socket_directory());
}

asio::awaitable<Result<void>> Native::start(Progress progress) {
    std::error_code problem;
    fs::create_directories(options_.paths.root, problem);
    if (problem) co_return system_failure("cannot make " + options_.paths.root.string(), problem.value());
    auto lock = co_await wait_for_lock(executor_, options_.paths.lock(), options_.lock_limit, progress);
    if (!lock) co_return lock.error();
    if (auto const found = running()) {
        say(progress, "start", fmt::format("PostgreSQL runs already (pid {})", found->pid));
        if (!server_ || server_->pid() != found->pid) {
            server_.reset();
            auto adopted = Child::adopt(executor_, found->pid);
            if (adopted) server_.emplace(*std::move(adopted));
        }
        co_return co_await wait_until_answers(progress);
    }
    auto prepared = prepare(progress);
    if (!prepared) co_return prepared.error();
    if (!prepared->has_data) {
        auto made = co_await initialise(*prepared, progress);
        if (!made) co_return made.error();
    }
    auto cleared = co_await clear_stale_pid(progress);
    if (!cleared) co_return cleared.error();
    auto launched = co_await launch(*prepared, progress);
    co_return launched;
}

// Everything that can be found out before anything is made or started.
Result<Native::Prepared> Native::prepare(Progress const& progress) {
    Prepared prepared;
    auto account = server_account(options_.run_as);
    if (!account) return account.error();
    prepared.account = *account;
    if (auto made = make_directories(options_.paths, prepared.account); !made) return made.error();

    auto version = data_version(options_.paths);
    if (!version) return version.error();
    prepared.has_data = version->has_value();
    if (prepared.has_data) {
        // Postgres insists on owner and mode, and says so less clearly.
        if (auto fit = make_directory(options_.paths.data(), 0700, prepared.account); !fit)
            return fit.error();
    }
    auto binaries = choose_binaries(options_.places, *version);
    if (!binaries) return binaries.error();
    prepared.binaries = *std::move(binaries);
    say(progress, "binaries",
        fmt::format("PostgreSQL {} in {}{}", prepared.binaries.version, prepared.binaries.directory.string(),
                    prepared.account ? ", run as " + prepared.account->name : ""));

    // Found out now, before a cluster is made for nothing.
    if (auto directory = choose_socket_directory(options_.socket_directories, prepared.account); !directory)
        return directory.error();
    if (auto port = choose_port(); !port) return port.error();
    auto const needed = prepared.has_data ? options_.bytes_for_start : options_.bytes_for_cluster;
    auto const free = free_bytes(options_.paths.root);
    if (!free) return free.error();
    if (*free < needed)
        return failure(ErrorCode::disk_full,
                       fmt::format("{} has {} MB free, {} MB are needed", options_.paths.root.string(),
                                   *free >> 20U, needed >> 20U),
                       "Make room there, or set data_dir to another disk.");
    return prepared;
}

// The number in postmaster.pid may belong to another program by now, and a killed server's backends may still
// be on their way out.
asio::awaitable<Result<void>> Native::clear_stale_pid(Progress progress) {
    auto const left = read_postmaster_pid(options_.paths.data());
    if (!left) co_return Result<void>{};
    auto const deadline = std::chrono::steady_clock::now() + leftover_limit;
    while (attached_to(left->shared_memory_id) > 0 || !processes_in(options_.paths.data()).empty()) {
        if (std::chrono::steady_clock::now() >= deadline) {
            std::string pids;
            for (auto pid : processes_in(options_.paths.data())) pids += fmt::format(" {}", pid);
            co_return failure(ErrorCode::pid_stale,
                              fmt::format("the server {} is gone, but processes of it still use the data:{}",
                                          left->pid, pids.empty() ? " (unknown)" : pids),
                              "End them with `kill`, then try again.");
        }
        co_await pause(executor_, look_pause);
    }
    std::error_code problem;
    fs::remove(options_.paths.data() / "postmaster.pid", problem);
    if (problem) co_return system_failure("cannot remove postmaster.pid", problem.value());
    // The lock of the socket names the same process. Only in a directory that is ours.
    for (auto const& directory : options_.socket_directories)
        if (directory == left->socket_directory) remove_sockets(directory);
    say(progress, "stale", fmt::format("removed the pid file of a server that is gone (pid {})", left->pid));
    log_.warning("removed a stale postmaster.pid", {{"pid", left->pid}});
    co_return Result<void>{};
}

Result<int> Native::choose_port() const {
    if (options_.port != 0) {
        if (port_is_free(options_.port)) return options_.port;
        return failure(ErrorCode::port_taken,
                       fmt::format("port {} on {} (postgres_port) is taken by another program", options_.port,
                                   loopback));
    }
    // The port of the last start, so that what people wrote down stays true.
    if (auto const kept = read_file(options_.paths.port())) {
        auto const port = major_of(*kept);
        if (port > 0 && port_is_free(port)) return port;
    }
    return free_port();
}

Result<ServerConf> Native::configure(Prepared const& prepared) {
    auto port = choose_port();
    if (!port) return port.error();
    auto directory = choose_socket_directory(options_.socket_directories, prepared.account);
    if (!directory) return directory.error();
    if (auto made = make_directory(*directory, 0700, prepared.account); !made) return made.error();
    ServerConf conf{*directory, *port, options_.shared_buffers_bytes};
    if (options_.keeps_wal) {
        auto archive = make_archive(prepared.account);
        if (!archive) return archive.error();
        conf.archive = *std::move(archive);
        conf.archive_seconds = static_cast<int>(options_.archive_timeout.count() / 1000);
    }
    auto const password = read_file(options_.paths.password());
    if (!password)
        return failure(
            ErrorCode::not_configured,
            fmt::format("the password of the cluster is missing: {}", options_.paths.password().string()),
            "Put the file back; without it nobody can connect. `fleet services destroy` begins anew.");
    auto written =
        write_file(options_.paths.data() / "fleet.conf", server_conf(conf), 0600, prepared.account);
    if (written) written = write_file(options_.paths.port(), fmt::format("{}\n", conf.port), 0600);
    if (written) written = write_file(options_.paths.pgpass(), pgpass_lines(conf, *password), 0600);
    if (!written) return written.error();
    return conf;
}

asio::awaitable<Result<void>> Native::launch(Prepared prepared, Progress progress) {
    auto conf = configure(prepared);
    if (!conf) co_return conf.error();
    say(progress, "start", fmt::format("starting PostgreSQL on {}:{}", loopback, conf->port));
    turn_over(options_.paths.log(), log_bytes_max);
    std::error_code problem;
    log_began_ = fs::file_size(options_.paths.log(), problem);
    if (problem) log_began_ = 0;
    Command command;
    command.arguments = {(prepared.binaries.directory / "postgres").string(), "-D",
                         options_.paths.data().string()};
    command.output = options_.paths.log();
    command.account = prepared.account;
    command.outlives_us = true;
    server_.reset();
    auto child = Child::spawn(executor_, std::move(command));
    if (!child) co_return child.error();
    server_.emplace(*std::move(child));
    log_.info("started PostgreSQL",
              {{"pid", server_->pid()}, {"version", prepared.binaries.version}, {"port", conf->port}});
    Launched launched(*server_);
    auto answered = co_await wait_until_answers(progress);
    if (answered) launched.stays();
    co_return answered;
}

asio::awaitable<Result<void>> Native::wait_until_answers(Progress progress) {
    auto const deadline = std::chrono::steady_clock::now() + options_.start_limit;
    auto next = first_probe_pause;
    auto last = failure(ErrorCode::away, "it was never asked");
    while (std::chrono::steady_clock::now() < deadline) {
        if (server_ && server_->has_ended()) {
            auto const kept = read_file(options_.paths.port());
            auto const port = kept ? major_of(*kept) : 0;
            co_return why_it_ended("PostgreSQL",
                                   lines_after(options_.paths.log(), log_began_, lines_that_tell), port);
        }
        auto where = dsn();
        if (where) {
            auto answered = co_await probe_(*std::move(where), probe_limit);
            if (answered) {
                say(progress, "start", fmt::format("PostgreSQL {} answers", answered->server_version), true);
                co_return Result<void>{};
            }
            last = std::move(answered).error();
        }
        co_await pause(executor_, next);
        next = std::min(longest_probe_pause, next * 2);
    }
    co_return failure(
        ErrorCode::away,
        fmt::format("PostgreSQL runs, but gave no answer within {} (postgres_start_timeout): {}",
                    duration_words(options_.start_limit), last.message),
        "`fleet services logs postgres` shows what it does; crash recovery of much data takes its time.");
}

asio::awaitable<Result<void>> Native::stop(Progress progress) {
    auto const found = running();
    if (!found) co_return Result<void>{};
    auto child = Child::adopt(executor_, found->pid);
    if (!child) co_return Result<void>{};
    say(progress, "stop", fmt::format("stopping PostgreSQL (pid {})", found->pid));
    child->signal(SIGINT);  // fast: ends sessions, writes a checkpoint
    auto ended = co_await child->wait(options_.stop_limit);
    if (!ended) {
        log_.warning("PostgreSQL did not stop in time, stopping it hard", {{"pid", found->pid}});
        child->signal(SIGQUIT);  // immediate: recovers at the next start
        ended = co_await child->wait(kill_limit);
    }
    if (!ended)
        co_return failure(ErrorCode::internal, fmt::format("PostgreSQL (pid {}) does not stop", found->pid),
                          "Look at the process with `ps`; a hanging disk can do this.");
    log_.info("stopped PostgreSQL", {{"pid", found->pid}});
    say(progress, "stop", "PostgreSQL has stopped, its data are kept", true);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Native::destroy(Progress progress) {
    auto stopped = co_await stop(progress);
    if (!stopped) co_return stopped.error();
    std::error_code problem;
    if (!fs::exists(options_.paths.root, problem)) co_return Result<void>{};
    auto lock = co_await wait_for_lock(executor_, options_.paths.lock(), options_.lock_limit, progress);
    if (!lock) co_return lock.error();
    auto removed = remove_cluster(options_.paths);
    if (!removed) co_return removed.error();
    log_.warning("destroyed the native cluster", {{"directory", options_.paths.root.string()}});
    say(progress, "destroy", "the cluster and its data are removed", true);
    co_return Result<void>{};
}

asio::awaitable<std::string> Native::ended() {
    if (!server_) {
        auto const found = running();
        if (!found) co_return "it does not run";
        auto adopted = Child::adopt(executor_, found->pid);
        if (!adopted) co_return "it does not run";
        server_.emplace(*std::move(adopted));
    }
    auto const pid = server_->pid();
    auto const exit = co_await server_->wait(for_ever);
    if (!exit) co_return "unknown";
    if (exit->signal != 0) co_return fmt::format("pid {} was ended by signal {}", pid, exit->signal);
    if (exit->code >= 0) co_return fmt::format("pid {} ended with code {}", pid, exit->code);
    co_return fmt::format("pid {} has ended", pid);
}

}  // namespace fleet::services
