// A real PgBouncer between fleetd and PostgreSQL: refused where it lends backends out by the transaction,
// good where it keeps one for each client.
#include "direct/log_tail.hpp"

#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace fleet;
using namespace fleet::test;

namespace fs = std::filesystem;

namespace {

std::string pooler_program() {
    for (char const* path : {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"})
        if (::access(path, X_OK) == 0) return path;
    return {};
}

std::string host_in(std::string const& dsn) {
    auto const begin = dsn.find("host=") + 5;
    return dsn.substr(begin, dsn.find(' ', begin) - begin);
}

// PgBouncer on a socket of its own, in front of one database.
class Pooler {
public:
    Pooler(Database const& database, std::string const& mode) : name_(database.name()) {
        ::chmod(folder_.path().c_str(), 0755);
        auto const file = folder_.path() / "pgbouncer.ini";
        std::ofstream(file) << fmt::format(
            "[databases]\n{0} = host={1} dbname={0} user=fleet\n[pgbouncer]\nlisten_addr =\nlisten_port = "
            "6432\n"
            "unix_socket_dir = {2}\nauth_type = any\npool_mode = {3}\ndefault_pool_size = "
            "40\nmax_client_conn = 100\n",
            name_, host_in(database.dsn()), folder_.path().string(), mode);
        Command command{.words = {pooler_program(), file.string()}};
        if (::geteuid() == 0) {
            // It refuses to be root, as PostgreSQL does.
            must_run({"chown", "-R", "postgres", folder_.path().string()});
            command.words.insert(command.words.begin(),
                                 {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"});
        }
        command.output = "/dev/null";
        process_ = Process{command};
        REQUIRE(eventually([&] { return fs::exists(folder_.path() / ".s.PGSQL.6432"); }));
    }
    std::string dsn() const {
        return fmt::format("host={} port=6432 user=fleet dbname={}", folder_.path().string(), name_);
    }

private:
    static void must_run(std::vector<std::string> words) {
        REQUIRE(run_command({.words = std::move(words)}).status == 0);
    }

    std::string name_;
    TempFolder folder_;
    Process process_;
};

bool is_missing() {
    if (!pooler_program().empty()) return false;
    WARN("skipped: PgBouncer is not installed");
    return true;
}

direct::TailSettings tail_of(std::string dsn) {
    direct::TailSettings settings;
    settings.dsn = std::move(dsn);
    settings.application_name = "fleet/test/tail";
    return settings;
}

}  // namespace

TEST_CASE(
    "a transaction pooler is found out and refused with advice, before anything is left in its backends",
    "[integration][pooler]") {
    if (is_missing()) return;
    Database database = fresh_database();
    Pooler const pooler(database, "transaction");
    DaemonProcess daemon({.dsn = pooler.dsn()});
    REQUIRE(eventually([&] { return daemon.log().find("pooler") != std::string::npos; },
                       std::chrono::seconds(10)));
    auto const refused = daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}});
    INFO(refused.body);
    CHECK(refused.status == 503);
    CHECK(refused.json()["detail"].dump().find("transaction pooler") != std::string::npos);
    CHECK(text_or(refused.json(), "hint", "").find("pooler in session mode") != std::string::npos);
    CHECK_FALSE(daemon.is_ready());
    CHECK(database.connect().number("select count(*) from fleet.events") == 0);

    // Its backends belong to all its clients: no lock and no role may have stayed in them.
    CHECK(database.connect().number("select count(*) from pg_locks l join pg_database d on d.oid = l.database"
                                    " where l.locktype = 'advisory' and d.datname = current_database()") ==
          0);
    CHECK(Postgres(pooler.dsn()).text("select current_user") == "fleet");

    asio::io_context loop;
    direct::LogTail tail(loop.get_executor(), tail_of(pooler.dsn()));
    CHECK(code_of(run(loop, tail.next(Millis(3'000)), Millis(10'000))) == "pooler_found");
}

TEST_CASE("behind a pooler that keeps a backend for each client a daemon works as ever",
          "[integration][pooler]") {
    if (is_missing()) return;
    Database database = fresh_database();
    Pooler const pooler(database, "session");
    DaemonProcess daemon({.dsn = pooler.dsn()});
    daemon.wait_ready();
    REQUIRE(daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}}).status == 201);
    HttpWire stream(daemon.socket());
    stream.send(http_request("GET", "/api/v1/events/stream?after=0", {}, {{"Fleet-Project", "shop"}}));
    stream.read_until("project_registered");
    // Written elsewhere: only the notification tells the daemon so soon.
    database.connect().run("select fleet.append('shop', 'x.note', '{}')");
    stream.read_until("x.note", std::chrono::seconds(5));
    auto const bus = daemon.call("GET", "/api/v1/status").json()["bus"];
    CHECK(bus["listening"] == true);
    CHECK(database.connect().number("select count(*) from fleet.locks where lock like 'beacon%'") == 1);
    CHECK(daemon.terminate() == 0);

    asio::io_context loop;
    auto settings = tail_of(pooler.dsn());
    settings.after = Position{"", 0};
    direct::LogTail tail(loop.get_executor(), settings);
    CHECK_FALSE(must(run(loop, tail.next(Millis(3'000)), Millis(10'000))).events.empty());
}
