// What of ours is in Podman, what the container should be, and what is remembered of both.
#include "services/cluster.hpp"
#include "services/failure.hpp"
#include "services/machine.hpp"
#include "services/podman.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <sys/resource.h>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

// Higher ones are refused by Podman 4, which lowers its own first.
constexpr rlim_t files_most = 65'536;
constexpr rlim_t processes_most = 32'768;

std::uint64_t limit_of(__rlimit_resource resource, rlim_t most) {
    struct rlimit limits {};
    if (::getrlimit(resource, &limits) != 0) return most;
    return limits.rlim_max == RLIM_INFINITY ? most : std::min(limits.rlim_max, most);
}

}  // namespace

asio::awaitable<Result<Podman::Found>> Podman::survey(EnginePtr engine) {
    auto const home = options_.paths.root.string();
    auto foreign = [&](std::string_view what, std::string const& name,
                       Labels const& labels) -> std::optional<Error> {
        auto const at = labels.find(home_label);
        if (at != labels.end() && at->second == home) return std::nullopt;
        auto const whose = at == labels.end() ? std::string("was not made by fleetd")
                                              : "belongs to the fleetd of " + at->second;
        return failure(ErrorCode::name_taken,
                       fmt::format("the {} {} {}; it is left alone", what, name, whose));
    };
    Found found;
    auto container = co_await engine->container(options_.container);
    if (!container) co_return podman_error(container.error(), {options_.container, options_.image, 0});
    found.container = *std::move(container);
    if (found.container)
        if (auto error = foreign("container", options_.container, found.container->labels)) co_return *error;
    auto volume = co_await engine->volume(options_.volume());
    if (!volume) co_return podman_error(volume.error(), {options_.volume(), options_.image, 0});
    found.has_volume = volume->has_value();
    if (*volume)
        if (auto error = foreign("volume", options_.volume(), **volume)) co_return *error;
    auto secret = co_await engine->secret(options_.secret());
    if (!secret) co_return podman_error(secret.error(), {options_.secret(), options_.image, 0});
    found.has_secret = secret->has_value();
    if (*secret)
        if (auto error = foreign("secret", options_.secret(), **secret)) co_return *error;
    co_return found;
}

// Data and their password belong together, and one without the other is for a person to look at.
Result<void> Podman::check_whole(Found const& found) const {
    std::error_code problem;
    if (is_made() && !found.has_volume)
        return failure(
            ErrorCode::not_configured,
            fmt::format("the volume {} with the data of this fleet is not in this Podman", options_.volume()),
            "`podman volume ls`, as the account that made it; `fleet services destroy` begins anew.");
    if (!is_made() && found.has_volume && !fs::exists(options_.paths.unfinished(), problem))
        return failure(
            ErrorCode::not_configured,
            fmt::format("the volume {} has data, but their password is gone: {}", options_.volume(),
                        options_.paths.password().string()),
            fmt::format("Put the file back. `podman volume rm {}` gives the data up.", options_.volume()));
    return {};
}

Result<ContainerPlan> Podman::make_plan(Found const& found) {
    ContainerPlan plan;
    plan.name = options_.container;
    plan.image = options_.image;
    plan.volume = options_.volume();
    plan.secret = options_.secret();
    plan.home = options_.paths.root.string();
    plan.on_host_network =
        options_.network == "host" || (options_.network == "auto" && settled_.on_host_network);
    plan.shared_buffers_bytes = options_.shared_buffers_bytes;
    plan.shm_bytes = options_.shm_bytes;
    plan.memory_bytes_max = options_.memory_bytes_max;
    plan.log_bytes_max = options_.log_bytes_max;
    plan.stop_seconds =
        static_cast<int>(std::chrono::ceil<std::chrono::seconds>(options_.stop_limit).count());
    plan.files_max = limit_of(RLIMIT_NOFILE, files_most);
    plan.processes_max = limit_of(RLIMIT_NPROC, processes_most);

    plan.port = options_.port != 0 ? options_.port : settled_.port;
    // While our own container runs it is it who listens.
    auto const is_ours = found.container && found.container->is_running && settled_.port == plan.port;
    if (plan.port != 0 && (is_ours || port_is_free(plan.port))) {
        settled_.port = plan.port;
        return plan;
    }
    if (options_.port != 0)
        return failure(ErrorCode::port_taken,
                       fmt::format("port {} on {} (postgres_port) is taken by another program", options_.port,
                                   loopback));
    auto port = free_port();
    if (!port) return port.error();
    plan.port = settled_.port = *port;
    return plan;
}

bool Podman::adapt(Error const& error, Progress const& progress) {
    auto tell = [&](std::string words) {
        log_.warning("another way to run the container", {{"what", words}, {"why", error.message}});
        if (progress) progress(Step{"podman", std::move(words), false});
        return true;
    };
    auto const trouble = trouble_of(error.message);
    if (error.code == ErrorCode::port_taken && options_.port == 0) {
        settled_.port = 0;
        return tell("the port was taken meanwhile: choosing another one");
    }
    if (error.code != ErrorCode::container_refused) return false;
    if (trouble == Trouble::runtime && options_.places.runtime.empty()) {
        auto const runtime = access_.another_runtime();
        if (!runtime || !access_.use_runtime(*runtime)) return false;
        settled_.runtime = *runtime;
        return tell(fmt::format("Podman's runtime cannot work here: trying {}", *runtime));
    }
    if (trouble == Trouble::network && options_.network == "auto" && !settled_.on_host_network) {
        settled_.on_host_network = true;
        return tell("this account may not make networks: using the loopback of this machine");
    }
    return false;
}

bool Podman::is_made() const {
    std::error_code problem;
    return fs::exists(options_.paths.password(), problem) &&
           !fs::exists(options_.paths.unfinished(), problem);
}

Podman::Settled Podman::settled() const {
    Settled settled;
    auto text = read_file(options_.paths.settled());
    if (!text) return settled;
    auto json = parse_json(*text);
    if (!json) return settled;
    settled.port = static_cast<int>(number_or(*json, "port", 0));
    settled.runtime = text_or(*json, "runtime", "");
    settled.on_host_network = flag_or(*json, "on_host_network", false);
    return settled;
}

void Podman::settle(Settled const& settled) {
    Json const json{
        {"port", settled.port}, {"runtime", settled.runtime}, {"on_host_network", settled.on_host_network}};
    auto kept = write_file(options_.paths.settled(), json_text(json) + "\n", 0600);
    if (!kept) log_.warning("cannot remember the port of the container", kept.error());
}

Result<void> Podman::write_pgpass() {
    auto const password = read_file(options_.paths.password());
    if (!password) return password.error();
    return write_file(
        options_.paths.pgpass(),
        fmt::format("{0}:*:*:{1}:{2}\nlocalhost:*:*:{1}:{2}\n", loopback, cluster_user, *password), 0600);
}

}  // namespace fleet::services
