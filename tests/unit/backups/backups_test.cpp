// Manifests, folders, rotation, and what is told of PostgreSQL's programs, without a server.
#include "backups/folder.hpp"
#include "backups/manifest.hpp"
#include "backups/recovery.hpp"
#include "backups/restore.hpp"
#include "backups/tool.hpp"

#include "support/catch.hpp"

#include <fleet/json.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace fleet;
using namespace fleet::backups;
namespace fs = std::filesystem;

namespace {

class Folder {
public:
    Folder() {
        std::string name = "/tmp/fleet-backups-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    ~Folder() { fs::remove_all(path_); }
    fs::path const& path() const { return path_; }

private:
    fs::path path_;
};

void write(fs::path const& file, std::string const& text) {
    std::ofstream(file, std::ios::binary) << text;
}

std::string read(fs::path const& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

Manifest some_manifest() {
    Manifest manifest;
    manifest.kind = "logical";
    manifest.made_at = "2026-11-21T10:52:00.000Z";
    manifest.made_by = "schedule";
    manifest.log = {"1f2e3d4c", 42, "evt_x"};
    return manifest;
}

// A backup of one file, as it stands when it is whole.
fs::path whole_backup(Folder const& folder) {
    auto unfinished = Unfinished::make(folder.path() / "b");
    REQUIRE(unfinished);
    write(unfinished->path() / "database.dump", "the bytes of a dump");
    auto manifest = some_manifest();
    REQUIRE(seal(unfinished->path(), manifest, {"database.dump"}));
    REQUIRE(unfinished->appear());
    return folder.path() / "b";
}

Listed listed(std::string made_at, std::string made_by = "schedule") {
    Listed one;
    one.path = made_at + made_by;
    one.manifest = some_manifest();
    one.manifest.made_at = std::move(made_at);
    one.manifest.made_by = std::move(made_by);
    return one;
}

Listed base_at(std::string lsn) {
    auto one = listed("2026-11-21T10:00:00.000Z");
    one.manifest.kind = "physical";
    one.manifest.more = Json{{"wal", {{"Timeline", 1}, {"Start-LSN", std::move(lsn)}}}};
    return one;
}

}  // namespace

TEST_CASE("a backup whose bytes are whole says what it is", "[backups]") {
    Folder folder;
    auto const path = whole_backup(folder);
    auto const manifest = check_backup(path);
    REQUIRE(manifest);
    CHECK(manifest->log.seq == 42);
    CHECK(manifest->log.incarnation == "1f2e3d4c");
}

TEST_CASE("each flipped byte of each file is noticed and its file named", "[backups]") {
    Folder folder;
    auto const path = whole_backup(folder);
    for (auto const* name : {"database.dump", "manifest.json", "SHA256SUMS"}) {
        auto const before = read(path / name);
        for (std::size_t i = 0; i < before.size(); ++i) {
            auto after = before;
            after[i] = static_cast<char>(after[i] ^ 1);
            write(path / name, after);
            auto const checked = check_backup(path);
            INFO(name << " byte " << i);
            REQUIRE_FALSE(checked);
            CHECK(checked.error().message.find(name) != std::string::npos);
        }
        write(path / name, before);
    }
    CHECK(check_backup(path));
}

TEST_CASE("a manifest that reaches out of its directory is refused", "[backups]") {
    Folder folder;
    auto const path = whole_backup(folder);
    auto text = read(path / "manifest.json");
    text.replace(text.find("\"database.dump\""), 15, "\"../etc/passwd\"");
    write(path / "manifest.json", text);
    auto const read_back = read_manifest(path);
    REQUIRE_FALSE(read_back);
    CHECK(read_back.error().code == ErrorCode::backup_damaged);
}

TEST_CASE("what is not finished leaves nothing, and never takes the place of another", "[backups]") {
    Folder folder;
    {
        auto unfinished = Unfinished::make(folder.path() / "b");
        REQUIRE(unfinished);
        write(unfinished->path() / "half", "half");
    }
    CHECK(fs::is_empty(folder.path()));
    auto unfinished = Unfinished::make(folder.path() / "b");
    REQUIRE(unfinished);
    fs::create_directory(folder.path() / "b");
    auto const appeared = unfinished->appear();
    REQUIRE_FALSE(appeared);
    CHECK(appeared.error().code == ErrorCode::already_exists);
}

TEST_CASE("what a killed process left is removed by the next, what somebody works on is not", "[backups]") {
    Folder folder;
    fs::create_directory(folder.path() / ".old.unfinished-1");
    auto living = Unfinished::make(folder.path() / "a");
    REQUIRE(living);
    auto next = Unfinished::make(folder.path() / "b");
    REQUIRE(next);
    CHECK_FALSE(fs::exists(folder.path() / ".old.unfinished-1"));
    CHECK(fs::exists(living->path()));
}

TEST_CASE("rotation keeps the newest, one of each day before, and what people made", "[backups]") {
    std::vector<Listed> const all{
        listed("2026-11-21T12:00:00.000Z"), listed("2026-11-21T11:00:00.000Z", "ops"),
        listed("2026-11-21T10:00:00.000Z"), listed("2026-11-21T09:00:00.000Z"),
        listed("2026-11-21T08:00:00.000Z"), listed("2026-11-20T23:00:00.000Z"),
        listed("2026-11-20T01:00:00.000Z"), listed("2026-11-19T01:00:00.000Z")};
    auto const gone = to_drop(all, Keep{2, 2});
    std::vector<fs::path> const expected{all[4].path, all[6].path, all[7].path};
    CHECK(gone == expected);
    CHECK(to_drop(all, Keep{100, 0}).empty());
}

TEST_CASE("the first piece of WAL that a base needs follows from where it began", "[backups]") {
    CHECK(first_wal_of(base_at("0/2000028")) == "0000000000000002");
    CHECK(first_wal_of(base_at("1/FF000028")) == "00000001000000FF");
    CHECK(first_wal_of(base_at("nonsense")).empty());
}

TEST_CASE("WAL goes when no base needs it, and never while a base does not say what it needs", "[backups]") {
    Folder folder;
    for (auto const* name :
         {"000000010000000000000001", "000000010000000000000002", "000000020000000000000001",
          "000000010000000000000003.partial", "00000002.history"})
        write(folder.path() / name, "");
    CHECK(drop_old_wal(folder.path(), {}) == 0);
    CHECK(drop_old_wal(folder.path(), {base_at("0/2000028"), base_at("?")}) == 0);
    CHECK(drop_old_wal(folder.path(), {base_at("0/2000028"), base_at("0/5000028")}) == 2);
    CHECK(fs::exists(folder.path() / "000000010000000000000002"));
    CHECK(fs::exists(folder.path() / "00000002.history"));
}

TEST_CASE("the base for a point is the newest from before it", "[backups]") {
    auto early = base_at("0/2000028");
    auto late = base_at("0/5000028");
    early.manifest.log.seq = 10;
    late.manifest.made_at = "2026-11-21T11:00:00.000Z";
    late.manifest.log.seq = 20;
    std::vector<Listed> const all{late, early};
    RecoverRequest request;
    CHECK(choose_base(all, request, "/a")->manifest.log.seq == 20);
    request.point.seq = 20;  // the event itself is in the later base already
    CHECK(choose_base(all, request, "/a")->manifest.log.seq == 10);
    request.point.seq = 21;
    CHECK(choose_base(all, request, "/a")->manifest.log.seq == 20);
    request.point.seq.reset();
    request.point.time = *parse_time("2026-11-21T10:30:00Z");
    CHECK(choose_base(all, request, "/a")->manifest.log.seq == 10);
    request.point.time = *parse_time("2026-11-21T09:30:00Z");
    CHECK(choose_base(all, request, "/a").error().code == ErrorCode::not_found);
}

TEST_CASE("no secret of a DSN stands in what other processes can see", "[backups]") {
    Folder folder;
    fs::path passfile;
    {
        auto access =
            Access::make("postgresql://fleet:s3cret%3A@127.0.0.1:5433/fleet", "other", folder.path());
        REQUIRE(access);
        CHECK(access->conninfo().find("s3cret") == std::string::npos);
        CHECK(access->conninfo().find("dbname='other'") != std::string::npos);
        passfile = fs::directory_iterator(folder.path())->path();
        struct stat facts {};
        REQUIRE(::stat(passfile.c_str(), &facts) == 0);
        CHECK((facts.st_mode & 0777) == 0600);
        CHECK(read(passfile) == "*:*:*:*:s3cret\\:\n");
    }
    CHECK_FALSE(fs::exists(passfile));
}

TEST_CASE("what PostgreSQL's programs say last becomes an error of ours", "[backups]") {
    CHECK(why_tool_failed("/x/pg_dump", {"pg_dump: error: could not write: No space left on device"}).code ==
          ErrorCode::disk_full);
    CHECK(
        why_tool_failed("/x/pg_dump", {"pg_dump: error: aborting because of server version mismatch"}).code ==
        ErrorCode::wrong_major);
    auto const other = why_tool_failed("/x/pg_restore", {"first", "pg_restore: error: bad magic", "last"});
    CHECK(other.code == ErrorCode::internal);
    CHECK(other.message == "pg_restore failed: pg_restore: error: bad magic");
}

TEST_CASE("the ledger of erased texts only grows, and knows each digest once", "[backups]") {
    Folder folder;
    Json const first = Json::array({{{"digest", "a"}, {"by", "x"}}});
    Json const second = Json::array({{{"digest", "b"}, {"by", "x"}}, {{"digest", "a"}, {"by", "y"}}});
    REQUIRE(keep_ledger(folder.path(), first));
    REQUIRE(keep_ledger(folder.path(), second));
    REQUIRE(keep_ledger(folder.path(), Json::array()));
    auto const ledger = read_ledger(folder.path());
    REQUIRE(ledger.size() == 2);
    CHECK(text_or(ledger.at(0), "by", "") == "y");
}
