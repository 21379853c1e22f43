// What has containers: Podman's service over its socket, or the podman program. Both say the same things, so
// one interface has both.
#pragma once

#include "services/container_plan.hpp"
#include "services/log_file.hpp"
#include "services/provider.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fleet::services {

struct ImageFacts {
    std::string id;
    int major = 0;  // of PostgreSQL in it; 0 when the image does not say
};

struct ContainerFacts {
    std::string id;
    std::string state;  // "created", "running", "exited", "stopped", …
    bool is_running = false;
    bool was_out_of_memory = false;
    int exit_code = 0;
    std::string error;  // of the last start
    std::string image;
    Labels labels;
    std::optional<Time> started{};
    // As the engine numbers them: in another machine's numbers when it runs there.
    int pid = 0;
    int conmon_pid = 0;
};

struct ContainerLog {
    std::size_t tail = 100;
    bool follow = false;
    std::optional<Time> since{};
};

// Of the documents that `inspect` gives, by socket and program alike. Errors: internal when they are not
// such.
Result<ImageFacts> image_facts(Json const& inspected);
Result<ContainerFacts> container_facts(Json const& inspected);
Labels labels_of(Json const& object, std::string const& member);

// "2026-11-21T11:00:25.516985763Z", in which nobody needs nanoseconds; with any zone. The zero time means
// never.
std::optional<Time> time_of_stamp(std::string const& text);

// Lives on the loop thread. What is asked about and not there is an empty answer, what is removed and not
// there an easy success. Errors: podman_missing (Podman went away), else internal with Podman's own words,
// for `podman_words.hpp` to make sense of.
class Engine {
public:
    Engine() = default;
    Engine(Engine const&) = delete;
    Engine& operator=(Engine const&) = delete;
    virtual ~Engine() = default;

    virtual std::string words() const = 0;  // "Podman 4.3.1 at /run/podman/podman.sock"
    // True when it answers just now.
    virtual asio::awaitable<bool> answers() = 0;

    virtual asio::awaitable<Result<std::optional<ImageFacts>>> image(std::string name) = 0;
    virtual asio::awaitable<Result<void>> pull(std::string name, Progress progress) = 0;
    virtual asio::awaitable<Result<std::optional<Labels>>> volume(std::string name) = 0;
    virtual asio::awaitable<Result<void>> make_volume(std::string name, Labels labels) = 0;
    virtual asio::awaitable<Result<void>> remove_volume(std::string name) = 0;
    virtual asio::awaitable<Result<std::optional<Labels>>> secret(std::string name) = 0;
    virtual asio::awaitable<Result<void>> make_secret(std::string name, std::string text, Labels labels) = 0;
    virtual asio::awaitable<Result<void>> remove_secret(std::string name) = 0;

    virtual asio::awaitable<Result<std::optional<ContainerFacts>>> container(std::string name) = 0;
    virtual asio::awaitable<Result<void>> create(ContainerPlan plan) = 0;
    virtual asio::awaitable<Result<void>> start(std::string name) = 0;
    // Sends the stop signal, and kills at `limit`.
    virtual asio::awaitable<Result<void>> stop(std::string name, Millis limit) = 0;
    virtual asio::awaitable<Result<void>> remove(std::string name) = 0;
    // Completes when it does not run any more.
    virtual asio::awaitable<Result<void>> wait(std::string name) = 0;
    // A small file inside, also of a container that does not run.
    virtual asio::awaitable<Result<std::optional<std::string>>> file(std::string name, std::string path) = 0;
    // Lines with their time in front, until the sink has enough; with `follow` until the container ends.
    virtual asio::awaitable<Result<void>> logs(std::string name, ContainerLog wanted, LineSink sink) = 0;
};

// The first file in a tar archive; empty when there is none.
std::optional<std::string> first_file_of_tar(std::string_view archive);

}  // namespace fleet::services
