#include "services/choice.hpp"
#include "services/failure.hpp"

#include "support/catch.hpp"
#include "support/run.hpp"

#include <filesystem>

#include <unistd.h>

using namespace fleet;
using namespace fleet::services;

namespace {

class Actor final : public Provider {
public:
    Actor(std::string name, Result<void> outcome, bool is_made = false)
        : name_(std::move(name)), outcome_(std::move(outcome)), is_made_(is_made) {}
    std::string_view name() const override { return name_; }
    asio::awaitable<Result<void>> start(Progress) override {
        starts += 1;
        co_return outcome_;
    }
    asio::awaitable<Result<void>> stop(Progress) override { co_return Result<void>{}; }
    asio::awaitable<ServerStatus> status(Millis) override {
        ServerStatus status;
        status.provider = name_;
        co_return status;
    }
    asio::awaitable<Result<void>> logs(LogRequest, LineSink) override { co_return Result<void>{}; }
    asio::awaitable<Result<void>> destroy(Progress) override { co_return Result<void>{}; }
    asio::awaitable<std::string> ended() override { co_return name_; }
    Result<std::string> dsn() const override { return name_; }
    Result<std::string> url() const override { return name_; }
    bool manages() const override { return true; }
    bool is_made() const override { return is_made_; }

    int starts = 0;

private:
    std::string name_;
    Result<void> outcome_;
    bool is_made_;
};

class Stage {
public:
    Stage() {
        std::string name = (std::filesystem::temp_directory_path() / "fleet-choice-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
        observe::LogOptions options;
        options.to = [](std::string_view) {};
        log_ = test::must(observe::Log::open(std::move(options)));
    }
    ~Stage() { std::filesystem::remove_all(directory_); }
    Stage(Stage const&) = delete;
    Stage& operator=(Stage const&) = delete;

    // What a daemon that starts now has.
    Choice& daemon(Result<void> podman_outcome, bool native_data = false, bool podman_data = false,
                   Result<void> native_outcome = {}) {
        auto by_container = std::make_unique<Actor>("podman", std::move(podman_outcome), podman_data);
        auto by_cluster = std::make_unique<Actor>("native", std::move(native_outcome), native_data);
        podman = by_container.get();
        native = by_cluster.get();
        choice_.emplace(ChoiceOptions{directory_ / "provider"}, std::move(by_container),
                        std::move(by_cluster), *log_);
        return *choice_;
    }
    Result<void> start() {
        said.clear();
        return test::run(choice_->start([this](Step const& step) { said += step.text + "\n"; }));
    }
    bool heard(std::string const& words) const { return said.find(words) != std::string::npos; }
    ServerStatus status() { return test::run(choice_->status(Millis{1'000})); }

    Actor* podman = nullptr;
    Actor* native = nullptr;
    std::string said;

private:
    std::filesystem::path directory_;
    std::unique_ptr<observe::Log> log_;
    std::optional<Choice> choice_;
};

Error no_podman() {
    return failure(ErrorCode::podman_missing, "podman is not installed");
}

}  // namespace

TEST_CASE("Podman is taken when it works, and kept when it does not any more", "[services][choice]") {
    Stage stage;
    stage.daemon({});
    CHECK(stage.status().provider == "auto");
    test::must(stage.start());
    CHECK(stage.heard("because Podman works"));
    CHECK(stage.native->starts == 0);
    CHECK(stage.status().chosen_because == "auto: Podman works");

    // The data are in the container: a fresh and empty cluster would be no answer.
    auto const& next = stage.daemon(no_podman());
    CHECK(next.name() == "podman");
    CHECK(test::code_of(stage.start()) == "podman_missing");
    CHECK(stage.native->starts == 0);
}

TEST_CASE("without Podman the private cluster is taken, with the reason, and kept when Podman comes",
          "[services][choice]") {
    Stage stage;
    stage.daemon(no_podman());
    test::must(stage.start());
    CHECK(stage.heard("provider native, because podman is not installed"));
    CHECK(stage.status().chosen_because == "auto: podman is not installed");
    stage.daemon({}, true);
    test::must(stage.start());
    CHECK(stage.podman->starts == 0);
    CHECK(stage.native->starts == 1);
}

TEST_CASE("what a person has to look at is not passed over by taking the other one", "[services][choice]") {
    for (auto const code :
         {ErrorCode::port_taken, ErrorCode::name_taken, ErrorCode::wrong_major, ErrorCode::disk_full}) {
        Stage stage;
        stage.daemon(failure(code, "in the way"));
        CHECK(stage.start().error().code == code);
        CHECK(stage.native->starts == 0);
        CHECK(stage.status().provider == "auto");
    }
    for (auto const code : {ErrorCode::image_missing, ErrorCode::container_refused}) {
        Stage stage;
        stage.daemon(failure(code, "cannot be had"));
        test::must(stage.start());
        CHECK(stage.native->starts == 1);
    }
}

TEST_CASE("data that are there decide", "[services][choice]") {
    Stage stage;
    CHECK(stage.daemon({}, true, false).name() == "native");
    CHECK(stage.daemon({}, false, true).name() == "podman");
    CHECK(stage.daemon({}, false, true).is_made());
}

TEST_CASE("when neither works the error has both reasons", "[services][choice]") {
    Stage stage;
    stage.daemon(no_podman(), false, false, failure(ErrorCode::binaries_missing, "no initdb"));
    auto const error = stage.start().error();
    CHECK(error.message.find("podman is not installed") != std::string::npos);
    CHECK(error.message.find("no initdb") != std::string::npos);
}

TEST_CASE("after destroy the choice is open again", "[services][choice]") {
    Stage stage;
    auto& choice = stage.daemon(no_podman());
    test::must(stage.start());
    test::must(test::run(choice.destroy({})));
    CHECK(stage.status().provider == "auto");
    CHECK(stage.daemon({}).name() == "auto");
}
