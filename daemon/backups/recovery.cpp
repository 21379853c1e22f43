#include "backups/recovery.hpp"

#include "backups/tool.hpp"
#include "pg/statement.hpp"
#include "services/cluster.hpp"
#include "services/failure.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <utility>

namespace fleet::backups {
namespace {

namespace fs = std::filesystem;

// The transaction that wrote the event: the target is met to the letter, whatever clocks say.
asio::awaitable<Result<std::string>> transaction_of(Bench& bench, std::string dsn, std::int64_t seq) {
    if (dsn.empty())
        co_return services::failure(ErrorCode::away,
                                    "the present database does not answer, so that it cannot say "
                                    "which transaction wrote that event",
                                    "Name a time with --to-time instead.");
    Connection connection(bench.loop);
    auto opened = co_await connection.open(std::move(dsn), "fleetd/restore");
    if (!opened) co_return opened.error();
    auto table = co_await connection.ask(pg::stmt<"restore_transaction_of">.text, one(std::to_string(seq)));
    if (!table) co_return table.error();
    if (table->size() == 0)
        co_return make_error(ErrorCode::not_found, fmt::format("the log has no event {}", seq), "/to_seq");
    co_return std::string(table->text(0, 0));
}

asio::awaitable<Result<std::vector<std::string>>> target_of(Bench& bench, RecoverRequest const& request) {
    std::vector<std::string> lines;
    if (request.point.time) {
        // PostgreSQL knows no names of zones yet when it reads this, not even Z.
        auto text = time_text(*request.point.time);
        text.replace(text.find('T'), 1, " ");
        text.replace(text.find('Z'), 1, "+00");
        lines.push_back("recovery_target_time = " + services::conf_value(text));
    }
    if (request.point.seq) {
        auto xid = co_await transaction_of(bench, request.present_dsn, *request.point.seq);
        if (!xid) co_return xid.error();
        lines.push_back("recovery_target_xid = " + services::conf_value(*xid));
    }
    co_return lines;
}

asio::awaitable<Result<Listed>> checked_base(Bench& bench, RecoverRequest const& request, fs::path archive) {
    auto base = choose_base(list_backups(bench.folder), request, archive);
    if (!request.base.empty()) {
        auto manifest = read_manifest(request.base);
        if (!manifest) co_return manifest.error();
        if (manifest->kind != "physical")
            co_return make_error(ErrorCode::backup_unknown,
                                 "WAL is replayed onto a backup of kind physical; this is " + manifest->kind);
        base = Listed{request.base, *std::move(manifest), 0};
    }
    if (!base) co_return base.error();
    std::function<Result<Manifest>()> check = [path = base->path] { return check_backup(path); };
    auto whole = co_await bench.worker.run<Result<Manifest>>(std::move(check));
    if (!whole) co_return whole.error();
    co_return base;
}

asio::awaitable<Result<LogPlace>> place_of(Bench& bench, std::string dsn) {
    Connection connection(bench.loop);
    auto opened = co_await connection.open(std::move(dsn), "fleetd/restore");
    if (!opened) co_return opened.error();
    direct::Arguments none;
    auto table = co_await connection.ask(pg::stmt<"head">.text, std::move(none));
    if (!table) co_return table.error();
    LogPlace place;
    place.seq = table->number(0, 0);
    place.event_id = std::string(table->text(0, 1));
    place.incarnation = std::string(table->text(0, 2));
    co_return place;
}

}  // namespace

Result<Listed> choose_base(std::vector<Listed> const& all, RecoverRequest const& request,
                           fs::path const& archive) {
    for (auto const& one : all) {
        if (one.manifest.kind != "physical") continue;
        if (request.point.seq && one.manifest.log.seq >= *request.point.seq) continue;
        auto const made = parse_time(one.manifest.made_at);
        if (request.point.time && (!made || *made > *request.point.time)) continue;
        return one;
    }
    return services::failure(ErrorCode::not_found, "there is no base backup from before that point",
                             archive.empty()
                                 ? "Set wal_archive to on: base backups and WAL are kept from then on."
                                 : "`fleet backup list` shows them (kind physical).");
}

asio::awaitable<Result<Restored>> recover(Bench& bench, services::Provider& provider, RecoverRequest request,
                                          Migrate migrate, services::Progress progress,
                                          std::function<asio::awaitable<Result<std::string>>()> take) {
    auto base = co_await checked_base(bench, request, provider.archive());
    if (!base) co_return base.error();
    auto target = co_await target_of(bench, request);
    if (!target) co_return target.error();
    services::RecoveryPlan plan{base->path, *std::move(target)};
    auto dsn = co_await provider.recover(std::move(plan), progress);
    if (!dsn) co_return dsn.error();
    Restored restored;
    restored.manifest = base->manifest;
    auto reached = co_await place_of(bench, *dsn);
    Result<void> usable = reached ? Result<void>{} : Result<void>(reached.error());
    RestoreRequest rest;
    rest.verify = request.verify;
    rest.redactions = request.redactions;
    if (usable) {
        restored.manifest.log = *std::move(reached);
        usable = co_await make_usable(bench, *dsn, rest, std::move(migrate), progress, restored);
    }
    if (!usable) {
        co_await provider.drop_recovered();
        co_return usable.error();
    }
    auto kept = co_await take();
    if (!kept) co_return kept.error();
    restored.database = std::string(services::cluster_database);
    restored.kept_as = *std::move(kept);
    co_return restored;
}

}  // namespace fleet::backups
