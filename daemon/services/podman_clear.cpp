// What was made is removed, and nothing else.
#include "services/failure.hpp"
#include "services/podman.hpp"

#include <utility>

namespace fleet::services {
namespace {

constexpr Millis stop_limit{30'000};

bool is_of(Labels const& labels, std::string const& home) {
    auto const at = labels.find(home_label);
    return at != labels.end() && at->second == home;
}

}  // namespace

asio::awaitable<Result<void>> remove_container(std::shared_ptr<Engine> engine, Removal removal) {
    if (removal.is_running) {
        auto stopped = co_await engine->stop(removal.container, removal.stop_limit);
        if (!stopped && removal.note)
            removal.note("the container does not stop in order: it is removed by force", stopped.error());
    }
    auto removed = co_await engine->remove(removal.container);
    if (removed) co_return removed;
    // Podman waits in vain for the exit status of a container whose monitor was killed, and says so once; the
    // container may be gone by then.
    auto left = co_await engine->container(removal.container);
    if (!left) co_return removed;
    if (!*left) co_return Result<void>{};
    if (removal.note) removal.note("the container was not removed: trying once more", removed.error());
    auto again = co_await engine->remove(removal.container);
    co_return again;
}

asio::awaitable<Result<void>> clear_away(std::shared_ptr<Engine> engine, ClearAway what) {
    auto const home = what.paths.root.string();
    auto container = co_await engine->container(what.container);
    if (!container) co_return container.error();
    if (*container && is_of((*container)->labels, home)) {
        // One that has run keeps its log, which says why it is of no use.
        auto const has_run = (*container)->started.has_value();
        if (what.data || !has_run) {
            Removal removal{what.container, (*container)->is_running, stop_limit};
            auto removed = co_await remove_container(engine, std::move(removal));
            if (!removed) co_return removed.error();
        } else if ((*container)->is_running) {
            auto stopped = co_await engine->stop(what.container, stop_limit);
            if (!stopped) co_return stopped.error();
        }
    }
    if (!what.data) co_return Result<void>{};
    auto secret = co_await engine->secret(what.secret);
    if (!secret) co_return secret.error();
    if (*secret && is_of(**secret, home)) {
        auto removed = co_await engine->remove_secret(what.secret);
        if (!removed) co_return removed.error();
    }
    auto volume = co_await engine->volume(what.volume);
    if (!volume) co_return volume.error();
    if (*volume && is_of(**volume, home)) {
        auto removed = co_await engine->remove_volume(what.volume);
        if (!removed) co_return removed.error();
    }
    // The marker last: as long as it stands, the next start does what is left to do.
    for (auto const& path : {what.paths.password(), what.paths.unfinished()}) {
        std::error_code problem;
        std::filesystem::remove(path, problem);
        if (problem) co_return system_failure("cannot remove " + path.string(), problem.value());
    }
    co_return Result<void>{};
}

}  // namespace fleet::services
