// Moving a private cluster's data out of the way, and another's into its place.
#include "services/failure.hpp"
#include "services/lock_wait.hpp"
#include "services/native.hpp"

#include <chrono>
#include <utility>

namespace fleet::services {
namespace {

namespace fs = std::filesystem;

// "20261121T105200"
std::string stamp() {
    std::string text;
    auto const now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
    for (char c : time_text(now).substr(0, 19))
        if (c != '-' && c != ':') text += c;
    return text;
}

}  // namespace

asio::awaitable<Result<void>> Native::put_aside(Progress progress) {
    auto stopped = co_await stop(progress);
    if (!stopped) co_return stopped.error();
    kept_as_.clear();
    std::error_code problem;
    if (!fs::exists(options_.paths.data(), problem)) co_return Result<void>{};
    auto const place = options_.paths.before(stamp());
    fs::rename(options_.paths.data(), place, problem);
    if (problem) co_return system_failure("cannot move " + options_.paths.data().string(), problem.value());
    if (auto synced = sync_directory(options_.paths.root); !synced) co_return synced;
    kept_as_ = place.string();
    log_.warning("moved the cluster's data out of the way", {{"kept", kept_as_}});
    co_return Result<void>{};
}

asio::awaitable<Result<std::string>> Native::set_aside(Progress progress) {
    auto lock = co_await wait_for_lock(executor_, options_.paths.lock(), options_.lock_limit, progress);
    if (!lock) co_return lock.error();
    auto moved = co_await put_aside(progress);
    if (!moved) co_return moved.error();
    co_return kept_as_;
}

// The present data go first; if the others then cannot take their place, they come back.
asio::awaitable<Result<void>> Native::move_in(fs::path place) {
    Progress silent;
    auto lock = co_await wait_for_lock(executor_, options_.paths.lock(), options_.lock_limit, silent);
    if (!lock) co_return lock.error();
    auto moved = co_await put_aside(silent);
    if (!moved) co_return moved;
    std::error_code problem;
    fs::rename(place, options_.paths.data(), problem);
    if (!problem) co_return sync_directory(options_.paths.root);
    std::error_code again;
    if (!kept_as_.empty()) fs::rename(kept_as_, options_.paths.data(), again);
    co_return system_failure("cannot move " + place.string() + " into place", problem.value());
}

}  // namespace fleet::services
