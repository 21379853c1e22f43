#include "schema/migrator.hpp"

#include <fleet/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::schema {

namespace {

struct Applied {
    int version = 0;
    std::string name;
    std::string sha256;
    bool breaking = false;
};

// What the database says of itself.
struct Found {
    std::vector<Applied> applied{};
    std::string repeatable{};  // digest of the installed functions; "" when there are none
    std::string build{};       // the program that installed them
};

Found look(pg::Session& session) {
    Found found;
    if (!session.rows(pg::stmt<"schema_exists">)[0].flag(0)) return found;
    auto const versions = session.rows(pg::stmt<"schema_versions">);
    for (auto const& row : versions)
        found.applied.push_back({static_cast<int>(row.number(0)), std::string(row.text(1)),
                                 std::string(row.text(2)), row.flag(3)});
    auto const repeatable = session.rows(pg::stmt<"schema_repeatable">);
    if (repeatable.empty()) return found;
    found.repeatable = repeatable[0].text(0);
    found.build = repeatable[0].text(1);
    return found;
}

SchemaStatus compare(Found const& found, std::vector<Migration> const& known, std::string const& digest,
                     std::string const& build) {
    SchemaStatus status;
    status.known = static_cast<int>(known.size());
    bool newer_breaks = false;
    for (auto const& applied : found.applied) {
        status.version = std::max(status.version, applied.version);
        if (applied.breaking) status.breaking_since = std::max(status.breaking_since, applied.version);
        if (applied.version > status.known) {
            newer_breaks = newer_breaks || applied.breaking;
            continue;
        }
        auto const& ours = known[static_cast<std::size_t>(applied.version - 1)];
        if (ours.sha256 != applied.sha256) status.edited.push_back(ours.label());
    }
    for (auto const& migration : known) {
        auto const is_this = [&](Applied const& applied) { return applied.version == migration.version; };
        if (std::none_of(found.applied.begin(), found.applied.end(), is_this))
            status.pending.push_back(migration.label());
    }
    // A newer database has newer functions, which is as it should be. So has one whose functions a newer
    // program installed on the same tables: two hosts of different age would replace each other's at every
    // start.
    bool const is_ours_to_set = status.version <= status.known && !is_newer(found.build, build);
    status.stale = is_ours_to_set && found.repeatable != digest;
    status.usable =
        status.pending.empty() && status.edited.empty() && !newer_breaks && !found.repeatable.empty();
    return status;
}

bool is_newer_and_breaking(SchemaStatus const& status) {
    return status.breaking_since > status.known;
}

Error newer(SchemaStatus const& status) {
    return make_error(
        ErrorCode::schema_newer,
        fmt::format("the database is at version {}, which needs a program that knows version {}; this one "
                    "knows {}",
                    status.version, status.breaking_since, status.known));
}

Error edited(SchemaStatus const& status) {
    return make_error(ErrorCode::migration_edited,
                      fmt::format("migration {} was applied with another text than the one in this program",
                                  fmt::join(status.edited, ", ")));
}

Error step_failed(Step const& step, pg::Failure const& failure) {
    if (failure.kind == pg::FailureKind::lost || failure.kind == pg::FailureKind::in_doubt)
        return failure.error;
    auto const said = failure.said.substr(0, failure.said.find('\n'));
    return make_error(ErrorCode::migration_failed, fmt::format("{} {}: {}", step.what, step.name, said), {},
                      Json{{"sqlstate", failure.sqlstate}, {"step", step.name}});
}

// Held for the whole of a migration or rollback; given back by the end of the session at the latest.
class Lock {
public:
    explicit Lock(pg::Session& session) : session_(session) { session_.rows(pg::stmt<"schema_lock">); }
    ~Lock() {
        try {
            if (session_.is_open()) session_.rows(pg::stmt<"schema_unlock">);
        } catch (pg::Failed const&) {
            // The session is gone, and the lock with it.
        }
    }
    Lock(Lock const&) = delete;
    Lock& operator=(Lock const&) = delete;

private:
    pg::Session& session_;
};

void add_row(pg::Session& session, Migration const& migration) {
    session.rows(pg::stmt<"schema_add">, migration.version, migration.name, migration.sha256,
                 migration.breaking);
}

// The row comes first: whoever races us waits on it and then sees that all is done. Only the first migration
// makes the table of rows itself, and one without a transaction counts when it has ended.
void apply(pg::Session& session, Migration const& migration) {
    if (!migration.in_transaction) {
        session.script(migration.up, migration.label());
        add_row(session, migration);
        return;
    }
    session.in_transaction(pg::TransactionMode::write, [&] {
        if (migration.version > 1) add_row(session, migration);
        session.script(migration.up, migration.label());
        if (migration.version == 1) add_row(session, migration);
    });
}

void undo(pg::Session& session, Migration const& migration) {
    session.in_transaction(pg::TransactionMode::write, [&] {
        if (migration.version > 1) {
            session.rows(pg::stmt<"schema_remove">, migration.version);
            session.rows(pg::stmt<"schema_repeatable_clear">);
        }
        session.script(migration.down, migration.label());
    });
}

void replace(pg::Session& session, std::vector<EmbeddedSql> const& files, std::string const& digest,
             std::string const& build) {
    session.in_transaction(pg::TransactionMode::write, [&] {
        session.rows(pg::stmt<"schema_repeatable_clear">);
        session.rows(pg::stmt<"schema_repeatable_add">, digest, build);
        for (auto const& file : files) session.script(file.text, file.name);
    });
}

}  // namespace

Migrator::Migrator(std::string build, std::vector<EmbeddedSql> const& migrations,
                   std::vector<EmbeddedSql> const& repeatable)
    : build_(std::move(build)), migrations_(migrations), repeatable_(repeatable) {}

Result<SchemaStatus> Migrator::status(pg::Session& session) const {
    auto known = migrations_from(migrations_);
    if (!known) return std::move(known).error();
    try {
        return compare(look(session), *known, digest_of(repeatable_), build_);
    } catch (pg::Failed const& failed) {
        return failed.failure().error;
    }
}

Result<MigrationReport> Migrator::migrate(pg::Session& session, Progress progress) const {
    auto known = migrations_from(migrations_);
    if (!known) return std::move(known).error();
    auto const digest = digest_of(repeatable_);
    Step step{"lock", "migrations"};
    try {
        Lock const lock(session);
        auto const status = compare(look(session), *known, digest, build_);
        if (is_newer_and_breaking(status)) return newer(status);
        if (!status.edited.empty()) return edited(status);
        MigrationReport report;
        report.from = status.version;
        auto const next = [&](std::string what, std::string name) {
            step = Step{std::move(what), std::move(name)};
            if (progress) progress(step);
            report.steps.push_back(step);
        };
        for (auto const& migration : *known) {
            if (std::find(status.pending.begin(), status.pending.end(), migration.label()) ==
                status.pending.end())
                continue;
            next("apply", migration.label());
            apply(session, migration);
        }
        report.to = std::max(status.version, status.known);
        if (status.stale) {
            next("replace", "functions and views");
            replace(session, repeatable_, digest, build_);
        }
        return report;
    } catch (pg::Failed const& failed) {
        return step_failed(step, failed.failure());
    }
}

Result<MigrationReport> Migrator::rollback(pg::Session& session, int to, bool dry_run,
                                           Progress progress) const {
    auto known = migrations_from(migrations_);
    if (!known) return std::move(known).error();
    Step step{"lock", "migrations"};
    try {
        Lock const lock(session);
        auto const status = compare(look(session), *known, digest_of(repeatable_), build_);
        if (status.version > status.known)
            return make_error(ErrorCode::rollback_refused,
                              "the database is newer than this program: use the newer one");
        if (to < 0 || to > status.version)
            return make_error(ErrorCode::rollback_refused,
                              fmt::format("the database is at version {}: it can go back to 0 to {}",
                                          status.version, status.version),
                              "/to");
        if (!status.edited.empty()) return edited(status);
        MigrationReport report;
        report.from = status.version;
        report.to = to;
        report.dry_run = dry_run;
        std::vector<Migration const*> undone;
        for (int version = status.version; version > to; --version) {
            auto const& migration = (*known)[static_cast<std::size_t>(version - 1)];
            if (migration.down.empty())
                return make_error(ErrorCode::rollback_refused,
                                  fmt::format("{} has no way back", migration.label()));
            undone.push_back(&migration);
        }
        for (auto const* migration : undone) {
            step = Step{"undo", migration->label()};
            report.steps.push_back(step);
            if (dry_run) continue;
            if (progress) progress(step);
            undo(session, *migration);
        }
        return report;
    } catch (pg::Failed const& failed) {
        return step_failed(step, failed.failure());
    }
}

}  // namespace fleet::schema
