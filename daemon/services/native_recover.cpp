// A private cluster brought back to a point in time: a base backup and archived WAL, replayed beside the
// present data by a server of its own, and put in their place when it is what was asked for.
#include "services/failure.hpp"
#include "services/native.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <signal.h>
#include <unistd.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr Millis probe_pause{100};
constexpr Millis probe_limit{2'000};
constexpr Millis unpack_limit{1'800'000};
constexpr std::size_t lines_that_tell = 60;

// Everything below `directory` to the server's account, as PostgreSQL insists.
Result<void> give_to(fs::path const& directory, std::optional<Account> const& account) {
    std::error_code problem;
    fs::permissions(directory, fs::perms::owner_all, problem);
    if (!account) return {};
    if (::lchown(directory.c_str(), account->uid, account->gid) != 0)
        return system_failure("cannot give " + directory.string() + " to " + account->name, errno);
    for (auto const& entry : fs::recursive_directory_iterator(directory, problem))
        if (::lchown(entry.path().c_str(), account->uid, account->gid) != 0)
            return system_failure("cannot give " + entry.path().string() + " to " + account->name, errno);
    if (problem) return system_failure("cannot read " + directory.string(), problem.value());
    return {};
}

fs::path tar_program() {
    for (auto const* path : {"/usr/bin/tar", "/bin/tar"})
        if (::access(path, X_OK) == 0) return path;
    return "tar";
}

// Why a replay ended without a server: what is known has an answer of its own.
Error why_not_recovered(std::vector<std::string> const& lines) {
    for (auto const& line : lines) {
        if (line.find("recovery ended before configured recovery target") != std::string::npos)
            return failure(ErrorCode::not_found, "the WAL that is kept ends before the point asked for",
                           "`--to-latest` goes as far as it reaches; nothing was changed.");
        if (line.find("requested recovery stop point is before") != std::string::npos)
            return failure(ErrorCode::not_found, "the point asked for is before the end of the base backup",
                           "Name an older base with PATH; `fleet backup list` shows them.");
    }
    return why_it_ended("the recovering PostgreSQL", lines, 0);
}

}  // namespace

fs::path Native::archive() const {
    if (!options_.keeps_wal) return {};
    auto const id = system_identifier(options_.paths.data());
    return id ? options_.paths.archives() / *id : fs::path{};
}

Result<fs::path> Native::make_archive(std::optional<Account> const& account) const {
    auto const id = system_identifier(options_.paths.data());
    if (!id) return id.error();
    auto made = make_directory(options_.paths.archives(), account ? 0711 : 0700, std::nullopt);
    auto const place = options_.paths.archives() / *id;
    if (made) made = make_directory(place, 0700, account);
    if (!made) return made.error();
    return place;
}

asio::awaitable<Result<void>> Native::unpack(fs::path base, Prepared prepared) {
    auto const place = options_.paths.recovering();
    std::error_code problem;
    fs::remove_all(place, problem);
    if (auto made = make_directory(place, 0700, std::nullopt); !made) co_return made;
    fs::remove(options_.paths.recovery_log(), problem);
    for (auto const& [file, inside] :
         {std::pair{"base.tar.gz", place}, {"pg_wal.tar.gz", place / "pg_wal"}}) {
        fs::create_directories(inside, problem);
        Command command;
        command.arguments = {tar_program().string(),
                             "--extract",
                             "--gzip",
                             "--no-same-owner",
                             "--file=" + (base / file).string(),
                             "--directory=" + inside.string()};
        command.output = options_.paths.recovery_log();
        auto child = Child::spawn(executor_, std::move(command));
        if (!child) co_return child.error();
        auto const exit = co_await child->wait(unpack_limit);
        if (!exit || exit->code != 0)
            co_return why_it_ended("tar", last_lines(options_.paths.recovery_log(), lines_that_tell), 0);
    }
    co_return give_to(place, prepared.account);
}

asio::awaitable<Result<std::string>> Native::recover(RecoveryPlan plan, Progress progress) {
    co_await drop_recovered();
    auto account = server_account(options_.run_as);
    if (!account) co_return account.error();
    Prepared prepared;
    prepared.account = *account;
    auto made = make_directories(options_.paths, prepared.account);
    if (!made) co_return made.error();
    if (progress) progress(Step{"unpack", "unpacking " + plan.base.string(), false});
    auto unpacked = co_await unpack(plan.base, prepared);
    if (unpacked) {
        std::error_code problem;
        auto version = read_file(options_.paths.recovering() / "PG_VERSION");
        while (version && !version->empty() && version->back() == '\n') version->pop_back();
        auto binaries =
            version ? choose_binaries(options_.places, *version) : Result<Binaries>(version.error());
        if (binaries) {
            prepared.binaries = *std::move(binaries);
            auto ready = co_await replay(std::move(plan), std::move(prepared), progress);
            if (ready) co_return ready;
            unpacked = ready.error();
        } else {
            unpacked = binaries.error();
        }
    }
    co_await drop_recovered();
    co_return unpacked.error();
}

asio::awaitable<Result<std::string>> Native::replay(RecoveryPlan plan, Prepared prepared, Progress progress) {
    auto const& paths = options_.paths;
    auto const place = paths.recovering();
    auto const password = read_file(paths.password());
    if (!password) co_return password.error();
    auto directory = choose_socket_directory(options_.socket_directories, prepared.account);
    if (!directory) co_return directory.error();
    auto port = free_port();
    if (!port) co_return port.error();
    if (auto dir = make_directory(*directory, 0700, prepared.account); !dir) co_return dir.error();
    auto const id = system_identifier(place);
    if (!id) co_return id.error();
    ServerConf conf{*directory, *port, options_.shared_buffers_bytes};
    // Nobody is let in before the target is reached: then the first answer says that it was.
    conf.more = {"hot_standby = off", "recovery_target_action = 'promote'", "archive_mode = off",
                 "restore_command = " + conf_value(restore_command(paths.archives() / *id, paths.data()))};
    for (auto const& line : plan.target) conf.more.push_back(line);
    auto written = write_file(place / "fleet.conf", server_conf(conf), 0600, prepared.account);
    if (written) written = write_file(place / "recovery.signal", "", 0600, prepared.account);
    if (!written) co_return written.error();
    Command command;
    command.arguments = {(prepared.binaries.directory / "postgres").string(), "-D", place.string(),
                         // ALTER SYSTEM of the past must not bring it to the present server's place.
                         "-c", fmt::format("port={}", *port), "-c", "listen_addresses=", "-c",
                         "archive_mode=off"};
    command.output = paths.recovery_log();
    command.account = prepared.account;
    auto child = Child::spawn(executor_, std::move(command));
    if (!child) co_return child.error();
    recovered_.emplace(*std::move(child));
    auto const dsn =
        fmt::format("host={} port={} user={} dbname={} password={}", conninfo_value(directory->string()),
                    *port, cluster_user, cluster_database, conninfo_value(*password));
    if (progress) progress(Step{"replay", "replaying archived WAL", false});
    auto const until = std::chrono::steady_clock::now() + options_.recovery_limit;
    asio::steady_timer timer(executor_);
    while (std::chrono::steady_clock::now() < until) {
        if (recovered_->has_ended())
            co_return why_not_recovered(last_lines(paths.recovery_log(), lines_that_tell));
        auto copy = dsn;
        auto answered = co_await probe_(std::move(copy), probe_limit);
        if (answered) {
            if (progress) progress(Step{"replay", "the WAL is replayed", true});
            co_return dsn;
        }
        timer.expires_after(probe_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return failure(ErrorCode::away,
                      fmt::format("replaying did not end within {}", duration_words(options_.recovery_limit)),
                      fmt::format("{} has what it said.", paths.recovery_log().string()));
}

asio::awaitable<Result<std::string>> Native::take_recovered(Progress progress) {
    if (!recovered_) co_return failure(ErrorCode::not_running, "nothing was recovered");
    recovered_->signal(SIGINT);
    auto const ended = co_await recovered_->wait(options_.stop_limit);
    if (!ended || ended->code != 0)
        co_return failure(ErrorCode::internal, "the recovered server did not stop in order",
                          options_.paths.recovery_log().string() + " has what it said.");
    recovered_.reset();
    auto moved = co_await move_in(options_.paths.recovering());
    if (!moved) co_return moved.error();
    std::error_code problem;
    if (progress) progress(Step{"switch", "the recovered data are in place", true});
    co_return kept_as_;
}

asio::awaitable<void> Native::drop_recovered() {
    if (recovered_) {
        recovered_->signal(SIGQUIT);
        co_await recovered_->wait(options_.stop_limit);
        recovered_.reset();
    }
    std::error_code problem;
    fs::remove_all(options_.paths.recovering(), problem);
}

}  // namespace fleet::services
