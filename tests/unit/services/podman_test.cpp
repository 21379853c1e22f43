// Podman without Podman: what is said to it, what its answers mean, and how it is found.
#include "services/podman.hpp"
#include "services/container_plan.hpp"
#include "services/libpod.hpp"
#include "services/podman_access.hpp"
#include "services/podman_words.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <fleet/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace fleet;
using namespace fleet::services;

namespace fs = std::filesystem;

namespace {

ContainerPlan plan() {
    ContainerPlan plan;
    plan.name = "pg";
    plan.image = "localhost/pg:15";
    plan.volume = "pg-data";
    plan.secret = "pg-password";
    plan.home = "/srv/of/it";
    plan.port = 5433;
    plan.shared_buffers_bytes = 64 << 20;
    plan.shm_bytes = 256 << 20;
    plan.log_bytes_max = 10 << 20;
    plan.stop_seconds = 30;
    plan.files_max = 20'000;
    plan.processes_max = 4'096;
    return plan;
}

bool has(std::vector<std::string> const& words, std::string const& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string frame(std::string const& text) {
    std::string head(8, '\0');
    head[0] = 2;
    head[7] = static_cast<char>(text.size());
    return head + text;
}

// A directory with a program `podman` that is a script.
class Program {
public:
    explicit Program(std::string const& script) {
        std::string name = (fs::temp_directory_path() / "fleet-podman-XXXXXX").string();
        directory = ::mkdtemp(name.data());
        std::ofstream(directory / "podman") << "#!/bin/sh\ncd '" << directory.string() << "' || exit 9\n"
                                            << script;
        fs::permissions(directory / "podman", fs::perms::owner_all);
    }
    ~Program() { fs::remove_all(directory); }
    Program(Program const&) = delete;
    Program& operator=(Program const&) = delete;

    PodmanPlaces places() const {
        PodmanPlaces places;
        places.path = directory.string();
        places.own_directory = directory / "own";
        return places;
    }
    fs::path directory;
};

std::string ping_answer() {
    return "HTTP/1.1 200 OK\r\nLibpod-Api-Version: 5.1.0\r\nContent-Length: 2\r\n\r\nOK";
}

template <class T>
T settle(asio::io_context& loop, asio::awaitable<T> work) {
    return test::run(loop, std::move(work), std::chrono::seconds{20});
}

}  // namespace

TEST_CASE("the container is published on loopback only, and its password is in a file of its own",
          "[services][podman]") {
    auto const body = create_body(plan());
    CHECK(body["portmappings"][0]["host_ip"] == "127.0.0.1");
    CHECK(body["portmappings"][0]["host_port"] == 5433);
    CHECK(body["env"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/fleettools-password");
    CHECK_FALSE(body["env"].contains("POSTGRES_PASSWORD"));
    CHECK(body["secrets"][0]["Source"] == "pg-password");
    CHECK(body["env"]["PGDATA"] == "/var/lib/postgresql/data");
    CHECK(body["volumes"][0]["Dest"] == "/var/lib/postgresql/data");
    CHECK(body["image_volume_mode"] == "ignore");
    CHECK(body["stop_signal"] == 2);
    CHECK(body["restart_policy"] == "no");
    CHECK(body["r_limits"][0] == Json{{"type", "nofile"}, {"soft", 20'000}, {"hard", 20'000}});
    CHECK_FALSE(body.contains("netns"));

    auto const words = create_arguments(plan());
    CHECK(has(words, "--publish=127.0.0.1:5433:5432"));
    CHECK(has(words, "--secret=pg-password,type=mount,target=fleettools-password,uid=0,gid=0,mode=0400"));
    CHECK(has(words, "--label=dev.fleettools.home=/srv/of/it"));
    CHECK(has(words, "--pull=never"));
}

TEST_CASE("on the machine's own network the server itself listens on loopback only", "[services][podman]") {
    auto host = plan();
    host.on_host_network = true;
    auto const body = create_body(host);
    CHECK(body["netns"]["nsmode"] == "host");
    CHECK_FALSE(body.contains("portmappings"));
    CHECK(body["env"]["PGPORT"] == "5433");
    auto const command = body["command"].get<std::vector<std::string>>();
    CHECK(has(command, "listen_addresses=127.0.0.1"));
    CHECK(has(command, "port=5433"));
    // Nobody on this machine is trusted for being on it.
    CHECK(body["env"]["POSTGRES_INITDB_ARGS"].get<std::string>().find("--auth-host=scram-sha-256") !=
          std::string::npos);
    CHECK(has(create_arguments(host), "--network=host"));
}

TEST_CASE("the hash of a container changes with what a person set, and with nothing else",
          "[services][podman]") {
    auto const first = plan_hash(plan());
    auto limits = plan();
    limits.files_max = 1'024;
    limits.processes_max = 512;
    CHECK(plan_hash(limits) == first);
    auto image = plan();
    image.image = "localhost/pg:16";
    auto port = plan();
    port.port = 5434;
    auto memory = plan();
    memory.shared_buffers_bytes = 128 << 20;
    auto network = plan();
    network.on_host_network = true;
    for (auto const& other : {image, port, memory, network}) CHECK(plan_hash(other) != first);
}

TEST_CASE("what Podman describes is understood", "[services][podman]") {
    auto const container =
        test::must(container_facts(*parse_json(R"({"Id":"abc","ImageName":"localhost/pg:15",
        "State":{"Status":"exited","Running":false,"OOMKilled":true,"ExitCode":137,"Pid":0,"ConmonPid":0,
                 "StartedAt":"2026-11-21T11:00:25.516985763Z"},
        "Config":{"Labels":{"dev.fleettools.home":"/h"}}})")));
    CHECK(container.state == "exited");
    CHECK_FALSE(container.is_running);
    CHECK(container.was_out_of_memory);
    CHECK(container.exit_code == 137);
    CHECK(container.labels.at(home_label) == "/h");
    CHECK(time_text(container.started.value()) == "2026-11-21T11:00:25.516Z");

    auto const image =
        test::must(image_facts(*parse_json(R"({"Id":"i","Config":{"Env":["PATH=/bin","PG_MAJOR=17"]}})")));
    CHECK(image.major == 17);
    CHECK(test::must(image_facts(*parse_json(R"({"Id":"i","Config":{"Env":null}})"))).major == 0);
    CHECK(test::code_of(container_facts(*parse_json(R"({"error":"?"})"))) == "internal");
    CHECK_FALSE(time_of_stamp("0001-01-01T00:00:00Z"));
}

TEST_CASE("log frames are put together however they are cut", "[services][podman]") {
    // A length of ten is a line feed: frames are no lines.
    auto const stream = frame("ten bytes\n") + frame("next\n");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        FrameReader reader;
        auto frames = reader.take(stream.substr(0, cut));
        for (auto& more : reader.take(stream.substr(cut))) frames.push_back(std::move(more));
        CHECK(frames == std::vector<std::string>{"ten bytes\n", "next\n"});
    }
}

TEST_CASE("a log line has one time, with the server's milliseconds where it has them", "[services][podman]") {
    CHECK(dated_line("2026-11-21T11:00:29Z 2026-11-21 11:00:29.849 UTC [1] LOG:  ready") ==
          "2026-11-21 11:00:29.849 UTC [1] LOG:  ready");
    CHECK(dated_line("2026-11-21T11:00:29Z initdb says") == "2026-11-21T11:00:29.000Z initdb says");
    CHECK(dated_line("no time at all") == "no time at all");
    CHECK(dated_line("") == "");
}

TEST_CASE("the first file of a tar archive is found behind other entries", "[services][podman]") {
    auto entry = [](std::string const& name, char type, std::string const& content) {
        std::string head(512, '\0');
        head.replace(0, name.size(), name);
        auto const size = std::to_string(content.size());  // below eight, so octal is decimal
        head.replace(124, 11, std::string(11 - size.size(), '0') + size);
        head[156] = type;
        return head + content + std::string(content.empty() ? 0 : 512 - content.size(), '\0');
    };
    auto const end = std::string(1024, '\0');
    CHECK(first_file_of_tar(entry("d/", '5', "") + entry("PG_VERSION", '0', "15\n") + end) == "15\n");
    CHECK_FALSE(first_file_of_tar(entry("d/", '5', "") + end));
    CHECK_FALSE(first_file_of_tar(entry("cut", '0', "15\n").substr(0, 513)));
    CHECK_FALSE(first_file_of_tar(""));
}

TEST_CASE("Podman's words for what is in the way are told apart", "[services][podman]") {
    struct Case {
        std::string words;
        Trouble trouble;
        std::string code;
    };
    std::vector<Case> const cases{
        {"cannot listen on the TCP port: listen tcp4 127.0.0.1:5433: bind: address already in use",
         Trouble::port, "port_taken"},
        {"creating container storage: the container name \"pg\" is already in use by 09af: that name is "
         "already in use",
         Trouble::name, "name_taken"},
        {"localhost/x:1: image not known", Trouble::image, "image_missing"},
        {"crun: setrlimit `RLIMIT_NOFILE`: Operation not permitted: OCI permission denied", Trouble::runtime,
         "container_refused"},
        {"runc create failed: unable to start container process: error setting rlimit type 7: operation not "
         "permitted",
         Trouble::runtime, "container_refused"},
        {"crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2: OCI runtime error",
         Trouble::runtime, "container_refused"},
        {"slirp4netns failed: \"open(\\\"/dev/net/tun\\\"): Permission denied\"", Trouble::network,
         "container_refused"},
        {"potentially insufficient UIDs or GIDs available in user namespace", Trouble::ids,
         "container_refused"},
        {"write /var/lib/containers/x: no space left on device", Trouble::disk, "disk_full"},
        {"something that nobody has seen", Trouble::none, "internal"}};
    for (auto const& one : cases) {
        INFO(one.words);
        CHECK(trouble_of(one.words) == one.trouble);
        auto const error =
            podman_error(make_error(ErrorCode::internal, one.words), {"pg", "localhost/x:1", 5433});
        CHECK(error_info(error.code).text == one.code);
        CHECK_FALSE(error.hint.empty());
    }
    // What is known already keeps its code.
    auto const away = make_error(ErrorCode::podman_missing, "cgroup");
    CHECK(podman_error(away, {}).code == ErrorCode::podman_missing);
}

TEST_CASE("sockets of others are tried in order, and a remote one is none", "[services][podman]") {
    PodmanPlaces places;
    places.runtime_directory = "/run/user/7";
    CHECK(shared_sockets(places) == std::vector<fs::path>{"/run/user/7/podman/podman.sock"});
    places.container_host = "unix:///tmp/p.sock";
    CHECK(shared_sockets(places).front() == "/tmp/p.sock");
    places.is_root = true;
    CHECK(shared_sockets(places) == std::vector<fs::path>{"/tmp/p.sock", "/run/podman/podman.sock"});
    places.container_host = "ssh://elsewhere/run/podman.sock";
    CHECK(shared_sockets(places).size() == 1);
}

TEST_CASE("without the program there is one clear line", "[services][podman]") {
    asio::io_context loop{1};
    PodmanPlaces places;
    places.path = "/nonexistent";
    PodmanAccess nowhere(loop.get_executor(), places);
    CHECK(test::code_of(settle(loop, nowhere.engine({}))) == "podman_missing");
    places.socket = "/nonexistent/podman.sock";
    PodmanAccess no_socket(loop.get_executor(), places);
    auto const error = settle(loop, no_socket.engine({})).error();
    CHECK(error.message.find("/nonexistent/podman.sock") != std::string::npos);
    places.socket.clear();
    places.container_host = "ssh://elsewhere";
    PodmanAccess remote(loop.get_executor(), places);
    CHECK(settle(loop, remote.engine({})).error().message.find("ssh://elsewhere") != std::string::npos);
}

TEST_CASE("where no service can be had the program is used", "[services][podman]") {
    asio::io_context loop{1};
    Program const program(
        "[ \"$1\" = version ] && echo 4.9.9 && exit 0\necho 'Error: no service here' >&2\nexit 125\n");
    PodmanAccess access(loop.get_executor(), program.places());
    auto const engine = test::must(settle(loop, access.engine({})));
    CHECK(engine->words().find("by the program") != std::string::npos);
    CHECK(engine->words().find("4.9.9") != std::string::npos);
    Program const broken("echo 'Error: cannot read the store' >&2\nexit 125\n");
    PodmanAccess useless(loop.get_executor(), broken.places());
    auto const error = settle(loop, useless.engine({})).error();
    CHECK(error.code == ErrorCode::podman_missing);
    CHECK(error.message.find("cannot read the store") != std::string::npos);
}

TEST_CASE("a Podman machine is started when it does not run, and its socket is used", "[services][podman]") {
    asio::io_context loop{1};
    test::ScriptedServer server(loop, [](test::Asked const&) { return ping_answer(); });
    auto const socket = server.endpoint().substr(5);
    Program const program(
        "case \"$1 $2\" in\n"
        "'machine inspect') if [ -f started ]; then echo 'running " +
        socket + "'; else echo 'stopped " + socket +
        "'; fi ;;\n'machine start') touch started ;;\n*) exit 125 ;;\nesac\n");
    auto places = program.places();
    places.has_machine = true;
    std::vector<std::string> steps;
    PodmanAccess access(loop.get_executor(), places);
    auto const engine =
        test::must(settle(loop, access.engine([&](Step const& step) { steps.push_back(step.text); })));
    CHECK(engine->words() == "Podman 5.1.0 at " + socket);
    CHECK(steps == std::vector<std::string>{"starting the Podman machine"});
    CHECK(fs::exists(program.directory / "started"));

    Program const none("echo 'Error: podman-machine-default: VM does not exist' >&2\nexit 125\n");
    places = none.places();
    places.has_machine = true;
    PodmanAccess missing(loop.get_executor(), places);
    auto const error = settle(loop, missing.engine({})).error();
    CHECK(error.code == ErrorCode::podman_missing);
    CHECK(error.hint.find("podman machine init") != std::string::npos);
}

TEST_CASE("Podman's answers become values: nothing there is empty, a refusal has Podman's words",
          "[services][podman]") {
    asio::io_context loop{1};
    test::ScriptedServer server(loop, [](test::Asked const& asked) {
        if (asked.has("GET /v4.0.0/libpod/volumes/none/json"))
            return test::http_answer(R"({"cause":"no such volume","message":"none: no such volume"})",
                                     "404 Not Found");
        if (asked.has("/secrets/pg-password/json"))
            return test::http_answer(R"({"Spec":{"Labels":{"dev.fleettools.home":"/h"}}})");
        if (asked.has("/images/pull"))
            return test::http_answer("{\"stream\":\"Trying\\n\"}\n{\"error\":\"lookup x: no such host\"}\n");
        if (asked.has("/start"))
            return test::http_answer(R"({"message":"it: address already in use"})", "500 No");
        if (asked.has("/stop")) return std::string("HTTP/1.1 304 Not Modified\r\n\r\n");
        if (asked.has("/logs")) return test::http_answer(frame("ten bytes\n") + frame("two\n"));
        return std::string{};
    });
    Libpod podman(loop.get_executor(), server.endpoint().substr(5));
    CHECK_FALSE(test::must(settle(loop, podman.volume("none"))));
    CHECK(test::must(settle(loop, podman.secret("pg-password"))).value().at(home_label) == "/h");
    CHECK(settle(loop, podman.start("pg")).error().message == "it: address already in use");
    test::must(settle(loop, podman.stop("pg", Millis{1'000})));
    std::vector<std::string> steps;
    auto const pulled = settle(loop, podman.pull("x", [&](Step const& step) { steps.push_back(step.text); }));
    CHECK(pulled.error().message == "lookup x: no such host");
    CHECK(steps == std::vector<std::string>{"Trying"});
    std::vector<std::string> lines;
    LineSink const keep = [&lines](std::string line) -> asio::awaitable<bool> {
        lines.push_back(std::move(line));
        co_return true;
    };
    test::must(settle(loop, podman.logs("pg", ContainerLog{}, keep)));
    CHECK(lines == std::vector<std::string>{"ten bytes", "two"});
    // It hangs up.
    CHECK(test::code_of(settle(loop, podman.container("pg"))) == "podman_missing");
}

TEST_CASE("a container whose monitor was killed is removed all the same, and it is noted",
          "[services][podman]") {
    asio::io_context loop{1};
    int removals = 0;
    bool is_gone_at_once = false;
    bool is_stuck = false;
    test::ScriptedServer server(loop, [&](test::Asked const& asked) {
        if (asked.has("/stop")) return test::http_answer(R"({"message":"no exit status"})", "500 No");
        if (asked.has("DELETE ")) {
            removals += 1;
            if (removals > 1 && !is_stuck) return test::http_answer("[]");
            return test::http_answer(R"({"message":"timed out waiting for exit file"})", "500 No");
        }
        if (is_gone_at_once) return test::http_answer(R"({"message":"no such container"})", "404 Not Found");
        return test::http_answer(R"({"Id":"abc","Name":"pg","State":{"Running":false},"Config":{}})");
    });
    auto engine = std::make_shared<Libpod>(loop.get_executor(), server.endpoint().substr(5));
    std::vector<std::string> notes;
    Removal removal{"pg", true, Millis{1'000}};
    removal.note = [&](std::string const&, Error const& error) { notes.push_back(error.message); };

    test::must(settle(loop, remove_container(engine, removal)));
    CHECK(removals == 2);
    CHECK(notes == std::vector<std::string>{"no exit status", "timed out waiting for exit file"});

    // It is gone although Podman complains: a second removal could meet another one of that name.
    removals = 0;
    is_gone_at_once = true;
    test::must(settle(loop, remove_container(engine, removal)));
    CHECK(removals == 1);

    removals = 0;
    is_gone_at_once = false;
    is_stuck = true;
    auto const stuck = settle(loop, remove_container(engine, removal));
    CHECK(stuck.error().message == "timed out waiting for exit file");
    CHECK(removals == 2);
}

TEST_CASE("a secret goes in the body of a request, and never in its address", "[services][podman]") {
    asio::io_context loop{1};
    test::ScriptedServer server(loop, [](test::Asked const&) { return test::http_answer("{}"); });
    Libpod podman(loop.get_executor(), server.endpoint().substr(5));
    test::must(settle(loop, podman.make_secret("pg-password", "hush-hush", own_labels("/h"))));
    REQUIRE(server.asked().size() == 1);
    CHECK(server.asked()[0].body == "hush-hush");
    CHECK(server.asked()[0].head.find("hush") == std::string::npos);
    CHECK(server.asked()[0].header("Content-Type") == "application/octet-stream");
}
