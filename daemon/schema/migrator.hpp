#pragma once
// Brings a database to the schema this binary carries, and back. Everything here blocks and runs inside a pool
// job on an owner connection (`SessionSettings::role` empty, generous timeouts); failures are `Result`s.
#include "pg/session.hpp"
#include "schema/embedded_sql.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::schema {

// A migration: both directions, and what its header lines say ("-- breaking: no", "-- transaction: yes").
struct Migration {
    int version = 0;                  // NNNN
    std::string name;                 // "0001_log"
    std::string sha256;               // of the up text
    std::string_view up;
    std::string_view down;            // empty: cannot be rolled back
    bool breaking = false;            // daemons built before it must not work with the result
    bool in_transaction = true;       // "-- transaction: no" must be re-runnable and one statement
};

// The migrations of a build, in order. Errors: internal (a gap, a missing up, a bad name: a broken build).
Result<std::vector<Migration>> migrations_from(std::vector<EmbeddedSql> const& files);

struct SchemaStatus {
    int version = 0;                  // of the database; 0: not a fleet database yet
    int known = 0;                    // newest of this build
    int breaking_since = 0;           // builds older than this must not use the database
    std::vector<std::string> pending{};      // migrations to apply
    std::vector<std::string> changed{};      // applied migrations whose text here is another
    std::vector<std::string> stale{};        // repeatable files whose text here is another
    bool usable = false;              // this build may work with the database as it is

    bool is_current() const { return usable && pending.empty() && stale.empty() && changed.empty(); }
    Json to_json() const;
};

struct Step {
    std::string name;                 // "0001_log", "sql/act.sql"
    std::string what;                 // "apply", "undo", "replace"
};
// Called on the job's thread before each step; posts to the loop by itself if it must.
using Progress = std::function<void(Step const&)>;

struct MigrationReport {
    int from = 0;
    int to = 0;
    std::vector<Step> steps{};        // done, or with `dry_run` to be done
    bool dry_run = false;
    Json to_json() const;
};

class Migrator {
public:
    // The build's own tables unless a test gives others; both outlive the migrator.
    explicit Migrator(std::vector<EmbeddedSql> const& migrations = embedded_migrations(),
                      std::vector<EmbeddedSql> const& repeatable = embedded_repeatable());

    Result<SchemaStatus> status(pg::Session& session) const;

    // Applies what is missing, in order, under a lock: of two at once the second finds nothing to do. Steps that
    // were completed stay when a later one fails. Errors: schema_newer, schema_changed (an applied file was edited; its name is
    // in the message), and what the database says about the failing step.
    Result<MigrationReport> migrate(pg::Session& session, Progress progress = {}) const;

    // Undoes migrations above `to`, newest first, each in its transaction. Errors: invalid_field (no such
    // version, or one without a down script), schema_newer, schema_changed.
    Result<MigrationReport> rollback(pg::Session& session, int to, bool dry_run, Progress progress = {}) const;

private:
    std::vector<EmbeddedSql> const& migrations_;
    std::vector<EmbeddedSql> const& repeatable_;
};

}  // namespace fleet::schema
