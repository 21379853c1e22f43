// How a private cluster is made: beside its place, and moved there when it is whole.
#include "services/failure.hpp"
#include "services/native.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr Millis initdb_limit{120'000};
constexpr std::size_t lines_that_tell = 20;

// Removes what is unfinished, however we leave, unless it was moved to its place.
class Unfinished {
public:
    explicit Unfinished(fs::path path) : path_(std::move(path)) {}
    Unfinished(Unfinished const&) = delete;
    Unfinished& operator=(Unfinished const&) = delete;
    ~Unfinished() {
        std::error_code problem;
        if (!path_.empty()) fs::remove_all(path_, problem);
    }
    void finished() { path_.clear(); }

private:
    fs::path path_;
};

}  // namespace

asio::awaitable<Result<void>> Native::initialise(Prepared prepared, Progress progress) {
    auto const& paths = options_.paths;
    auto const began = std::chrono::steady_clock::now();
    if (progress) progress(Step{"initdb", "making a new cluster in " + paths.data().string(), false});
    std::error_code problem;
    fs::remove_all(paths.unfinished(), problem);  // of an `up` that was killed
    if (problem) co_return system_failure("cannot remove " + paths.unfinished().string(), problem.value());
    fs::remove(paths.initdb_log(), problem);
    if (auto made = make_directory(paths.unfinished(), 0700, prepared.account); !made) co_return made.error();
    Unfinished unfinished(paths.unfinished());

    auto const password = draw_password();
    if (password.size() != 32) co_return failure(ErrorCode::internal, "the kernel gives no random numbers");
    if (auto kept = write_file(paths.password(), password, 0600); !kept) co_return kept.error();
    auto made = co_await run_initdb(prepared);
    if (!made) co_return made.error();
    made = co_await make_database(prepared);
    if (!made) co_return made.error();

    made = write_file(paths.unfinished() / "pg_hba.conf", access_rules(), 0600, prepared.account);
    auto conf = read_file(paths.unfinished() / "postgresql.conf");
    if (made && conf) {
        *conf += "\n# What fleetd needs. ALTER SYSTEM wins over it.\ninclude_if_exists = 'fleet.conf'\n";
        made = write_file(paths.unfinished() / "postgresql.conf", *conf, 0600, prepared.account);
    }
    if (!conf) co_return conf.error();
    if (!made) co_return made.error();
    fs::rename(paths.unfinished(), paths.data(), problem);
    if (problem)
        co_return system_failure("cannot move the new cluster to " + paths.data().string(), problem.value());
    unfinished.finished();
    if (auto synced = sync_directory(paths.root); !synced) co_return synced.error();
    auto const took = std::chrono::ceil<Millis>(std::chrono::steady_clock::now() - began);
    log_.info("made a new cluster", {{"directory", paths.data().string()}, {"ms", took}});
    if (progress) progress(Step{"initdb", fmt::format("made a new cluster in {} ms", took.count()), true});
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Native::run_initdb(Prepared prepared) {
    auto const& paths = options_.paths;
    // initdb reads it as the server's account.
    auto const pwfile = paths.initdb_password();
    Unfinished password_copy(pwfile);
    auto const password = read_file(paths.password());
    if (!password) co_return password.error();
    if (auto written = write_file(pwfile, *password + "\n", 0600, prepared.account); !written)
        co_return written.error();

    Command command;
    command.arguments = {(prepared.binaries.directory / "initdb").string(),
                         "--pgdata=" + paths.unfinished().string(),
                         "--username=" + std::string(cluster_user),
                         "--pwfile=" + pwfile.string(),
                         "--auth=scram-sha-256",
                         "--encoding=UTF8",
                         "--locale=C.UTF-8",
                         "--data-checksums",
                         "--wal-segsize=16"};
    command.output = paths.initdb_log();
    command.account = prepared.account;
    auto child = Child::spawn(executor_, std::move(command));
    if (!child) co_return child.error();
    auto const exit = co_await child->wait(initdb_limit);
    if (!exit)
        co_return failure(ErrorCode::internal,
                          fmt::format("initdb did not end within {}", duration_words(initdb_limit)),
                          "The disk may hang; try again, or set data_dir to another one.");
    if (exit->code == 0) co_return Result<void>{};
    co_return why_it_ended("initdb", last_lines(paths.initdb_log(), lines_that_tell), 0);
}

// With the server alone on the directory, before it is moved to its place: there is never a cluster without
// it.
asio::awaitable<Result<void>> Native::make_database(Prepared prepared) {
    Command command;
    command.arguments = {(prepared.binaries.directory / "postgres").string(), "--single", "-D",
                         options_.paths.unfinished().string(), "postgres"};
    command.input = fmt::format("create database {}\n", cluster_database);
    command.output = options_.paths.initdb_log();
    command.account = prepared.account;
    auto child = Child::spawn(executor_, std::move(command));
    if (!child) co_return child.error();
    auto const exit = co_await child->wait(initdb_limit);
    if (exit && exit->code == 0) co_return Result<void>{};
    co_return why_it_ended("PostgreSQL", last_lines(options_.paths.initdb_log(), lines_that_tell), 0);
}

}  // namespace fleet::services
