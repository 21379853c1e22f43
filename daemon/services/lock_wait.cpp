#include "services/lock_wait.hpp"

#include "services/failure.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <utility>

namespace fleet::services {
namespace {

constexpr Millis lock_pause{100};

}  // namespace

asio::awaitable<Result<FileLock>> wait_for_lock(asio::any_io_executor executor, std::filesystem::path path,
                                                Millis limit, Progress progress) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    bool said = false;
    asio::steady_timer timer(executor);
    while (true) {
        auto taken = FileLock::try_take(path);
        if (!taken) co_return taken.error();
        if (*taken) co_return std::move(**taken);
        auto const holder = lock_holder(path);
        if (std::chrono::steady_clock::now() >= deadline)
            co_return failure(
                ErrorCode::services_busy,
                fmt::format("another fleetd (pid {}) is at work on {}", holder, path.parent_path().string()));
        if (!said && progress)
            progress(Step{"lock", fmt::format("waiting for another `up` (pid {})", holder), false});
        said = true;
        timer.expires_after(lock_pause);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

}  // namespace fleet::services
