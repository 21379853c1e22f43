#include "backups/restore.hpp"

#include "backups/tool.hpp"
#include "pg/statement.hpp"
#include "services/failure.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr Millis long_limit{3'600'000};
constexpr Millis rename_limit{15'000};
constexpr Millis end_pause{100};
constexpr int rename_tries = 4;

void say(services::Progress const& progress, std::string step, std::string text, bool is_done = false) {
    if (progress) progress(services::Step{std::move(step), std::move(text), is_done});
}

std::string stamp() {
    auto const at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    std::string text;
    for (char c : time_text(std::chrono::floor<Millis>(at)).substr(0, 19))
        if (c >= '0' && c <= '9') text += c;
    return text;
}

// A session on the server that is not inside the database to be renamed.
asio::awaitable<Result<void>> open_beside(Connection& connection, std::string dsn) {
    Result<void> opened = make_error(ErrorCode::away);
    for (auto const* name : {"postgres", "template1"}) {
        auto beside = with_database(dsn, name);
        if (!beside) co_return beside.error();
        opened = co_await connection.open(*std::move(beside), "fleetd/restore");
        if (opened) break;
    }
    co_return opened;
}

struct Target {
    std::string name;
    bool exists = false;
    bool holds_work = false;
};

// What stands where the restored database is to go.
asio::awaitable<Result<Target>> look_at_target(Bench& bench, Connection& server,
                                               RestoreRequest const& request) {
    Target target{request.into, false, false};
    if (target.name.empty()) {
        auto name = database_of(request.dsn);
        if (!name) co_return name.error();
        target.name = *std::move(name);
    }
    auto there = co_await server.ask(pg::stmt<"restore_database_exists">.text, one(target.name));
    if (!there) co_return there.error();
    target.exists = there->flag(0, 0);
    if (!target.exists) co_return target;
    Connection inside(bench.loop);
    auto dsn = with_database(request.dsn, target.name);
    if (!dsn) co_return dsn.error();
    auto opened = co_await inside.open(*std::move(dsn), "fleetd/restore");
    if (!opened) co_return opened.error();
    auto work = co_await inside.work_in_log();
    // A database that cannot even be counted is not empty: it is damaged, and kept.
    target.holds_work = !work || *work > 0;
    if (!target.holds_work || request.replace) co_return target;
    co_return services::failure(
        ErrorCode::database_not_empty,
        fmt::format("the database {} holds {} events", target.name,
                    work ? std::to_string(*work) : "unreadable"),
        fmt::format(
            "`--into NAME` restores beside it; `--replace` puts the backup in its place and keeps it under "
            "another name."));
}

// Drops the database that was being restored when something failed. Best effort: its name says what it is.
asio::awaitable<void> drop(Connection& server, std::string name) {
    auto dropped = co_await server.carry_out(pg::stmt<"restore_drop_database">.text, one(name), long_limit);
    (void)dropped;
}

// What a restore that was killed has left: nobody is in it any more.
asio::awaitable<void> drop_leftovers(Connection& server) {
    direct::Arguments none;
    auto left = co_await server.ask(pg::stmt<"restore_leftovers">.text, std::move(none));
    if (!left) co_return;
    for (std::size_t row = 0; row < left->size(); ++row) {
        std::string name(left->text(row, 0));
        co_await drop(server, std::move(name));
    }
}

asio::awaitable<Result<void>> fill(Bench& bench, std::string dsn, RestoreRequest const& request,
                                   Manifest const& manifest, services::Progress progress) {
    Connection connection(bench.loop);
    auto opened = co_await connection.open(dsn, "fleetd/restore");
    if (!opened) co_return opened;
    auto const major = connection.server_major();
    if (major < manifest.server_major())
        co_return services::failure(ErrorCode::wrong_major,
                                    fmt::format("the backup is of PostgreSQL {}, the server here is {}",
                                                manifest.server_version, major),
                                    "Restore it into a server of the same or a newer major.");
    direct::Arguments none;
    auto roles = co_await connection.ask(pg::stmt<"restore_roles">.text, std::move(none));
    if (!roles) co_return roles.error();
    // The program must read what pg_dump wrote; a newer server understands it, so that one may be without
    // clients of its own.
    auto const wrote = services::major_of(text_or(manifest.tools, "pg_dump", manifest.server_version));
    auto program =
        services::choose_client(bench.places, "pg_restore", std::max(wrote, manifest.server_major()));
    if (!program) co_return program.error();
    auto access = Access::make(dsn, {}, bench.runtime_dir);
    if (!access) co_return access.error();
    ToolRun run;
    run.arguments = {program->path.string(), "--dbname=" + access->conninfo(),
                     "--exit-on-error",      "--single-transaction",
                     "--no-password",        (request.path / dump_name).string()};
    run.log = bench.runtime_dir / ("pg_restore-" + new_id("tok").substr(4) + ".log");
    auto const began = std::chrono::steady_clock::now();
    run.each_second = [progress, began] {
        auto const took = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
        say(progress, "restore", fmt::format("restoring, {} s", took.count()));
    };
    auto const log = run.log;
    auto done = co_await run_tool(bench.loop, std::move(run));
    std::error_code problem;
    fs::remove(log, problem);
    co_return done;
}

// Ends sessions inside `name` until the rename has its way: others connect again by themselves.
asio::awaitable<Result<void>> clear(Connection& server, std::string name, bool& is_done) {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    while (!is_done) {
        auto ended = co_await server.ask(pg::stmt<"restore_end_sessions">.text, one(name));
        if (!ended) co_return ended.error();
        timer.expires_after(end_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> rename_both(Connection& server, std::string restored, Target target,
                                          std::string kept_as) {
    direct::Arguments none;
    auto begun = co_await server.ask("begin", none);
    if (!begun) co_return begun.error();
    Result<void> renamed{};
    if (target.exists) {
        direct::Arguments away{target.name, kept_as};
        renamed = co_await server.carry_out(pg::stmt<"restore_rename_database">.text, std::move(away),
                                            rename_limit);
    }
    if (renamed) {
        direct::Arguments in_place{restored, target.name};
        renamed = co_await server.carry_out(pg::stmt<"restore_rename_database">.text, std::move(in_place),
                                            rename_limit);
    }
    std::string_view const last = renamed ? "commit" : "rollback";
    auto ended = co_await server.ask(last, std::move(none));
    if (!renamed) co_return renamed;
    if (!ended) co_return ended.error();
    co_return Result<void>{};
}

asio::awaitable<Result<void>> rename_then_tell(Connection& server, std::string restored, Target target,
                                               std::string kept_as, bool& is_done) {
    auto renamed = co_await rename_both(server, std::move(restored), std::move(target), std::move(kept_as));
    is_done = true;
    co_return renamed;
}

// Both names change in one transaction, so that there is never a moment without the database. The server
// waits five seconds for the last session inside to end; who comes back meanwhile waits at the door.
asio::awaitable<Result<void>> put_in_place(Bench& bench, Connection& server, std::string dsn,
                                           std::string restored, Target target, std::string kept_as) {
    using namespace asio::experimental::awaitable_operators;
    Connection other(bench.loop);
    auto opened = co_await open_beside(other, std::move(dsn));
    if (!opened) co_return opened;
    Result<void> outcome = make_error(ErrorCode::away);
    for (int tries = 0; tries < rename_tries && !outcome; ++tries) {
        bool is_done = false;
        auto rename = rename_then_tell(server, restored, target, kept_as, is_done);
        auto clearing = clear(other, target.name, is_done);
        auto both = co_await (std::move(rename) && std::move(clearing));
        outcome = std::get<0>(both);
    }
    co_return outcome;
}

Error differences_found(std::vector<std::string> const& differences) {
    auto error = services::failure(
        ErrorCode::backup_damaged,
        fmt::format("the restored state is not what its log says: {} differences, first: {}",
                    differences.size(), differences.front()),
        "Nothing was switched. `--no-verify` restores it all the same; an older backup may be better.");
    error.detail = Json{{"differences", differences}};
    return error;
}

asio::awaitable<Result<Restored>> restore_into(Bench& bench, Connection& server, RestoreRequest request,
                                               Restored restored, Target target, Migrate migrate,
                                               services::Progress progress) {
    auto const name = fmt::format("fleet_restoring_{}_{}", stamp(), new_id("tok").substr(24));
    auto created = co_await server.carry_out(pg::stmt<"restore_create_database">.text, one(name), long_limit);
    if (!created) co_return created.error();
    auto dsn = with_database(request.dsn, name);
    Result<void> done = dsn ? Result<void>{} : Result<void>(dsn.error());
    if (done) done = co_await fill(bench, *dsn, request, restored.manifest, progress);
    if (done) done = co_await make_usable(bench, *dsn, request, migrate, progress, restored);
    auto const kept_as = fmt::format("{}_before_{}", target.name.substr(0, 40), stamp());
    if (done) {
        say(progress, "switch", fmt::format("giving it the name {}", target.name));
        done = co_await put_in_place(bench, server, request.dsn, name, target, kept_as);
    }
    if (!done) {
        co_await drop(server, name);
        co_return done.error();
    }
    restored.database = target.name;
    if (target.holds_work) restored.kept_as = kept_as;
    if (target.exists && !target.holds_work) co_await drop(server, kept_as);
    co_return restored;
}

}  // namespace

asio::awaitable<Result<void>> make_usable(Bench& bench, std::string dsn, RestoreRequest const& request,
                                          Migrate migrate, services::Progress progress, Restored& restored) {
    auto migrated = co_await migrate(dsn, progress);
    if (!migrated) co_return migrated;
    Connection connection(bench.loop);
    auto opened = co_await connection.open(dsn, "fleetd/restore");
    if (!opened) co_return opened;
    auto begun = co_await connection.ask(pg::stmt<"restore_begin_anew">.text,
                                         one(json_text(request.redactions)), long_limit);
    if (!begun) co_return begun.error();
    auto const said = parse_json(begun->text(0, 0));
    if (said) {
        restored.incarnation = text_or(*said, "incarnation", "");
        restored.redacted_again = number_or(*said, "redacted_again", 0);
    }
    direct::Arguments none;
    auto analyzed = co_await connection.ask(pg::stmt<"restore_analyze">.text, std::move(none), long_limit);
    if (!analyzed) co_return analyzed.error();
    if (!request.verify) co_return Result<void>{};
    say(progress, "verify", "comparing every column of the state with the log");
    auto differences = co_await connection.verify();
    if (!differences) co_return differences.error();
    if (!differences->empty()) co_return differences_found(*differences);
    restored.verified = true;
    say(progress, "verify",
        fmt::format("the state is what the log of {} events says", restored.manifest.log.seq), true);
    co_return Result<void>{};
}

asio::awaitable<Result<Restored>> restore_logical(Bench& bench, RestoreRequest request, Migrate migrate,
                                                  services::Progress progress) {
    say(progress, "check", "reading every byte of " + request.path.string());
    std::function<Result<Manifest>()> check = [path = request.path] { return check_backup(path); };
    auto manifest = co_await bench.worker.run<Result<Manifest>>(std::move(check));
    if (!manifest) co_return manifest.error();
    if (manifest->kind != "logical")
        co_return services::failure(
            ErrorCode::backup_unknown,
            fmt::format("{} is a backup of kind {}", request.path.string(), manifest->kind),
            "A base backup is put back with `fleet restore --to-time` or `--to-latest`, an export read with "
            "`fleet export verify`.");
    say(progress, "check",
        fmt::format("{} of {}, {} events", manifest->kind, manifest->made_at, manifest->log.seq), true);
    Connection server(bench.loop);
    auto opened = co_await open_beside(server, request.dsn);
    if (!opened) co_return opened.error();
    auto target = co_await look_at_target(bench, server, request);
    if (!target) co_return target.error();
    co_await drop_leftovers(server);
    Restored restored;
    restored.manifest = *std::move(manifest);
    auto done = co_await restore_into(bench, server, std::move(request), std::move(restored),
                                      *std::move(target), std::move(migrate), progress);
    co_return done;
}

}  // namespace fleet::backups
