#include "backups/recovery.hpp"

#include "backups/tool.hpp"
#include "pg/statement.hpp"
#include "services/failure.hpp"
#include "services/machine.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t wal_piece_bytes = 16ULL << 20U;
constexpr std::uint64_t pieces_in_a_file_of_4_gb = 0x100000000ULL / wal_piece_bytes;
constexpr std::size_t wal_name_length = 24;
constexpr char const* base_files[] = {"base.tar.gz", "pg_wal.tar.gz", "backup_manifest"};

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

// What pg_basebackup says of the WAL it needs: {"Timeline", "Start-LSN", "End-LSN"}.
Json wal_range(fs::path const& directory) {
    std::ifstream file(directory / "backup_manifest");
    auto const json = Json::parse(file, nullptr, false);
    if (json.is_discarded() || !json.contains("WAL-Ranges") || json.at("WAL-Ranges").empty())
        return Json::object();
    return json.at("WAL-Ranges").at(0);
}

std::uint64_t hex_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

ToolRun base_run(services::ClientProgram const& program, Access const& access, fs::path const& directory) {
    ToolRun run;
    run.arguments = {program.path.string(),
                     "--dbname=" + access.conninfo(),
                     "--pgdata=" + directory.string(),
                     "--format=tar",
                     "--gzip",
                     "--wal-method=stream",
                     "--checkpoint=fast",
                     "--manifest-checksums=SHA256",
                     "--label=fleet",
                     "--no-password"};
    run.log = directory.parent_path() / (directory.filename().string() + ".log");
    return run;
}

asio::awaitable<Result<Facts>> facts_now(Bench& bench, std::string dsn) {
    Connection connection(bench.loop);
    auto opened = co_await connection.open(std::move(dsn), "fleetd/backup");
    if (!opened) co_return opened.error();
    auto facts = co_await connection.hold_snapshot();
    co_return facts;
}

}  // namespace

asio::awaitable<Result<Made>> make_physical(Bench& bench, std::string dsn, BackupRequest request,
                                            services::Progress progress) {
    auto before = co_await facts_now(bench, dsn);
    if (!before) co_return before.error();
    auto program = services::choose_client(bench.places, "pg_basebackup", before->server_major, true);
    if (!program) co_return program.error();
    auto path = request.path;
    if (path.empty()) path = bench.folder / backup_name(now(), "physical", before->log.seq);
    auto begun = Unfinished::make(path);
    if (!begun) co_return begun.error();
    auto unfinished = std::make_shared<Unfinished>(*std::move(begun));
    auto const directory = unfinished->path();
    auto access = Access::make(dsn, {}, bench.runtime_dir);
    if (!access) co_return access.error();
    if (progress)
        progress(services::Step{"base",
                                fmt::format("pg_basebackup {} copies the whole server", program->version)});
    auto run = base_run(*program, *access, directory);
    run.each_second = [progress, file = directory / "base.tar.gz"] {
        std::error_code problem;
        auto const bytes = fs::file_size(file, problem);
        if (progress)
            progress(
                services::Step{"base", fmt::format("copied {:.1f} MB", problem ? 0.0 : double(bytes) / 1e6)});
    };
    auto const log = run.log;
    auto copied = co_await run_tool(bench.loop, std::move(run));
    std::error_code problem;
    fs::remove(log, problem);
    if (!copied) co_return copied.error();
    // Who is in the log now is in reach of this base: everything after its end is in the WAL that follows.
    auto after = co_await facts_now(bench, dsn);
    if (!after) co_return after.error();
    auto manifest = manifest_of(bench, *after, "physical", request.made_by);
    manifest.tools = Json{{"pg_basebackup", program->version}};
    manifest.more = Json{{"wal", wal_range(directory)}};
    std::vector<std::string> names(std::begin(base_files), std::end(base_files));
    auto made = co_await finish(bench, unfinished, std::move(manifest), std::move(names));
    if (made && progress)
        progress(services::Step{
            "base", fmt::format("{}, {:.1f} MB", made->path.string(), double(made->bytes()) / 1e6), true});
    co_return made;
}

std::string first_wal_of(Listed const& base) {
    if (!base.manifest.more.contains("wal")) return {};
    auto const start = text_or(base.manifest.more.at("wal"), "Start-LSN", "");
    auto const slash = start.find('/');
    if (slash == std::string::npos) return {};
    auto const high = hex_number(std::string_view(start).substr(0, slash));
    auto const low = hex_number(std::string_view(start).substr(slash + 1));
    auto const piece = high * pieces_in_a_file_of_4_gb + low / wal_piece_bytes;
    return fmt::format("{:08X}{:08X}", piece / pieces_in_a_file_of_4_gb, piece % pieces_in_a_file_of_4_gb);
}

std::size_t drop_old_wal(fs::path const& archive, std::vector<Listed> const& bases) {
    std::string oldest;
    for (auto const& base : bases) {
        if (base.manifest.kind != "physical") continue;
        auto const first = first_wal_of(base);
        if (first.empty()) return 0;  // what it needs is not known: nothing goes
        if (oldest.empty() || first < oldest) oldest = first;
    }
    if (oldest.empty()) return 0;
    std::size_t gone = 0;
    std::error_code problem;
    for (auto const& entry : fs::directory_iterator(archive, problem)) {
        auto const name = entry.path().filename().string();
        auto const is_piece =
            name.size() >= wal_name_length && name.find_first_not_of("0123456789ABCDEF") >= wal_name_length;
        if (!is_piece || name.substr(8, 16) >= oldest) continue;
        if (fs::remove(entry.path(), problem)) gone += 1;
    }
    return gone;
}

}  // namespace fleet::backups
