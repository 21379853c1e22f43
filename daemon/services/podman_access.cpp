#include "services/podman_access.hpp"

#include "services/account.hpp"
#include "services/failure.hpp"
#include "services/libpod.hpp"
#include "services/machine.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

constexpr Millis look_pause{30};
constexpr Millis service_limit{10'000};
constexpr Millis machine_look_limit{20'000};
constexpr Millis machine_start_limit{180'000};
constexpr int idle_seconds = 30;  // then a service of our own ends; the next call starts one
constexpr std::string_view unix_scheme = "unix://";

Error missing(std::string words, std::string hint = {}) {
    return failure(ErrorCode::podman_missing, std::move(words), std::move(hint));
}

class Looking {
public:
    explicit Looking(bool& flag) : flag_(flag) { flag_ = true; }
    Looking(Looking const&) = delete;
    Looking& operator=(Looking const&) = delete;
    ~Looking() { flag_ = false; }

private:
    bool& flag_;
};

std::string first_line(std::string const& text) {
    return text.substr(0, text.find('\n'));
}

}  // namespace

std::vector<fs::path> shared_sockets(PodmanPlaces const& places) {
    std::vector<fs::path> sockets;
    if (places.container_host.starts_with(unix_scheme))
        sockets.emplace_back(places.container_host.substr(unix_scheme.size()));
    if (places.is_root)
        sockets.emplace_back("/run/podman/podman.sock");
    else if (!places.runtime_directory.empty())
        sockets.push_back(fs::path(places.runtime_directory) / "podman/podman.sock");
    return sockets;
}

std::optional<fs::path> find_program(std::string_view path, std::string_view program) {
    while (!path.empty()) {
        auto const end = std::min(path.find(':'), path.size());
        auto const candidate = fs::path(path.substr(0, end)) / program;
        if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0 &&
            fs::is_regular_file(candidate))
            return candidate;
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return std::nullopt;
}

PodmanAccess::PodmanAccess(asio::any_io_executor executor, PodmanPlaces places)
    : executor_(std::move(executor)), places_(std::move(places)) {}

std::optional<fs::path> PodmanAccess::program() const {
    if (places_.program.empty()) return find_program(places_.path, "podman");
    if (::access(places_.program.c_str(), X_OK) == 0) return places_.program;
    return std::nullopt;
}

asio::awaitable<Result<std::shared_ptr<Engine>>> PodmanAccess::engine(Progress progress) {
    // Two who look at once would start two services at one socket.
    asio::steady_timer timer(executor_);
    while (is_looking_) {
        timer.expires_after(look_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    Looking const looking(is_looking_);
    if (engine_) {
        auto const still = co_await engine_->answers();
        if (still) co_return engine_;
    }
    engine_.reset();
    auto found = co_await find(std::move(progress));
    if (found) engine_ = *found;
    co_return found;
}

asio::awaitable<Result<std::shared_ptr<Engine>>> PodmanAccess::find(Progress progress) {
    auto const found = program();
    if (places_.socket == "-") {
        if (!found) co_return missing("there is no podman program in PATH");
        auto engine = co_await by_program(*found);
        co_return engine;
    }
    if (!places_.socket.empty()) {
        auto engine = co_await at_socket(places_.socket);
        if (engine) co_return engine;
        co_return missing(
            fmt::format("no Podman service answers at {} (podman_socket)", places_.socket.string()),
            "`systemctl --user start podman.socket` starts one; without the setting fleetd finds "
            "its own way.");
    }
    if (!places_.container_host.empty() && !places_.container_host.starts_with(unix_scheme))
        co_return missing(fmt::format("CONTAINER_HOST is {}: a Podman elsewhere", places_.container_host),
                          "The database has to run on this machine: unset CONTAINER_HOST for fleetd.");
    // A runtime that was asked for is given to a service when it starts: it has to be ours.
    if (places_.runtime.empty()) {
        for (auto const& socket : shared_sockets(places_)) {
            auto engine = co_await at_socket(socket);
            if (engine) co_return engine;
        }
    }
    if (!found && !places_.program.empty())
        co_return missing(fmt::format("there is no program {} (podman_program)", places_.program.string()));
    if (!found) co_return missing("podman is not installed: no program of that name is in PATH");
    if (places_.has_machine) {
        auto engine = co_await in_machine(*found, std::move(progress));
        co_return engine;
    }
    auto engine = co_await by_own_service(*found);
    if (engine) co_return engine;
    auto last = co_await by_program(*found);
    co_return last;
}

asio::awaitable<std::shared_ptr<Engine>> PodmanAccess::at_socket(fs::path socket) {
    std::error_code problem;
    if (!fs::is_socket(socket, problem) || socket.string().size() > socket_path_max)
        co_return std::shared_ptr<Engine>{};
    auto engine = std::make_shared<Libpod>(executor_, socket);
    auto const answers = co_await engine->answers();
    if (!answers) co_return std::shared_ptr<Engine>{};
    co_return engine;
}

asio::awaitable<Result<std::shared_ptr<Engine>>> PodmanAccess::in_machine(fs::path program,
                                                                          Progress progress) {
    PodmanCall const call{program, {}};
    auto ask =
        call.command({"machine", "inspect", "--format", "{{.State}} {{.ConnectionInfo.PodmanSocket.Path}}"});
    auto again = ask;
    auto seen = co_await run_program(executor_, std::move(ask), machine_look_limit);
    if (!seen) co_return seen.error();
    if (!seen->is_ok())
        co_return missing("there is no Podman machine: " + first_line(seen->errors),
                          "`podman machine init` makes one, once.");
    if (!seen->output.starts_with("running")) {
        if (progress) progress(Step{"podman", "starting the Podman machine", false});
        auto start = call.command({"machine", "start"});
        auto started = co_await run_program(executor_, std::move(start), machine_start_limit);
        if (!started) co_return started.error();
        if (!started->is_ok())
            co_return missing("the Podman machine does not start: " + first_line(started->errors),
                              "`podman machine start` shows the whole story.");
        seen = co_await run_program(executor_, std::move(again), machine_look_limit);
        if (!seen) co_return seen.error();
    }
    auto const line = first_line(seen->output);
    auto const space = line.find(' ');
    auto const socket = space == std::string::npos ? std::string{} : line.substr(space + 1);
    auto engine = co_await at_socket(socket);
    if (engine) co_return engine;
    co_return missing(fmt::format("the Podman machine is {}, but its socket '{}' does not answer",
                                  line.substr(0, space), socket),
                      "`podman machine stop`, then `podman machine start`.");
}

asio::awaitable<std::shared_ptr<Engine>> PodmanAccess::by_own_service(fs::path program) {
    auto const& directory = places_.own_directory;
    auto const name =
        places_.runtime.empty() ? std::string("podman.sock") : fmt::format("podman-{}.sock", places_.runtime);
    auto const socket = directory / name;
    if (socket.string().size() > socket_path_max) co_return std::shared_ptr<Engine>{};
    if (auto made = make_directory(directory, 0700, std::nullopt); !made) co_return std::shared_ptr<Engine>{};
    auto running = co_await at_socket(socket);
    if (running) co_return running;
    std::error_code ignored;
    fs::remove(socket, ignored);
    auto const log = directory / "service.log";
    fs::remove(log, ignored);

    PodmanCall const call{program, places_.runtime};
    auto command = call.command(
        {"system", "service", fmt::format("--time={}", idle_seconds), "unix://" + socket.string()});
    command.output = log;
    service_.reset();
    auto child = Child::spawn(executor_, std::move(command));
    if (!child) co_return std::shared_ptr<Engine>{};
    service_.emplace(*std::move(child));
    auto const until = std::chrono::steady_clock::now() + service_limit;
    asio::steady_timer timer(executor_);
    while (std::chrono::steady_clock::now() < until && !service_->has_ended()) {
        auto engine = co_await at_socket(socket);
        if (engine) co_return engine;
        timer.expires_after(look_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
    service_.reset();
    co_return std::shared_ptr<Engine>{};
}

asio::awaitable<Result<std::shared_ptr<Engine>>> PodmanAccess::by_program(fs::path program) {
    auto engine = std::make_shared<PodmanProgram>(executor_, PodmanCall{program, places_.runtime});
    auto const answers = co_await engine->answers();
    if (answers) co_return std::shared_ptr<Engine>(engine);
    auto command = PodmanCall{program, places_.runtime}.command({"version"});
    auto ran = co_await run_program(executor_, std::move(command), machine_look_limit);
    auto const why = ran ? first_line(ran->errors) : ran.error().message;
    co_return missing(fmt::format("{} does not work: {}", program.string(), why));
}

void PodmanAccess::forget() {
    engine_.reset();
    service_.reset();
}

bool PodmanAccess::use_runtime(std::string const& runtime) {
    if (runtime.empty() || runtime == places_.runtime || !program() || !places_.socket.empty()) return false;
    tried_.push_back(places_.runtime);
    places_.runtime = runtime;
    forget();
    return true;
}

std::optional<std::string> PodmanAccess::another_runtime() const {
    if (places_.has_machine) return std::nullopt;
    // crun is what Podman prefers; runc gets along with less.
    for (std::string const name : {"runc", "crun"}) {
        auto const was_tried =
            name == places_.runtime || std::find(tried_.begin(), tried_.end(), name) != tried_.end();
        if (!was_tried && find_program(places_.path + ":/usr/sbin:/sbin:/usr/local/sbin", name)) return name;
    }
    return std::nullopt;
}

}  // namespace fleet::services
