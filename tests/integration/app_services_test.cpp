// A private cluster from the programs of this machine: made, found again, killed, kept, removed.
#include "app/database.hpp"
#include "app/probe.hpp"
#include "services/external.hpp"
#include "services/native.hpp"

#include "support/catch.hpp"
#include "support/database.hpp"
#include "support/eventually.hpp"
#include "support/postgres.hpp"
#include "support/run.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace fleet;
using namespace fleet::services;

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds patience{90};

// A short directory that the server's account may pass, and a provider that keeps its cluster there.
class Ground {
public:
    Ground() {
        std::string name = "/tmp/fleet-svc-XXXXXX";
        path_ = ::mkdtemp(name.data());
        ::chmod(path_.c_str(), 0755);
        observe::LogOptions options;
        options.to = [](std::string_view) {};
        log = test::must(observe::Log::open(std::move(options)));
        renew();
    }
    ~Ground() {
        try {
            renew();
            test::run(loop, native->destroy({}), patience);
        } catch (std::exception const&) {
            // The directory goes in any case.
        }
        native.reset();
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Ground(Ground const&) = delete;
    Ground& operator=(Ground const&) = delete;

    NativeOptions options() const {
        NativeOptions options;
        options.paths.root = path_ / "postgres";
        if (auto const* path = std::getenv("PATH")) options.places.path = path;
        options.shared_buffers_bytes = 8 << 20;
        return options;
    }
    // Another provider on the same directory: what the next daemon has.
    void renew(std::optional<NativeOptions> other = std::nullopt) {
        native = std::make_unique<Native>(loop.get_executor(), other.value_or(options()),
                                          app::make_probe(loop.get_executor()), *log);
    }
    Result<void> start() {
        return test::run(loop, native->start([this](Step const& step) { steps.push_back(step.step); }),
                         patience);
    }
    pid_t server_pid() const { return read_postmaster_pid(data()) ? read_postmaster_pid(data())->pid : 0; }
    ServerStatus status() { return test::run(loop, native->status(Millis{1'500}), patience); }
    fs::path data() const { return path_ / "postgres" / "data"; }
    fs::path const& path() const { return path_; }

    asio::io_context loop{1};
    std::unique_ptr<observe::Log> log;
    std::unique_ptr<Native> native;
    std::vector<std::string> steps;

private:
    fs::path path_;
};

bool has_step(std::vector<std::string> const& steps, std::string const& name) {
    return std::find(steps.begin(), steps.end(), name) != steps.end();
}

void skip_without_binaries() {
    PlacesToLook places;
    if (auto const* path = std::getenv("PATH")) places.path = path;
    if (!installed_binaries(places).empty()) return;
    std::puts("no PostgreSQL programs on this machine");
    std::exit(77);
}

}  // namespace

TEST_CASE("a cluster is made, answers, is found again, stopped with its data, and removed",
          "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    CHECK(ground.status().state == ServerState::absent);
    CHECK_FALSE(ground.native->is_made());
    test::must(ground.start());
    CHECK(has_step(ground.steps, "initdb"));
    auto const running = ground.status();
    CHECK(running.state == ServerState::running);
    CHECK(running.port > 0);
    CHECK(running.memory_bytes.value_or(0) > 1'000'000);
    CHECK(running.query);
    auto const pid = ground.server_pid();

    // The next daemon finds it running.
    ground.renew();
    ground.steps.clear();
    test::must(ground.start());
    CHECK(ground.server_pid() == pid);
    CHECK_FALSE(has_step(ground.steps, "initdb"));
    CHECK(test::must(ground.native->url()).find("passfile=") != std::string::npos);

    test::must(test::run(ground.loop, ground.native->stop({}), patience));
    CHECK(ground.status().state == ServerState::stopped);
    CHECK(test::code_of(ground.native->dsn()) == "not_running");
    test::must(test::run(ground.loop, ground.native->stop({}), patience));
    test::must(ground.start());
    CHECK(ground.status().port == running.port);

    test::must(test::run(ground.loop, ground.native->destroy({}), patience));
    CHECK_FALSE(fs::exists(ground.data()));
    CHECK(ground.status().state == ServerState::absent);
}

TEST_CASE("what was made is checked, private and closed to others", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    test::must(ground.start());
    struct stat facts {};
    REQUIRE(::stat((ground.path() / "postgres" / "password").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0600U);
    REQUIRE(::stat((ground.path() / "postgres" / "run").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0700U);
    REQUIRE(::stat(ground.data().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0700U);
    if (::geteuid() == 0) CHECK(facts.st_uid != 0U);
    test::Postgres database(test::must(ground.native->dsn()));
    CHECK(database.text("show data_checksums") == "on");
    CHECK(database.text("show server_encoding") == "UTF8");
    CHECK(database.text("show listen_addresses") == "127.0.0.1");
    CHECK(database.text("show log_timezone") == "UTC");
}

TEST_CASE("a killed server is noticed, and its leftovers are no obstacle", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    test::must(ground.start());
    auto const pid = ground.server_pid();
    ::kill(pid, SIGKILL);
    auto const why = test::run(ground.loop, ground.native->ended(), patience);
    CHECK(why.find(std::to_string(pid)) != std::string::npos);
    CHECK(fs::exists(ground.data() / "postmaster.pid"));
    ground.steps.clear();
    test::must(ground.start());
    CHECK(has_step(ground.steps, "stale"));
    CHECK(ground.status().state == ServerState::running);
}

TEST_CASE("a pid file that names another program does not stop a start", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    test::must(ground.start());
    test::must(test::run(ground.loop, ground.native->stop({}), patience));
    std::ofstream(ground.data() / "postmaster.pid") << ::getpid() << "\n"
                                                    << ground.data().string() << "\n1\n1\n\n\n";
    test::must(ground.start());
    CHECK(ground.server_pid() != ::getpid());
}

TEST_CASE("a start that is cancelled in the middle leaves nothing half-made", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    asio::cancellation_signal cancel;
    bool ended = false;
    auto progress = [&](Step const& step) {
        ground.steps.push_back(step.step);
        if (step.step == "initdb")
            asio::post(ground.loop, [&] { cancel.emit(asio::cancellation_type::terminal); });
    };
    auto done = [&](std::exception_ptr thrown, Result<void>) { ended = thrown != nullptr; };
    asio::co_spawn(ground.loop, ground.native->start(progress),
                   asio::bind_cancellation_slot(cancel.slot(), done));
    ground.loop.restart();
    ground.loop.run_for(patience);
    CHECK(ended);
    CHECK_FALSE(fs::exists(ground.data()));
    CHECK_FALSE(fs::exists(ground.path() / "postgres" / "data.new"));
    test::must(ground.start());
}

TEST_CASE("what an up that was killed left behind is cleared away", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    fs::create_directories(ground.path() / "postgres" / "data.new" / "base");
    std::ofstream(ground.path() / "postgres" / "data.new" / "PG_VERSION") << "15\n";
    test::must(ground.start());
    CHECK_FALSE(fs::exists(ground.path() / "postgres" / "data.new"));
}

TEST_CASE("two starts at the same moment make one server", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    Native second(ground.loop.get_executor(), ground.options(), app::make_probe(ground.loop.get_executor()),
                  *ground.log);
    std::optional<Result<void>> other;
    bool waited = false;
    auto progress = [&](Step const& step) { waited = waited || step.step == "lock"; };
    auto done = [&](std::exception_ptr, Result<void> outcome) { other = outcome; };
    auto first = ground.native->start({});
    asio::co_spawn(ground.loop, second.start(progress), done);
    test::must(test::run(ground.loop, std::move(first), patience));
    if (!other) {
        ground.loop.restart();
        ground.loop.run_for(patience);
    }
    REQUIRE(other);
    test::must(*other);
    CHECK(processes_in(ground.data()).size() > 1);
    CHECK(test::must(second.dsn()) == test::must(ground.native->dsn()));
}

TEST_CASE("what is in the way is told before anything is made", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    auto options = ground.options();
    SECTION("too little space") {
        options.bytes_for_cluster = 1ULL << 60;
        ground.renew(options);
        CHECK(test::code_of(ground.start()) == "disk_full");
    }
    SECTION("a path too long for a socket") {
        options.paths.root = ground.path() / std::string(100, 'a') / "postgres";
        ground.renew(options);
        auto const refused = ground.start();
        CHECK(test::code_of(refused) == "not_configured");
        CHECK(refused.error().message.find("107") != std::string::npos);
    }
    SECTION("programs that are not there") {
        options.places.configured = ground.path() / "none";
        ground.renew(options);
        CHECK(test::code_of(ground.start()) == "binaries_missing");
    }
    SECTION("a closed directory, when root runs it as somebody else") {
        if (::geteuid() != 0) return;
        fs::create_directory(ground.path() / "closed");
        fs::permissions(ground.path() / "closed", fs::perms::owner_all);
        options.paths.root = ground.path() / "closed" / "postgres";
        ground.renew(options);
        auto const refused = ground.start();
        CHECK(test::code_of(refused) == "not_configured");
        CHECK(refused.error().message.find("closed") != std::string::npos);
    }
    SECTION("an account that does not exist, when root runs it") {
        if (::geteuid() != 0) return;
        options.run_as = "nobody-of-that-name";
        ground.renew(options);
        CHECK(test::code_of(ground.start()) == "not_configured");
    }
    CHECK_FALSE(fs::exists(ground.data()));
    CHECK_FALSE(fs::exists(ground.path() / "postgres" / "data.new"));
}

TEST_CASE("what is in the way of a cluster that is there is told, and the data stay",
          "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    test::must(ground.start());
    test::must(test::run(ground.loop, ground.native->stop({}), patience));
    auto options = ground.options();

    auto const version = test::must(read_file(ground.data() / "PG_VERSION"));
    std::ofstream(ground.data() / "PG_VERSION") << "9.6\n";
    auto refused = ground.start();
    CHECK(test::code_of(refused) == "wrong_major");
    CHECK(refused.error().message.find("9.6") != std::string::npos);
    std::ofstream(ground.data() / "PG_VERSION") << version;

    fs::rename(ground.path() / "postgres" / "password", ground.path() / "kept");
    CHECK(test::code_of(ground.start()) == "not_configured");
    fs::rename(ground.path() / "kept", ground.path() / "postgres" / "password");

    if (::geteuid() == 0) {
        struct stat facts {};
        REQUIRE(::stat(ground.data().c_str(), &facts) == 0);
        REQUIRE(::chown(ground.data().c_str(), 0, 0) == 0);
        refused = ground.start();
        CHECK(test::code_of(refused) == "not_configured");
        CHECK(refused.error().hint.find("chown") != std::string::npos);
        REQUIRE(::chown(ground.data().c_str(), facts.st_uid, facts.st_gid) == 0);
    }
    test::must(ground.start());
}

TEST_CASE("status answers in time although the server does not", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    test::must(ground.start());
    auto const pids = processes_in(ground.data());
    for (auto pid : pids) ::kill(pid, SIGSTOP);
    auto const began = std::chrono::steady_clock::now();
    auto const status = ground.status();
    auto const took = std::chrono::steady_clock::now() - began;
    for (auto pid : pids) ::kill(pid, SIGCONT);
    CHECK(status.state == ServerState::unresponsive);
    CHECK_FALSE(status.words.empty());
    CHECK(took < std::chrono::seconds{2});
    CHECK(test::eventually([&] { return ground.status().state == ServerState::running; }, patience));
}

TEST_CASE("a server that dies is started again while somebody watches", "[integration][services]") {
    skip_without_binaries();
    Ground ground;
    observe::Health health;
    app::SchemaWork schema(ground.loop.get_executor(), "fleetd/test/schema", {});
    app::Database database(app::DatabaseParts{ground.loop.get_executor(),
                                              *ground.native,
                                              schema,
                                              *ground.log,
                                              health,
                                              ground.path() / "wanted.json",
                                              {}});
    auto const reaches = [&](app::Phase phase) {
        return test::eventually(
            [&] {
                ground.loop.restart();
                ground.loop.run_for(std::chrono::milliseconds{20});
                return database.phase() == phase;
            },
            patience);
    };
    database.up();
    REQUIRE(reaches(app::Phase::running));
    REQUIRE(database.schema());
    CHECK(database.schema()->is_current());
    auto const pid = ground.server_pid();
    ::kill(pid, SIGKILL);
    REQUIRE(reaches(app::Phase::starting));
    CHECK(database.unavailable()->code == ErrorCode::away);
    REQUIRE(reaches(app::Phase::running));
    CHECK(ground.server_pid() != pid);

    test::must(test::run(ground.loop, database.down(), patience));
    CHECK(database.phase() == app::Phase::stopped);
    CHECK(ground.status().state == ServerState::stopped);
    database.stop();
    ground.loop.restart();
    ground.loop.run_for(std::chrono::milliseconds{50});
}

TEST_CASE("an external server is reached by its DSN", "[integration][services]") {
    auto const database = test::fresh_database();
    asio::io_context loop{1};
    External external(loop.get_executor(), {database.dsn(), {}, Millis{5'000}},
                      app::make_probe(loop.get_executor()));
    test::must(test::run(loop, external.start({}), patience));
    auto const status = test::run(loop, external.status(Millis{1'500}), patience);
    CHECK(status.state == ServerState::running);
    CHECK(status.query);
}
