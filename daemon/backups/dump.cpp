#include "backups/dump.hpp"

#include "backups/tool.hpp"
#include "pg/statement.hpp"
#include "services/account.hpp"
#include "services/failure.hpp"
#include "services/machine.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t spare_bytes = 16ULL << 20U;
constexpr int compressed_to = 8;  // a dump has at most an eighth of what the tables and indexes take

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

void say(services::Progress const& progress, std::string step, std::string text, bool is_done = false) {
    if (progress) progress(services::Step{std::move(step), std::move(text), is_done});
}

std::string megabytes(std::uint64_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// pg_dump stops in the middle when the disk fills; what can be known before is said before.
Result<void> check_space(fs::path const& path, std::int64_t database_bytes) {
    auto const free = services::free_bytes(path);
    if (!free) return free.error();
    auto const needed = static_cast<std::uint64_t>(database_bytes) / compressed_to / 4 + spare_bytes;
    if (*free >= needed) return {};
    return services::failure(ErrorCode::disk_full,
                             fmt::format("{} has {} free, a backup may need {}", path.string(),
                                         megabytes(*free), megabytes(needed)),
                             "Make room there, or give another path.");
}

std::string roles_text() {
    return fmt::format(
        "-- What the dump takes for granted. To restore with PostgreSQL's own programs:\n"
        "--   createdb fleet; psql -d fleet -f roles.sql; pg_restore -d fleet --exit-on-error -1 "
        "database.dump\n"
        "{};\n",
        pg::stmt<"restore_roles">.text);
}

ToolRun dump_run(services::ClientProgram const& program, Access const& access, Facts const& facts,
                 fs::path const& directory) {
    ToolRun run;
    run.arguments = {program.path.string(),
                     "--dbname=" + access.conninfo(),
                     "--format=custom",
                     "--snapshot=" + facts.snapshot,
                     "--schema=fleet",
                     "--schema=fleet_log",
                     "--schema=fleet_state",
                     "--schema=fleet_live",
                     "--no-password",
                     "--lock-wait-timeout=60s",
                     "--file=" + (directory / dump_name).string()};
    run.log = directory / "pg_dump.log";
    return run;
}

asio::awaitable<Result<Facts>> take_snapshot(Connection& connection, std::string dsn) {
    auto opened = co_await connection.open(std::move(dsn), "fleetd/backup");
    if (!opened) co_return opened.error();
    auto facts = co_await connection.hold_snapshot();
    co_return facts;
}

}  // namespace

std::uint64_t Made::bytes() const {
    std::uint64_t sum = 0;
    for (auto const& file : manifest.files) sum += file.bytes;
    return sum;
}

Json Made::to_json() const {
    auto json = Listed{path, manifest, bytes()}.to_json();
    return json;
}

Manifest manifest_of(Bench const& bench, Facts const& facts, std::string kind, std::string made_by) {
    Manifest manifest;
    manifest.kind = std::move(kind);
    manifest.made_at = time_text(now());
    manifest.made_by = std::move(made_by);
    manifest.host_id = bench.host_id;
    manifest.hostname = bench.hostname;
    manifest.fleet_version = bench.version;
    manifest.schema_version = facts.schema_version;
    manifest.schema_digest = facts.schema_digest;
    manifest.server_version = facts.server_version;
    manifest.database = facts.database;
    manifest.log = facts.log;
    return manifest;
}

asio::awaitable<Result<Made>> finish(Bench& bench, std::shared_ptr<Unfinished> unfinished, Manifest manifest,
                                     std::vector<std::string> names) {
    std::function<Result<Made>()> job = [unfinished, manifest = std::move(manifest),
                                         names = std::move(names)]() -> Result<Made> {
        auto sealed_manifest = manifest;
        auto sealed = seal(unfinished->path(), sealed_manifest, names);
        if (!sealed) return sealed.error();
        auto named = unfinished->appear();
        if (!named) return named.error();
        return Made{unfinished->final_path(), std::move(sealed_manifest)};
    };
    auto made = co_await bench.worker.run<Result<Made>>(std::move(job));
    co_return made;
}

asio::awaitable<Result<Made>> make_logical(Bench& bench, std::string dsn, BackupRequest request,
                                           services::Progress progress) {
    Connection connection(bench.loop);
    auto facts = co_await take_snapshot(connection, dsn);
    if (!facts) co_return facts.error();
    auto program = services::choose_client(bench.places, "pg_dump", facts->server_major);
    if (!program) co_return program.error();
    auto path = request.path;
    if (path.empty()) path = bench.folder / backup_name(now(), "logical", facts->log.seq);
    auto room = check_space(path.parent_path(), facts->bytes);
    if (!room) co_return room.error();
    auto begun = Unfinished::make(path);
    if (!begun) co_return begun.error();
    auto unfinished = std::make_shared<Unfinished>(*std::move(begun));
    auto access = Access::make(dsn, {}, bench.runtime_dir);
    if (!access) co_return access.error();
    auto const directory = unfinished->path();
    say(progress, "dump",
        fmt::format("pg_dump {} copies {} up to event {}", program->version, facts->database,
                    facts->log.seq));
    auto run = dump_run(*program, *access, *facts, directory);
    run.each_second = [progress, file = directory / dump_name] {
        std::error_code problem;
        auto const bytes = fs::file_size(file, problem);
        say(progress, "dump", "copied " + megabytes(problem ? 0 : bytes));
    };
    auto dumped = co_await run_tool(bench.loop, std::move(run));
    connection.close();
    if (!dumped) co_return dumped.error();
    auto kept = services::write_file(directory / roles_name, roles_text(), 0600);
    if (!kept) co_return kept.error();
    auto manifest = manifest_of(bench, *facts, "logical", request.made_by);
    manifest.tools = Json{{"pg_dump", program->version}};
    std::vector<std::string> names{std::string(dump_name), std::string(roles_name)};
    auto made = co_await finish(bench, unfinished, std::move(manifest), std::move(names));
    if (made)
        say(progress, "backup", fmt::format("{}, {}", made->path.string(), megabytes(made->bytes())), true);
    co_return made;
}

}  // namespace fleet::backups
