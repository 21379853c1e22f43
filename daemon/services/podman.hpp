// A server in a container of fleetd's own.
#pragma once

#include "services/machine.hpp"
#include "services/podman_access.hpp"
#include "services/podman_words.hpp"
#include "services/provider.hpp"

#include "observe/log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleet::services {

// What stands on our side of the container, below one directory.
struct PodmanPaths {
    std::filesystem::path root;

    std::filesystem::path password() const { return root / "password"; }
    std::filesystem::path pgpass() const { return root / "pgpass"; }
    std::filesystem::path lock() const { return root / "lock"; }
    // There while a volume is made: what an `up` left that was killed is removed by the next one.
    std::filesystem::path unfinished() const { return root / "unfinished"; }
    // What was found out at the first start and is kept: port, runtime, network.
    std::filesystem::path settled() const { return root / "settled.json"; }
};

struct PodmanOptions {
    PodmanPaths paths;
    PodmanPlaces places;
    std::string image;
    std::string container;
    std::string network{"auto"};  // "auto", "bridge", "host"
    int port = 0;                 // 0: chosen at first start and kept
    std::int64_t shared_buffers_bytes = 64 << 20;
    std::int64_t shm_bytes = 256 << 20;
    std::int64_t memory_bytes_max = 0;
    std::int64_t log_bytes_max = 10 << 20;
    Millis start_limit{60'000};
    Millis stop_limit{30'000};
    Millis pull_limit{600'000};
    Millis lock_limit{60'000};

    std::string volume() const { return container + "-data"; }
    std::string secret() const { return container + "-password"; }
};

// The container outlives the daemon; the next one finds it by its name and our labels. What is not labelled
// as ours is never stopped, changed or removed.
class Podman final : public Provider {
public:
    // `log` outlives it.
    Podman(asio::any_io_executor executor, PodmanOptions options, Probe probe, observe::Log& log);

    std::string_view name() const override { return "podman"; }
    // Errors besides those of `Provider`: podman_missing, image_missing, container_refused, name_taken.
    asio::awaitable<Result<void>> start(Progress progress) override;
    asio::awaitable<Result<void>> stop(Progress progress) override;
    asio::awaitable<ServerStatus> status(Millis limit) override;
    asio::awaitable<Result<void>> logs(LogRequest request, LineSink sink) override;
    asio::awaitable<Result<void>> destroy(Progress progress) override;
    asio::awaitable<std::string> ended() override;
    Result<std::string> dsn() const override;
    Result<std::string> url() const override;
    bool manages() const override { return true; }
    bool is_made() const override;

private:
    struct Settled {
        int port = 0;
        std::string runtime{};
        bool on_host_network = false;
    };
    // What is in Podman of ours. Errors of looking: name_taken when it is somebody else's.
    struct Found {
        std::optional<ContainerFacts> container;
        bool has_volume = false;
        bool has_secret = false;
    };
    using EnginePtr = std::shared_ptr<Engine>;

    asio::awaitable<Result<void>> try_start(Progress progress, std::shared_ptr<FileLock> lock);
    asio::awaitable<Result<ImageFacts>> have_image(EnginePtr engine, Progress progress);
    asio::awaitable<Result<Found>> survey(EnginePtr engine);
    Result<void> check_whole(Found const& found) const;
    asio::awaitable<Result<void>> make_container(EnginePtr engine, ContainerPlan plan, Found found,
                                                 Progress progress);
    asio::awaitable<Result<void>> make_data_places(EnginePtr engine, ContainerPlan plan, Found found);
    asio::awaitable<Result<void>> check_major(EnginePtr engine, ImageFacts image);
    asio::awaitable<Result<void>> launch(EnginePtr engine, ContainerPlan plan, Progress progress);
    asio::awaitable<Result<void>> adopt(EnginePtr engine);
    asio::awaitable<Result<void>> wait_until_answers(EnginePtr engine, Progress progress);
    asio::awaitable<Error> why_it_stopped(EnginePtr engine);
    asio::awaitable<std::string> how_it_ended();
    asio::awaitable<void> look(ServerStatus& status);
    asio::awaitable<Result<void>> read_logs(LogRequest request, LineSink sink);
    // Whether another try may help after `error`, and what is different then.
    bool adapt(Error const& error, Progress const& progress);
    Result<ContainerPlan> make_plan(Found const& found);
    Settled settled() const;
    void settle(Settled const& settled);
    Result<void> write_pgpass();

    asio::any_io_executor executor_;
    PodmanOptions options_;
    Probe probe_;
    observe::Log& log_;
    PodmanAccess access_;
    Settled settled_;
    struct Running {
        ContainerFacts facts;
        int port = 0;
        bool is_local = false;  // its pid is one of this machine's
    };
    std::optional<Running> running_;
    std::optional<Child> server_;  // when it is local
};

// Removes a container, in order where that is possible. By force the server finds its data as after a loss of
// power: nothing that was committed is lost, but its next start takes longer, so `note` is told.
struct Removal {
    std::string container;
    bool is_running = false;
    Millis stop_limit{30'000};
    std::function<void(std::string const& words, Error const& error)> note{};
};
asio::awaitable<Result<void>> remove_container(std::shared_ptr<Engine> engine, Removal removal);

// After a start that failed: stops the container, and removes it when it has never run; with `data` (of a
// first start) removes it, the volume, the secret and the password in any case. Only what carries the labels
// of `paths.root` is touched. Errors are those of Podman.
struct ClearAway {
    std::string container;
    std::string volume;
    std::string secret;
    PodmanPaths paths;
    bool data = false;
};
asio::awaitable<Result<void>> clear_away(std::shared_ptr<Engine> engine, ClearAway what);

// "2026-11-21T11:00:29Z words" becomes a line with a time as the rest of the logs have it; a line that brings
// its own time loses Podman's, which knows seconds only.
std::string dated_line(std::string line);

}  // namespace fleet::services
