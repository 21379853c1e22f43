// What a container's provider says while Podman itself is in trouble.
#include "services/podman.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/scripted_server.hpp"

#include <fleet/json.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace fleet;
using namespace fleet::services;

namespace fs = std::filesystem;

namespace {

Probe probe_of_nobody() {
    return [](std::string, Millis) -> asio::awaitable<Result<Answered>> {
        co_return make_error(ErrorCode::away, "connection refused");
    };
}

std::string ping_answer() {
    return "HTTP/1.1 200 OK\r\nLibpod-Api-Version: 4.3.1\r\nContent-Length: 2\r\n\r\nOK";
}

// A provider whose Podman is a script on a socket.
class Stage {
public:
    explicit Stage(test::ScriptedServer::Answer answer) : server(loop, std::move(answer)) {
        std::string name = (fs::temp_directory_path() / "fleet-podman-XXXXXX").string();
        directory = ::mkdtemp(name.data());
        observe::LogOptions log_options;
        log_options.to = [](std::string_view) {};
        log = test::must(observe::Log::open(std::move(log_options)));
        PodmanOptions options;
        options.paths.root = directory / "podman";
        options.places.socket = server.endpoint().substr(5);
        options.image = "localhost/pg:15";
        options.container = "pg";
        options.pull_limit = Millis{300};
        podman.emplace(loop.get_executor(), options, probe_of_nobody(), *log);
    }
    ~Stage() { fs::remove_all(directory); }
    Stage(Stage const&) = delete;
    Stage& operator=(Stage const&) = delete;

    void was_made() {
        fs::create_directories(directory / "podman");
        std::ofstream(directory / "podman/password") << "hush";
    }
    Result<void> start() { return test::run(loop, podman->start({}), std::chrono::seconds{20}); }

    asio::io_context loop{1};
    test::ScriptedServer server;
    fs::path directory;
    std::unique_ptr<observe::Log> log;
    std::optional<Podman> podman;
};

}  // namespace

TEST_CASE("status answers in time although Podman hangs", "[services][podman]") {
    Stage stage([](test::Asked const& asked) {
        // Everything but the ping begins an answer that never ends.
        return asked.has("_ping") ? ping_answer()
                                  : std::string("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    });
    stage.was_made();
    auto const began = std::chrono::steady_clock::now();
    auto const status = test::run(stage.loop, stage.podman->status(Millis{500}), std::chrono::seconds{10});
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{2});
    CHECK(status.state == ServerState::stopped);
    CHECK(status.container == "pg");
}

TEST_CASE("status asks nobody before anything was made", "[services][podman]") {
    Stage stage([](test::Asked const&) { return std::string{}; });
    auto const status = test::run(stage.loop, stage.podman->status(Millis{500}));
    CHECK(status.state == ServerState::absent);
    CHECK(stage.server.asked().empty());
    CHECK(test::code_of(stage.podman->dsn()) == "not_running");
}

TEST_CASE("an image that does not come in time is given up, and nothing was made", "[services][podman]") {
    Stage stage([](test::Asked const& asked) {
        if (asked.has("_ping")) return ping_answer();
        if (asked.has("/images/pull"))
            return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        return test::http_answer(R"({"cause":"no such"})", "404 Not Found");
    });
    // An image of this machine is never asked for elsewhere.
    CHECK(test::code_of(stage.start()) == "image_missing");
    for (auto const& asked : stage.server.asked()) CHECK_FALSE(asked.has("/images/pull"));

    PodmanOptions options;
    options.paths.root = stage.directory / "podman";
    options.places.socket = stage.server.endpoint().substr(5);
    options.image = "registry.example.org/pg:15";
    options.container = "pg";
    options.pull_limit = Millis{300};
    stage.podman.emplace(stage.loop.get_executor(), options, probe_of_nobody(), *stage.log);
    auto const error = stage.start().error();
    CHECK(error.code == ErrorCode::image_missing);
    CHECK(error.message.find("podman_pull_timeout") != std::string::npos);
    CHECK_FALSE(stage.podman->is_made());
    for (auto const& asked : stage.server.asked()) CHECK_FALSE(asked.has("POST /v4.0.0/libpod/volumes"));
}

TEST_CASE("data without their volume, and a volume without its password, are told apart",
          "[services][podman]") {
    bool has_volume = false;
    std::string home;
    Stage stage([&](test::Asked const& asked) {
        if (asked.has("_ping")) return ping_answer();
        if (has_volume && asked.has("/volumes/"))
            return test::http_answer(json_text(Json{{"Labels", own_labels(home)}}));
        return test::http_answer(R"({"cause":"no such"})", "404 Not Found");
    });
    home = (stage.directory / "podman").string();
    stage.was_made();
    CHECK(stage.start().error().message.find("is not in this Podman") != std::string::npos);
    fs::remove(stage.directory / "podman/password");
    has_volume = true;
    CHECK(stage.start().error().message.find("their password is gone") != std::string::npos);
}
