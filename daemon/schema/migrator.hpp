#pragma once
// Brings a database to the schema this binary carries, and back. Everything here blocks and runs inside a
// pool job on an owner connection (`migration_session`); failures are `Result`s.
#include "pg/session.hpp"
#include "schema/embedded_sql.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::schema {

// What the owner's session of a migration is like: statements may take their time, locks are waited for.
pg::SessionSettings migration_session(std::string application_name);

// A migration: both directions, and what its header lines say ("-- breaking: no", "-- transaction: yes").
struct Migration {
    int version = 0;       // NNNN
    std::string name{};    // "log" of 0001_log.up.sql
    std::string sha256{};  // of the up text
    std::string_view up{};
    std::string_view down{};     // empty: cannot be rolled back
    bool breaking = false;       // programs that do not know it must not work with the result
    bool in_transaction = true;  // "-- transaction: no" must be re-runnable

    std::string label() const;  // "0001_log"
};

// The migrations of a build, in order. Errors: internal (a gap, a missing up, a bad name: a broken build).
Result<std::vector<Migration>> migrations_from(std::vector<EmbeddedSql> const& files);

// Whether build `one` is newer than `other`: "0.10.0" is newer than "0.9.3". Numbers between dots are
// compared; what is not a number counts as 0.
bool is_newer(std::string_view one, std::string_view other);

// One digest over the texts in their order, in hex.
std::string digest_of(std::vector<EmbeddedSql> const& files);

struct SchemaStatus {
    int version = 0;                     // of the database; 0: not a fleet database yet
    int known = 0;                       // newest of this build
    int breaking_since = 0;              // programs that do not know this version must not use the database
    std::vector<std::string> pending{};  // migrations to apply
    std::vector<std::string> edited{};   // applied migrations whose text here is another
    bool stale = false;                  // the functions and views are not those of this build
    bool usable = false;                 // this build may work with the database as it is

    bool is_current() const { return usable && !stale; }
    Json to_json() const;
};

struct Step {
    std::string what;  // "apply", "undo", "replace"
    std::string name;  // "0001_log", "functions and views"
};
// Called on the job's thread before each step; must get to the loop by itself if it wants to be there.
using Progress = std::function<void(Step const&)>;

struct MigrationReport {
    int from = 0;
    int to = 0;
    std::vector<Step> steps{};  // done, or with `dry_run` to be done
    bool dry_run = false;

    Json to_json() const;
};

// Stateless but for its tables; may be used from any one thread at a time.
class Migrator {
public:
    // The build's own tables unless a test gives others; they outlive the migrator. `build` is the program's
    // version, kept beside the functions it installs.
    explicit Migrator(std::string build, std::vector<EmbeddedSql> const& migrations = embedded_migrations(),
                      std::vector<EmbeddedSql> const& repeatable = embedded_repeatable());

    // Errors: away, forbidden.
    Result<SchemaStatus> status(pg::Session& session) const;

    // Applies what is missing, in order, under a lock: of two at once the second finds nothing to do. Then
    // the functions and views, if they are others and the database is not newer than this build. Steps that
    // were completed stay when a later one fails. Errors: schema_newer, migration_edited (with its name),
    // migration_failed (with the step and what the database says), away.
    Result<MigrationReport> migrate(pg::Session& session, Progress progress = {}) const;

    // Undoes the migrations above `to`, newest first, each in its transaction. The functions go stale: the
    // build that belongs to `to` installs its own. Errors: rollback_refused (no such version, one without a
    // down script, a newer database), migration_edited, migration_failed, away.
    Result<MigrationReport> rollback(pg::Session& session, int to, bool dry_run,
                                     Progress progress = {}) const;

private:
    std::string build_;
    std::vector<EmbeddedSql> const& migrations_;
    std::vector<EmbeddedSql> const& repeatable_;
};

}  // namespace fleet::schema
