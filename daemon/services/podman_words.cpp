#include "services/podman_words.hpp"

#include "services/cluster.hpp"
#include "services/failure.hpp"

#include <fmt/format.h>

#include <array>

namespace fleet::services {
namespace {

struct Known {
    std::string_view words;
    Trouble trouble;
};

// In this order: the first that is found counts. Podman's words end in the cause, and what leads to it may
// hold words of a later row.
constexpr std::array<Known, 31> known_words{{
    {"no space left on device", Trouble::disk},
    {"disk quota exceeded", Trouble::disk},
    {"address already in use", Trouble::port},
    {"port is already allocated", Trouble::port},
    {"cannot expose privileged port", Trouble::port},
    {"name is already in use", Trouble::name},
    {"is already in use by", Trouble::name},
    {"volume already exists", Trouble::name},
    {"image not known", Trouble::image},
    {"no such image", Trouble::image},
    {"/dev/net/tun", Trouble::network},
    {"slirp4netns", Trouble::network},
    {"pasta", Trouble::network},
    {"netavark", Trouble::network},
    {"setting up CNI", Trouble::network},
    {"insufficient UIDs or GIDs", Trouble::ids},
    {"no subuid ranges", Trouble::ids},
    {"subuid", Trouble::ids},
    {"newuidmap", Trouble::ids},
    {"newgidmap", Trouble::ids},
    {"user namespaces are not enabled", Trouble::ids},
    {"setrlimit", Trouble::runtime},
    {"rlimit type", Trouble::runtime},
    {"cgroups in hybrid mode", Trouble::runtime},
    {"OCI runtime", Trouble::runtime},
    {"OCI permission denied", Trouble::runtime},
    {"oci runtime", Trouble::runtime},
    {"runtime attempted to invoke", Trouble::runtime},
    {"crun: ", Trouble::runtime},
    {"runc ", Trouble::runtime},
    {"cgroup", Trouble::runtime},
}};

}  // namespace

Trouble trouble_of(std::string_view words) {
    for (auto const& known : known_words)
        if (words.find(known.words) != std::string_view::npos) return known.trouble;
    return Trouble::none;
}

Error podman_error(Error const& said, PodmanContext const& about) {
    if (said.code != ErrorCode::internal && said.code != ErrorCode::not_found) return said;
    auto const& words = said.message;
    switch (trouble_of(words)) {
        case Trouble::port:
            return failure(
                ErrorCode::port_taken,
                fmt::format("port {} on {} (postgres_port) cannot be had: {}", about.port, loopback,
                            words.find("privileged") == std::string::npos
                                ? "another program listens there"
                                : "an ordinary account may not use ports below 1024"));
        case Trouble::name:
            return failure(ErrorCode::name_taken,
                           fmt::format("the name {} is in use in Podman: {}", about.container, words));
        case Trouble::image:
            return failure(ErrorCode::image_missing, fmt::format("the image {} is not here", about.image));
        case Trouble::network:
            return failure(ErrorCode::container_refused,
                           "Podman cannot make a network for the container: " + words,
                           "Set podman_network to host, or use `--provider native`.");
        case Trouble::ids:
            return failure(
                ErrorCode::container_refused, "this account has no range of ids for containers: " + words,
                "As root: `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ACCOUNT`, "
                "then `podman system migrate`; or use `--provider native`.");
        case Trouble::runtime:
            return failure(ErrorCode::container_refused, "Podman cannot run a container here: " + words);
        case Trouble::disk: return failure(ErrorCode::disk_full, "Podman's storage is full: " + words);
        case Trouble::none: break;
    }
    return failure(ErrorCode::internal, "Podman says: " + words,
                   "`podman info` and `podman ps --all` show how Podman is.");
}

}  // namespace fleet::services
