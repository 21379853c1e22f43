#include "backups/exports.hpp"

#include "backups/compressed.hpp"
#include "pg/statement.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int events_a_page = 2'000;
constexpr int texts_a_page = 200;
constexpr std::size_t bytes_a_load = 1U << 20U;
constexpr Millis page_limit{120'000};
constexpr Millis fold_limit{3'600'000};

Time now() {
    return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

struct Copied {
    std::int64_t lines = 0;
    std::string last;  // key of the last line
};

struct Pages {
    std::string_view statement;
    std::string first;  // key before the first
    int a_page;
    std::string name;
};

// Page by page, so that neither side holds the whole log; compressed beside the loop.
asio::awaitable<Result<Copied>> copy_pages(Bench& bench, Connection& connection, Pages pages,
                                           fs::path directory, services::Progress progress) {
    auto writer = CompressedWriter::make(directory / pages.name);
    if (!writer) co_return writer.error();
    Copied copied{0, pages.first};
    auto told = Clock::now();
    while (true) {
        direct::Arguments arguments{copied.last, std::to_string(pages.a_page)};
        auto page = co_await connection.ask(pages.statement, std::move(arguments), page_limit);
        if (!page) co_return page.error();
        if (page->size() == 0) break;
        std::string text;
        for (std::size_t row = 0; row < page->size(); ++row) text.append(page->text(row, 1)).push_back('\n');
        copied.last = std::string(page->text(page->size() - 1, 0));
        copied.lines += static_cast<std::int64_t>(page->size());
        std::function<Result<void>()> job = [out = *writer, text = std::move(text)] {
            return out->write(text);
        };
        auto written = co_await bench.worker.run<Result<void>>(std::move(job));
        if (!written) co_return written.error();
        if (progress && Clock::now() - told > std::chrono::seconds(1)) {
            told = Clock::now();
            progress(
                services::Step{"export", fmt::format("{} lines of {}", copied.lines, pages.name), false});
        }
    }
    std::function<Result<void>()> job = [out = *writer] { return out->finish(); };
    auto finished = co_await bench.worker.run<Result<void>>(std::move(job));
    if (!finished) co_return finished.error();
    co_return copied;
}

asio::awaitable<Result<Json>> digests_of(Connection& connection, std::string schema) {
    auto table = co_await connection.ask(pg::stmt<"export_digests">.text, one(std::move(schema)), fold_limit);
    if (!table) co_return table.error();
    Json digests = Json::object();
    for (std::size_t row = 0; row < table->size(); ++row)
        digests[std::string(table->text(row, 0))] =
            Json{{"rows", table->number(row, 1)}, {"digest", std::string(table->text(row, 2))}};
    co_return digests;
}

asio::awaitable<Result<std::int64_t>> load(Bench& bench, Connection& connection, std::string schema,
                                           fs::path file, services::Progress progress) {
    auto reader = CompressedReader::open(file);
    if (!reader) co_return reader.error();
    std::int64_t events = 0;
    auto told = Clock::now();
    while (true) {
        std::function<Result<std::string>()> job = [in = *reader] { return in->lines(bytes_a_load); };
        auto lines = co_await bench.worker.run<Result<std::string>>(std::move(job));
        if (!lines) co_return lines.error();
        if (lines->empty()) co_return events;
        direct::Arguments arguments{schema, *std::move(lines)};
        auto loaded = co_await connection.ask(pg::stmt<"export_load">.text, std::move(arguments), page_limit);
        if (!loaded) co_return loaded.error();
        events += loaded->number(0, 0);
        if (progress && Clock::now() - told > std::chrono::seconds(1)) {
            told = Clock::now();
            progress(services::Step{"load", fmt::format("{} events", events), false});
        }
    }
}

asio::awaitable<Result<void>> replay(Bench& bench, Connection& connection, std::string schema, fs::path path,
                                     ExportChecked& checked, services::Progress progress) {
    auto opened = co_await connection.ask(pg::stmt<"export_open">.text, one(schema), page_limit);
    if (!opened) co_return opened.error();
    auto loaded = co_await load(bench, connection, schema, path / events_name, progress);
    if (!loaded) co_return loaded.error();
    checked.events = *loaded;
    if (progress)
        progress(services::Step{"fold", fmt::format("making the state of {} events", *loaded), false});
    auto folded = co_await connection.ask(pg::stmt<"export_fold">.text, one(schema), fold_limit);
    if (!folded) co_return folded.error();
    if (folded->number(0, 0) != checked.manifest.log.seq || folded->number(0, 1) != 0 ||
        folded->text(0, 2) != checked.manifest.log.event_id)
        checked.differences.push_back(fmt::format("events: {} with {} missing, the manifest says {}",
                                                  folded->number(0, 0), folded->number(0, 1),
                                                  checked.manifest.log.seq));
    auto const said =
        checked.manifest.more.contains("state") ? checked.manifest.more.at("state") : Json::object();
    if (!checked.compared) co_return Result<void>{};
    auto found = co_await digests_of(connection, schema);
    if (!found) co_return found.error();
    for (auto const& [table, digest] : found->items())
        if (!said.contains(table) || said.at(table) != digest) checked.differences.push_back(table);
    co_return Result<void>{};
}

}  // namespace

Json ExportChecked::to_json(fs::path const& path) const {
    return Json{{"ok", differences.empty()},    {"path", path.string()},       {"events", events},
                {"head_seq", manifest.log.seq}, {"made_at", manifest.made_at}, {"compared", compared},
                {"differences", differences}};
}

asio::awaitable<Result<Made>> make_export(Bench& bench, std::string dsn, BackupRequest request,
                                          services::Progress progress) {
    Connection connection(bench.loop);
    auto opened = co_await connection.open(std::move(dsn), "fleetd/export");
    if (!opened) co_return opened.error();
    auto facts = co_await connection.hold_snapshot();
    if (!facts) co_return facts.error();
    auto path = request.path;
    if (path.empty()) path = bench.folder / backup_name(now(), "export", facts->log.seq);
    auto begun = Unfinished::make(path);
    if (!begun) co_return begun.error();
    auto unfinished = std::make_shared<Unfinished>(*std::move(begun));
    Pages const events{pg::stmt<"export_lines">.text, "0", events_a_page, std::string(events_name)};
    auto lines = co_await copy_pages(bench, connection, events, unfinished->path(), progress);
    if (!lines) co_return lines.error();
    Pages const texts{pg::stmt<"export_texts">.text, "", texts_a_page, std::string(texts_name)};
    auto bodies = co_await copy_pages(bench, connection, texts, unfinished->path(), progress);
    if (!bodies) co_return bodies.error();
    auto state = co_await digests_of(connection, "fleet_state");
    if (!state) co_return state.error();
    connection.close();
    auto manifest = manifest_of(bench, *facts, "export", request.made_by);
    manifest.more = Json{{"events", lines->lines}, {"texts", bodies->lines}, {"state", *std::move(state)}};
    std::vector<std::string> names{std::string(events_name), std::string(texts_name)};
    auto made = co_await finish(bench, unfinished, std::move(manifest), std::move(names));
    if (made && progress)
        progress(services::Step{
            "export",
            fmt::format("{} events, {:.1f} MB", lines->lines, static_cast<double>(made->bytes()) / 1e6),
            true});
    co_return made;
}

asio::awaitable<Result<ExportChecked>> check_export(Bench& bench, std::string dsn, fs::path path,
                                                    services::Progress progress) {
    std::function<Result<Manifest>()> check = [path] { return check_backup(path); };
    auto manifest = co_await bench.worker.run<Result<Manifest>>(std::move(check));
    if (!manifest) co_return manifest.error();
    if (manifest->kind != "export")
        co_return make_error(
            ErrorCode::backup_unknown,
            fmt::format("{} is a backup of kind {}, not an export", path.string(), manifest->kind));
    if (progress) progress(services::Step{"check", "every byte is as it was written", true});
    Connection connection(bench.loop);
    auto opened = co_await connection.open(std::move(dsn), "fleetd/export");
    if (!opened) co_return opened.error();
    direct::Arguments none;
    auto facts = co_await connection.ask(pg::stmt<"backup_schema">.text, none);
    if (!facts) co_return facts.error();
    ExportChecked checked;
    checked.manifest = *std::move(manifest);
    checked.compared = facts->number(0, 0) == checked.manifest.schema_version;
    auto name = co_await connection.ask(pg::stmt<"export_schema">.text, std::move(none));
    if (!name) co_return name.error();
    std::string const schema(name->text(0, 0));
    auto replayed = co_await replay(bench, connection, schema, path, checked, progress);
    if (connection.is_open()) {
        auto dropped = co_await connection.carry_out(pg::stmt<"export_drop">.text, one(schema), page_limit);
        if (replayed && !dropped) replayed = dropped;
    }
    if (!replayed) co_return replayed.error();
    co_return checked;
}

}  // namespace fleet::backups
