// Two servers with streaming replication, daemons with both in their DSN, and the standby promoted under
// load.
#include "direct/pg_session.hpp"
#include "pg/session.hpp"

#include "support/catch.hpp"
#include "support/daemon_process.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/run.hpp"
#include "support/server.hpp"

#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

using namespace fleet;
using namespace fleet::test;

namespace {

HttpHeaders in_shop(std::string const& key = {}) {
    HttpHeaders headers{{"Fleet-Project", "shop"}};
    if (!key.empty()) headers["Idempotency-Key"] = key;
    return headers;
}

Json note(int writer, int n) {
    return Json{{"type", "x.note"}, {"data", {{"writer", writer}, {"n", n}}}};
}

// A primary, its standby, and a fleet on both.
struct Pair {
    explicit Pair(bool synchronous) {
        if (synchronous) {
            auto sql = Postgres(primary->dsn());
            sql.run("alter system set synchronous_standby_names = 'standby'");
            sql.run("select pg_reload_conf()");
            REQUIRE(eventually([&] {
                return Postgres(primary->dsn()).text("show synchronous_standby_names") == "standby";
            }));
        }
        auto is_streaming = [&] {
            return Postgres(primary->dsn())
                       .number("select count(*) from pg_stat_replication where state = 'streaming'") == 1;
        };
        REQUIRE(eventually(is_streaming));
    }
    // `first` is asked before the two, when it is given.
    std::string dsn(std::string const& first = {}) const {
        return fmt::format("host={}{},{} user=fleet dbname={}", first.empty() ? "" : first + ",",
                           primary->folder(), standby.folder(), database.name());
    }
    DaemonOptions options() const {
        return {.dsn = dsn(),
                .environment = {{"FLEET_RECONNECT_LONGEST", "1s"}, {"FLEET_CONNECT_TIMEOUT", "2s"}}};
    }
    Postgres on_standby() const { return Postgres(with_database(standby.dsn(), database.name())); }
    void fail_over() {
        primary->crash();
        standby.promote();
    }

    std::unique_ptr<OwnServer> primary = std::make_unique<OwnServer>(Durability::durable);
    Database database = fresh_database(primary->dsn());
    OwnServer standby{StandbyOf{*primary}};
};

// Appends one event after another, each until it is acknowledged; says how often it was told to wait.
struct Writer {
    Writer(DaemonProcess& to, int which) : daemon(to), number(which), thread([this] { run(); }) {}
    void run() {
        while (!ends) {
            auto const key = fmt::format("writer-{}-{}", number, done + 1);
            try {
                auto const answer =
                    daemon.call("POST", "/api/v1/events", note(number, done + 1), in_shop(key));
                if (answer.status == 201)
                    done += 1;
                else if (answer.status == 503 || answer.code() == "host_epoch_moved")
                    refused += 1;
                else
                    others.push_back(answer.body);
            } catch (std::exception const& error) {
                others.push_back(error.what());
            }
        }
    }
    void end() {
        ends = true;
        if (thread.joinable()) thread.join();
    }
    ~Writer() { end(); }

    DaemonProcess& daemon;
    int number;
    std::atomic<bool> ends = false;
    std::atomic<int> done = 0;
    std::atomic<int> refused = 0;
    std::vector<std::string> others{};
    std::thread thread;
};

// One stream of server-sent events; never connects again by itself.
struct Follower {
    explicit Follower(DaemonProcess& daemon) : wire(daemon.socket()) {
        wire.send(http_request("GET", "/api/v1/events/stream?after=0&type=x.note", {}, in_shop()));
        wire.read_until(": the events follow\n\n");
        thread = std::thread([this] { run(); });
    }
    void run() {
        try {
            while (!ends) {
                auto const text = wire.read_until("\n\n", std::chrono::seconds(2));
                auto const data = text.find("data: {");
                if (data == std::string::npos) continue;
                auto const event = must(parse_json(text.substr(data + 6, text.find('\n', data) - data - 6)));
                if (event.contains("seq"))
                    seqs.push_back(event["seq"].get<std::int64_t>());
                else
                    trouble = event;
                seen = seqs.size();
            }
        } catch (std::exception const& error) {
            said = error.what();
        }
        over = true;
    }
    void end() {
        ends = true;
        if (thread.joinable()) thread.join();
    }
    ~Follower() { end(); }

    HttpWire wire;
    std::atomic<bool> ends = false;
    std::atomic<bool> over = false;
    std::atomic<std::size_t> seen = 0;
    std::vector<std::int64_t> seqs{};
    Json trouble{};
    std::string said{};
    std::thread thread{};
};

}  // namespace

TEST_CASE(
    "with synchronous replication a failover under load loses no acknowledged event, and everybody goes on",
    "[integration][failover]") {
    Pair pair(true);
    DaemonProcess one(pair.options());
    one.wait_ready();
    DaemonProcess two(pair.options());
    two.wait_ready();
    REQUIRE(one.call("POST", "/api/v1/projects", Json{{"key", "shop"}}).status == 201);
    Follower near(one);
    Follower far(two);
    Writer first(one, 1);
    Writer second(two, 2);
    REQUIRE(eventually([&] { return first.done > 20 && second.done > 20; }, std::chrono::seconds(10)));
    auto const kept =
        Postgres(pair.database.dsn()).text("select incarnation || '.' || seq from fleet.head()");
    pair.fail_over();
    int const a = first.done;
    int const b = second.done;
    CHECK(eventually([&] { return first.done > a + 20 && second.done > b + 20; }, std::chrono::seconds(30)));
    first.end();
    second.end();
    CHECK(first.others.empty());
    CHECK(second.others.empty());

    auto sql = pair.on_standby();
    CHECK(sql.text("select incarnation from fleet.head()") != kept.substr(0, 8));
    for (auto const* writer : {&first, &second}) {
        // Each acknowledged event is there once; one more may be there whose answer we did not wait for.
        auto const here = sql.number(
            "select count(distinct data ->> 'n') from fleet.events where type = 'x.note' and "
            "data ->> 'writer' = $1 and (data ->> 'n')::int <= $2",
            {std::to_string(writer->number), std::to_string(writer->done.load())});
        CHECK(here == writer->done);
    }
    CHECK(sql.number("select count(*) - count(distinct (data ->> 'writer', data ->> 'n')) from fleet.events "
                     "where type = 'x.note'") == 0);
    CHECK(sql.number("select max(seq) - count(*) from fleet.events") == 0);
    CHECK(sql.number("select count(*) from fleet.verify_projections()") == 0);

    // The streams that were open all the time have everything, in order, once; nobody had to connect again.
    auto const rows = sql.rows("select seq from fleet.events where type = 'x.note' order by seq");
    std::vector<std::int64_t> all;
    for (auto const& row : rows) all.push_back(std::stoll(*row[0]));
    for (auto* follower : {&near, &far}) {
        CHECK(eventually([&] { return follower->seen == all.size() || follower->over; },
                         std::chrono::seconds(10)));
        follower->end();
        INFO(follower->said << " " << follower->trouble.dump());
        CHECK(follower->seqs == all);
    }
    // A position of the old incarnation is still good: nothing before it was lost.
    CHECK(one.call("GET", "/api/v1/events?after=" + kept, nullptr, in_shop()).status == 200);
    CHECK(one.call("GET", "/api/v1/hosts").json()["items"].size() == 2);
}

TEST_CASE("positions in a tail that was lost are told so, positions before it go on",
          "[integration][failover]") {
    Pair pair(false);
    DaemonProcess daemon(pair.options());
    daemon.wait_ready();
    REQUIRE(daemon.call("POST", "/api/v1/projects", Json{{"key", "shop"}}).status == 201);
    auto const append = [&](int n) {
        auto const answer = daemon.call("POST", "/api/v1/events", note(1, n), in_shop());
        return answer.status == 201 ? answer.json()["events"][0]["seq"].get<std::int64_t>() : 0;
    };
    auto const common = append(1);
    REQUIRE(common > 0);
    auto const incarnation = Postgres(pair.database.dsn()).text("select incarnation from fleet.head()");
    auto const position = [&](std::int64_t seq) { return fmt::format("{}.{}", incarnation, seq); };
    CHECK(eventually([&] {
        return Postgres(pair.standby.dsn() + " ").number("select count(*) from pg_stat_wal_receiver") == 1 &&
               pair.on_standby().number("select seq from fleet.head()") >= common;
    }));
    // From here on the standby hears nothing.
    auto deaf = Postgres(pair.standby.dsn());
    deaf.run("alter system set primary_conninfo = ''");
    deaf.run("select pg_reload_conf()");
    REQUIRE(eventually([&] { return deaf.number("select count(*) from pg_stat_wal_receiver") == 0; }));
    Follower follower(daemon);
    std::int64_t lost = 0;
    for (int n = 2; n <= 6; ++n) lost = append(n);
    REQUIRE(lost == common + 5);
    REQUIRE(eventually([&] { return follower.seen == 6; }));
    REQUIRE(daemon.call("POST", "/api/v1/cursors/ci", Json{{"seq", lost}}, in_shop()).status == 200);
    pair.fail_over();

    // The new log has other events at the same places before anybody looks.
    auto sql = pair.on_standby();
    for (int n = 0; n < 10; ++n) sql.run("select fleet.append('shop', 'x.other', '{}')");
    REQUIRE(sql.number("select seq from fleet.head()") > lost);
    // The stream that was ahead is ended with the last position that both have.
    CHECK(eventually([&] { return follower.over || !follower.trouble.is_null(); }, std::chrono::seconds(20)));
    follower.end();
    INFO(follower.trouble.dump());
    CHECK(follower.seqs.size() == 6);
    CHECK(text_or(follower.trouble, "code", "") == "log_rewound");
    auto const here = sql.text("select incarnation from fleet.head()");
    CHECK(follower.trouble["facts"]["last_common"] == fmt::format("{}.{}", here, common));
    REQUIRE(eventually([&] { return append(7) > 0; }, std::chrono::seconds(20)));
    auto const events_after = [&](std::int64_t seq) {
        return daemon.call("GET", "/api/v1/events?after=" + position(seq), nullptr, in_shop());
    };
    CHECK(events_after(common).status == 200);
    CHECK(events_after(common).json()["items"][0]["type"] == "x.other");
    auto const rewound = events_after(lost);
    CHECK(rewound.status == 410);
    CHECK(rewound.code() == "log_rewound");
    INFO(rewound.body);
    auto const last_common = rewound.json()["facts"]["last_common"].get<std::string>();
    CHECK(last_common == fmt::format("{}.{}", here, common));
    // What was in the log of old and is in this one, too, need not be read again.
    CHECK(daemon.call("GET", "/api/v1/events?after=" + last_common, nullptr, in_shop()).status == 200);
}

TEST_CASE("a server that does not answer at all does not keep a session from the next one of its DSN",
          "[integration][failover]") {
    Database database = fresh_database();
    TempFolder folder;
    auto const path = (folder.path() / ".s.PGSQL.5432").string();
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    int const mute = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(mute, reinterpret_cast<sockaddr const*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(mute, 8) == 0);
    auto dsn = database.dsn();
    dsn.insert(dsn.find("host=") + 5, folder.path().string() + ",");

    asio::io_context loop;
    direct::PgSession session(loop.get_executor());
    direct::ConnectRequest request{.dsn = dsn, .application_name = "fleet/test", .limit = Millis(2'000)};
    must(run(loop, session.connect(request)));
    CHECK(session.is_open());
    pg::SessionSettings settings;
    settings.connect_timeout = Millis(2'000);
    pg::Session pooled(dsn, settings);
    CHECK(pooled.is_open());
    ::close(mute);
}
