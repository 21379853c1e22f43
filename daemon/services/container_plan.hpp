// The container as it should be, and how to say so to Podman's service and to the podman program.
#pragma once

#include <fleet/json_value.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fleet::services {

using Labels = std::map<std::string, std::string>;

inline constexpr char const* service_label = "dev.fleettools.service";     // "pg" on all that fleetd makes
inline constexpr char const* home_label = "dev.fleettools.home";           // data directory of whose it is
inline constexpr char const* config_label = "dev.fleettools.config-hash";  // of `plan_hash`

struct ContainerPlan {
    std::string name;
    std::string image;
    std::string volume;  // its data
    std::string secret;  // its password
    std::string home;    // see home_label
    int port = 0;        // on 127.0.0.1
    bool on_host_network = false;
    std::int64_t shared_buffers_bytes = 0;
    std::int64_t shm_bytes = 0;
    std::int64_t memory_bytes_max = 0;  // 0: no limit
    std::int64_t log_bytes_max = 0;
    int stop_seconds = 0;
    // Limits that are named outright: some machines do not let Podman set its own.
    std::uint64_t files_max = 0;
    std::uint64_t processes_max = 0;
};

// Changes with everything that a person has set; not with the limits of the moment, so that a server is not
// restarted because fleetd was started from another shell.
std::string plan_hash(ContainerPlan const& plan);
// The labels of what belongs to the fleetd of `home`.
Labels own_labels(std::string const& home);

// The body of POST /containers/create.
Json create_body(ContainerPlan const& plan);
// The same as words after `podman create`.
std::vector<std::string> create_arguments(ContainerPlan const& plan);

inline constexpr char const* data_in_container = "/var/lib/postgresql/data";

}  // namespace fleet::services
