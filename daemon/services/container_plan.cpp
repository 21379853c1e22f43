#include "services/container_plan.hpp"

#include "services/cluster.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <array>

namespace fleet::services {
namespace {

constexpr int port_in_container = 5432;
constexpr char const* password_file = "fleettools-password";  // below /run/secrets
constexpr int owner_reads = 0400;
constexpr int interrupt = 2;  // SIGINT: PostgreSQL's fast stop. SIGTERM would wait for the last session.
// What the entry point needs to hand the directories to the server's account and to become it.
constexpr std::array<char const*, 5> needed{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"};

std::map<std::string, std::string> environment(ContainerPlan const& plan) {
    std::map<std::string, std::string> all{
        {"POSTGRES_USER", std::string(cluster_user)},
        {"POSTGRES_DB", std::string(cluster_database)},
        {"POSTGRES_PASSWORD_FILE", fmt::format("/run/secrets/{}", password_file)},
        // Loopback of the container is loopback of the machine on its network: nobody is trusted there.
        {"POSTGRES_INITDB_ARGS",
         "--auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums"},
        // Images of major 18 and later have another place, and the volume must be mounted where the data go.
        {"PGDATA", data_in_container}};
    if (plan.on_host_network) all["PGPORT"] = std::to_string(plan.port);
    return all;
}

std::vector<std::string> command(ContainerPlan const& plan) {
    std::vector<std::string> words{"postgres"};
    auto set = [&words](std::string const& setting) {
        words.emplace_back("-c");
        words.push_back(setting);
    };
    set(fmt::format("shared_buffers={}kB", plan.shared_buffers_bytes / 1024));
    set("max_connections=200");
    set("max_locks_per_transaction=128");
    set("jit=off");
    set("client_connection_check_interval=5s");
    set("timezone=UTC");
    set("log_timezone=UTC");
    set("log_line_prefix=%m [%p] %q%u@%d %a ");
    set("lc_messages=C");
    if (plan.on_host_network) {
        set(fmt::format("listen_addresses={}", loopback));
        set(fmt::format("port={}", plan.port));
    }
    return words;
}

Labels all_labels(ContainerPlan const& plan) {
    auto labels = own_labels(plan.home);
    labels[config_label] = plan_hash(plan);
    return labels;
}

// FNV-1a: says whether something has changed, and keeps nobody out.
std::uint64_t hash_of(std::string const& text) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return hash;
}

}  // namespace

std::string plan_hash(ContainerPlan const& plan) {
    Json const seen{plan.image,        plan.volume,        plan.secret,           plan.port,
                    plan.shm_bytes,    plan.log_bytes_max, plan.memory_bytes_max, plan.on_host_network,
                    environment(plan), command(plan)};
    return fmt::format("{:016x}", hash_of(json_text(seen)));
}

Labels own_labels(std::string const& home) {
    return {{service_label, "pg"}, {home_label, home}};
}

Json create_body(ContainerPlan const& plan) {
    Json body{{"name", plan.name},
              {"image", plan.image},
              {"env", environment(plan)},
              {"command", command(plan)},
              {"labels", all_labels(plan)},
              {"image_volume_mode", "ignore"},
              {"stop_signal", interrupt},
              {"stop_timeout", plan.stop_seconds},
              // fleetd watches over it, with pauses that grow and an end: two who restart would quarrel.
              {"restart_policy", "no"},
              {"cap_drop", {"all"}},
              {"cap_add", needed},
              {"no_new_privileges", true},
              {"shm_size", plan.shm_bytes},
              {"httpproxy", false}};
    body["volumes"] = Json::array({Json{{"Name", plan.volume}, {"Dest", data_in_container}}});
    body["secrets"] = Json::array({Json{
        {"Source", plan.secret}, {"Target", password_file}, {"UID", 0}, {"GID", 0}, {"Mode", owner_reads}}});
    body["log_configuration"] = {{"driver", "k8s-file"}, {"size", plan.log_bytes_max}};
    // Its timers need systemd; fleetd asks the server itself.
    body["healthconfig"] = {{"Test", {"NONE"}}};
    body["r_limits"] =
        Json::array({Json{{"type", "nofile"}, {"soft", plan.files_max}, {"hard", plan.files_max}},
                     Json{{"type", "nproc"}, {"soft", plan.processes_max}, {"hard", plan.processes_max}}});
    if (plan.memory_bytes_max > 0) body["resource_limits"]["memory"]["limit"] = plan.memory_bytes_max;
    if (plan.on_host_network) {
        body["netns"] = {{"nsmode", "host"}};
    } else {
        body["portmappings"] = Json::array({Json{{"host_ip", loopback},
                                                 {"host_port", plan.port},
                                                 {"container_port", port_in_container},
                                                 {"protocol", "tcp"}}});
    }
    return body;
}

std::vector<std::string> create_arguments(ContainerPlan const& plan) {
    std::vector<std::string> words{"--name=" + plan.name,
                                   "--pull=never",
                                   "--image-volume=ignore",
                                   fmt::format("--stop-signal={}", interrupt),
                                   fmt::format("--stop-timeout={}", plan.stop_seconds),
                                   "--restart=no",
                                   "--cap-drop=all",
                                   "--security-opt=no-new-privileges",
                                   fmt::format("--shm-size={}", plan.shm_bytes),
                                   "--http-proxy=false",
                                   "--no-healthcheck",
                                   "--log-driver=k8s-file",
                                   fmt::format("--log-opt=max-size={}", plan.log_bytes_max),
                                   fmt::format("--ulimit=nofile={0}:{0}", plan.files_max),
                                   fmt::format("--ulimit=nproc={0}:{0}", plan.processes_max),
                                   fmt::format("--volume={}:{}", plan.volume, data_in_container),
                                   fmt::format("--secret={},type=mount,target={},uid=0,gid=0,mode=0{:o}",
                                               plan.secret, password_file, owner_reads)};
    for (auto const* capability : needed) words.push_back(fmt::format("--cap-add={}", capability));
    for (auto const& [name, value] : environment(plan))
        words.push_back(fmt::format("--env={}={}", name, value));
    for (auto const& [name, value] : all_labels(plan))
        words.push_back(fmt::format("--label={}={}", name, value));
    if (plan.memory_bytes_max > 0) words.push_back(fmt::format("--memory={}", plan.memory_bytes_max));
    words.push_back(plan.on_host_network
                        ? std::string("--network=host")
                        : fmt::format("--publish={}:{}:{}", loopback, plan.port, port_in_container));
    words.push_back(plan.image);
    for (auto const& word : command(plan)) words.push_back(word);
    return words;
}

}  // namespace fleet::services
