#include "services/cluster.hpp"
#include "services/machine.hpp"
#include "services/postmaster.hpp"

#include "support/catch.hpp"

#include <fstream>
#include <set>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace fleet;
using namespace fleet::services;

namespace fs = std::filesystem;

namespace {

class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "fleet-services-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
        ::chmod(path_.c_str(), 0755);
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    fs::path const& path() const { return path_; }

private:
    fs::path path_;
};

void write(fs::path const& file, std::string const& text) {
    std::ofstream(file) << text;
}

// A directory that looks like installed programs: `postgres --version` answers.
fs::path fake_programs(fs::path const& directory, std::string const& version) {
    fs::create_directories(directory);
    for (auto const* name : {"postgres", "initdb"}) {
        write(directory / name,
              "#!/bin/sh\necho \"" + std::string(name) + " (PostgreSQL) " + version + "\"\n");
        fs::permissions(directory / name, fs::perms::owner_all);
    }
    return directory;
}

}  // namespace

TEST_CASE("postmaster.pid is read line by line", "[services][postmaster]") {
    auto const pid = parse_postmaster_pid(
        "4711\n/data/pg\n1785000000\n54329\n/run/pg\n127.0.0.1\n  5432001    163842\nready   \n");
    REQUIRE(pid);
    CHECK(pid->pid == 4711);
    CHECK(pid->data == "/data/pg");
    CHECK(pid->started == Time(std::chrono::seconds(1785000000)));
    CHECK(pid->port == 54329);
    CHECK(pid->socket_directory == "/run/pg");
    CHECK(pid->shared_memory_id == 163842);
    CHECK(pid->status == "ready");
}

TEST_CASE("a half-written postmaster.pid is no server", "[services][postmaster]") {
    CHECK_FALSE(parse_postmaster_pid(""));
    CHECK_FALSE(parse_postmaster_pid("4711\n"));
    CHECK_FALSE(parse_postmaster_pid("word\n/data\n"));
    CHECK(parse_postmaster_pid("-4711\n/data\n")->pid == 4711);
}

TEST_CASE("a process is a server of ours only when it runs in the data directory", "[services][postmaster]") {
    Folder folder;
    CHECK(owner_of(::getpid(), folder.path()) == Owner::foreign);
    CHECK(owner_of(1, folder.path()) == Owner::foreign);
    CHECK(owner_of(0x3ffffff, folder.path()) == Owner::nobody);
    CHECK(processes_in(folder.path()).empty());
    CHECK(attached_to(-1) == 0);
}

TEST_CASE("the memory of a family is at least that of its head", "[services][postmaster]") {
    auto const memory = memory_of_family(::getpid());
    REQUIRE(memory);
    CHECK(*memory > 100'000);
    CHECK_FALSE(memory_of_family(0x3ffffff));
}

TEST_CASE("the version is found in what the program prints", "[services][binaries]") {
    CHECK(version_in("postgres (PostgreSQL) 15.16 (Debian 15.16-1)\n") == "15.16");
    CHECK(version_in("postgres (PostgreSQL) 18beta1\n") == "18beta1");
    CHECK(version_in("mysqld 8") == "");
    CHECK(major_of("18beta1") == 18);
    CHECK(major_of("") == 0);
}

TEST_CASE("the newest supported programs are chosen, or those of the data", "[services][binaries]") {
    Folder folder;
    fake_programs(folder.path() / "14" / "bin", "14.9");
    fake_programs(folder.path() / "15" / "bin", "15.16");
    fake_programs(folder.path() / "17" / "bin", "17.2");
    PlacesToLook places;
    places.versioned = folder.path();
    CHECK(test::must(choose_binaries(places, std::nullopt)).version == "17.2");
    CHECK(test::must(choose_binaries(places, "15")).version == "15.16");
    auto const missing = choose_binaries(places, "16");
    CHECK(test::code_of(missing) == "wrong_major");
    CHECK(missing.error().message.find("16") != std::string::npos);
    CHECK(missing.error().message.find("17.2") != std::string::npos);
    CHECK(test::code_of(choose_binaries(places, "1")) == "wrong_major");
    CHECK(choose_binaries(places, "9.6").error().message.find("9.6") != std::string::npos);
}

TEST_CASE("a directory that was configured is the only one that counts", "[services][binaries]") {
    Folder folder;
    fake_programs(folder.path() / "17" / "bin", "17.2");
    PlacesToLook places;
    places.versioned = folder.path();
    places.configured = folder.path() / "elsewhere";
    CHECK(test::code_of(choose_binaries(places, std::nullopt)) == "binaries_missing");
    places.configured = folder.path() / "17";  // its bin/ is looked into, too
    CHECK(test::must(choose_binaries(places, std::nullopt)).major == 17);
}

TEST_CASE("programs in PATH are found, too old ones are refused", "[services][binaries]") {
    Folder folder;
    PlacesToLook places;
    places.versioned = folder.path() / "none";
    places.path = "relative:" + fake_programs(folder.path() / "old", "13.1").string();
    CHECK(test::code_of(choose_binaries(places, std::nullopt)) == "binaries_missing");
    places.path += ":" + fake_programs(folder.path() / "new", "16.1").string();
    CHECK(test::must(choose_binaries(places, std::nullopt)).version == "16.1");
    places.path.clear();
    CHECK(test::code_of(choose_binaries(places, std::nullopt)) == "binaries_missing");
}

TEST_CASE("the reason why a server ended is read from its log", "[services][cluster]") {
    auto const code = [](std::vector<std::string> const& lines) {
        return std::string(text_code(why_it_ended("PostgreSQL", lines, 5432)));
    };
    CHECK(code({"LOG:  could not bind IPv4 address: Address already in use"}) == "port_taken");
    CHECK(code({"FATAL:  could not write file: No space left on device"}) == "disk_full");
    CHECK(code({"FATAL:  database files are incompatible with server"}) == "wrong_major");
    CHECK(code({"FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use"}) == "pid_stale");
    CHECK(code({"FATAL:  data directory \"/d\" has invalid permissions"}) == "not_configured");
    CHECK(code({"LOG:  starting", "FATAL:  something new"}) == "internal");
    CHECK(why_it_ended("PostgreSQL", {"LOG:  starting", "FATAL:  something new", "LOG:  bye"}, 0).message ==
          "PostgreSQL ended: FATAL:  something new");
    CHECK(why_it_ended("initdb", {}, 0).message == "initdb ended");
    CHECK(why_it_ended("PostgreSQL", {"Address already in use"}, 5432).message ==
          "port 5432 on 127.0.0.1 is taken");
}

TEST_CASE("a socket's directory must be short, the first that fits is taken", "[services][cluster]") {
    fs::path const longer = "/" + std::string(100, 'a');
    CHECK(test::must(choose_socket_directory({longer, "/run/fleet"}, std::nullopt)) == "/run/fleet");
    auto const none = choose_socket_directory({longer}, std::nullopt);
    CHECK(test::code_of(none) == "not_configured");
    CHECK(none.error().message.find("107") != std::string::npos);
}

TEST_CASE("a password is 32 letters and digits, another one each time", "[services][cluster]") {
    std::set<std::string> seen;
    for (int i = 0; i < 20; ++i) seen.insert(draw_password());
    CHECK(seen.size() == 20);
    for (auto const& password : seen) {
        CHECK(password.size() == 32);
        CHECK(password.find_first_of("'\\: 0O1lI") == std::string::npos);
    }
}

TEST_CASE("only loopback and scram stand in the server's files", "[services][cluster]") {
    auto const conf = server_conf(ServerConf{"/run/pg", 54329, 64 << 20});
    CHECK(conf.find("listen_addresses = '127.0.0.1'") != std::string::npos);
    CHECK(conf.find("port = 54329") != std::string::npos);
    CHECK(conf.find("shared_buffers = 65536kB") != std::string::npos);
    auto const rules = access_rules();
    CHECK(rules.find("trust") == std::string::npos);
    CHECK(rules.find("0.0.0.0") == std::string::npos);
    CHECK(pgpass_lines(ServerConf{"/run/a:b", 1, 0}, "secret").starts_with("/run/a\\:b:*:*:fleet:secret\n"));
}

TEST_CASE("data that cannot be read are not taken for none", "[services][cluster]") {
    Folder folder;
    ClusterPaths const paths{folder.path()};
    CHECK_FALSE(test::must(data_version(paths)));
    fs::create_directory(paths.data());
    CHECK(test::code_of(data_version(paths)) == "wrong_major");
    write(paths.data() / "PG_VERSION", "15\n");
    CHECK(*test::must(data_version(paths)) == "15");
}

TEST_CASE("removing a cluster leaves what is not ours", "[services][cluster]") {
    Folder folder;
    ClusterPaths const paths{folder.path()};
    fs::create_directories(paths.data() / "base");
    write(paths.password(), "secret");
    write(folder.path() / "letter.txt", "dear");
    test::must(remove_cluster(paths));
    CHECK_FALSE(fs::exists(paths.data()));
    CHECK_FALSE(fs::exists(paths.password()));
    CHECK(fs::exists(folder.path() / "letter.txt"));
}

TEST_CASE("a file is replaced whole, with the mode asked for", "[services][files]") {
    Folder folder;
    auto const file = folder.path() / "password";
    test::must(write_file(file, "first", 0600));
    test::must(write_file(file, "second", 0600));
    CHECK(test::must(read_file(file)) == "second");
    CHECK((fs::status(file).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK_FALSE(fs::exists(file.string() + ".tmp"));
    CHECK(write_file(folder.path() / "none" / "x", "y", 0600).has_error());
    CHECK(read_file(folder.path() / "absent").has_error());
}

TEST_CASE("a directory gets its mode, and a file in its place is refused", "[services][files]") {
    Folder folder;
    auto const directory = folder.path() / "a" / "b";
    test::must(make_directory(directory, 0700, std::nullopt));
    fs::permissions(directory, fs::perms::all);
    test::must(make_directory(directory, 0700, std::nullopt));
    CHECK((fs::status(directory).permissions() & fs::perms::all) == fs::perms::owner_all);
    write(folder.path() / "file", "");
    CHECK(test::code_of(make_directory(folder.path() / "file", 0700, std::nullopt)) == "not_configured");
}

TEST_CASE("a closed parent is found before the server stumbles over it", "[services][files]") {
    Folder folder;
    fs::create_directories(folder.path() / "home" / "data");
    Account const stranger{"stranger", 54321, 54321};
    CHECK_FALSE(closed_parent(folder.path() / "home" / "data", stranger));
    fs::permissions(folder.path() / "home", fs::perms::owner_all);
    auto const closed = closed_parent(folder.path() / "home" / "data", stranger);
    REQUIRE(closed);
    CHECK(*closed == folder.path() / "home");
}

TEST_CASE("a lock has one holder, who is named in the file", "[services][machine]") {
    Folder folder;
    auto const file = folder.path() / "lock";
    {
        auto first = test::must(FileLock::try_take(file));
        REQUIRE(first);
        CHECK(lock_holder(file) == ::getpid());
        CHECK_FALSE(test::must(FileLock::try_take(file)));
    }
    CHECK(test::must(FileLock::try_take(file)));
    CHECK(lock_holder(folder.path() / "absent") == 0);
}

TEST_CASE("a port that somebody listens on is not free", "[services][machine]") {
    auto const port = test::must(free_port());
    CHECK(port_is_free(port));
    auto const listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    CHECK_FALSE(port_is_free(port));
    ::close(listener);
}

TEST_CASE("free space is told for a directory that is not there yet", "[services][machine]") {
    CHECK(test::must(free_bytes("/tmp/not/there/yet")) > 0);
}
