// The way to Podman: a socket that is there, a machine to be started, a service of our own, or the program.
#pragma once

#include "services/child.hpp"
#include "services/engine.hpp"
#include "services/podman_program.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleet::services {

struct PodmanPlaces {
    std::filesystem::path socket{};         // setting podman_socket; "-": by the program only
    std::filesystem::path program{};        // setting podman_program
    std::string runtime{};                  // setting podman_runtime
    std::filesystem::path own_directory{};  // where the socket of a service of our own goes
    bool is_root = false;
    // Where containers run in a virtual machine, as on a Mac, that has to be started first.
    bool has_machine = false;
    // Of the environment.
    std::string path{};
    std::string container_host{};
    std::string runtime_directory{};  // XDG_RUNTIME_DIR
};

// Sockets of services that others run, in the order they are tried.
std::vector<std::filesystem::path> shared_sockets(PodmanPlaces const& places);
// The first file named `program` in a directory of `path` that may be run.
std::optional<std::filesystem::path> find_program(std::string_view path, std::string_view program);

// Lives on the loop thread. A service of its own ends with it, or when nobody has asked it for half a minute;
// the containers go on.
class PodmanAccess {
public:
    PodmanAccess(asio::any_io_executor executor, PodmanPlaces places);

    // Something that answers. Errors: podman_missing with what is in the way.
    asio::awaitable<Result<std::shared_ptr<Engine>>> engine(Progress progress);
    // Ends the service of our own, which forgets what it has got wrong (Podman 4 keeps the port of a start
    // that failed).
    void forget();
    // From now on by this runtime. True when that is a change and the program is there to make it.
    bool use_runtime(std::string const& runtime);
    // An installed runtime other than those that were tried.
    std::optional<std::string> another_runtime() const;
    std::string const& runtime() const { return places_.runtime; }

private:
    asio::awaitable<Result<std::shared_ptr<Engine>>> find(Progress progress);
    asio::awaitable<std::shared_ptr<Engine>> at_socket(std::filesystem::path socket);
    asio::awaitable<Result<std::shared_ptr<Engine>>> in_machine(std::filesystem::path program,
                                                                Progress progress);
    asio::awaitable<std::shared_ptr<Engine>> by_own_service(std::filesystem::path program);
    asio::awaitable<Result<std::shared_ptr<Engine>>> by_program(std::filesystem::path program);
    std::optional<std::filesystem::path> program() const;

    asio::any_io_executor executor_;
    PodmanPlaces places_;
    std::vector<std::string> tried_{};
    std::shared_ptr<Engine> engine_{};
    std::optional<Child> service_{};
    bool is_looking_ = false;
};

}  // namespace fleet::services
