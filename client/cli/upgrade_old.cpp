// What moves have left behind on purpose, and what a fleetd that is gone has left running.
#include "cli/quiet_daemon.hpp"
#include "cli/upgrade_move.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace fleet::cli {

namespace fs = std::filesystem;

constexpr Millis destroy_limit{120'000};

void destroy_container(Context& context, HomePlaces const& places, std::string const& container,
                       std::string const& image) {
    Target target;
    target.provider = "podman";
    target.container = container;
    target.image = image;
    ScratchDirectory const scratch;
    QuietDaemon daemon(context, scratch, target.flags());
    CallOptions options;
    options.answer = destroy_limit;
    daemon.context().call("services.destroy", {{"confirm", "destroy"}}, options);
    std::error_code error;
    fs::remove_all(podman_files(places, container), error);
}

void stop_cluster(Context& context, HomePlaces const& places) {
    std::error_code error;
    if (!fs::exists(places.cluster / "data/postmaster.pid", error)) return;
    ScratchDirectory const scratch;
    QuietDaemon daemon(context, scratch, {"--provider", "native"});
    daemon.down();
}

void forget_databases(Context& context, HomePlaces const& places, std::vector<KeptDatabase> const& kept) {
    auto left = kept;
    for (auto const& one : kept) {
        std::error_code error;
        if (one.provider == "podman") destroy_container(context, places, one.container, one.image);
        // Nothing but what a move has put there: the list is a file that anybody may edit.
        auto const is_ours = one.place.parent_path() == places.cluster.parent_path() &&
                             one.place.filename().string().starts_with("postgres-");
        if (one.provider == "native" && is_ours) fs::remove_all(one.place, error);
        if (error)
            refuse(ErrorCode::not_configured,
                   fmt::format("{} cannot be removed: {}", one.place.string(), error.message()));
        left.erase(left.begin());
        must(keep_databases(places, left));
    }
}

}  // namespace fleet::cli
