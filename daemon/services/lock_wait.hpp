// Waiting for another `up` on the same directory to end.
#pragma once

#include "services/machine.hpp"
#include "services/provider.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace fleet::services {

// The lock file stands beside what it guards. Errors: services_busy at `limit`, and those of FileLock.
asio::awaitable<Result<FileLock>> wait_for_lock(asio::any_io_executor executor, std::filesystem::path path,
                                                Millis limit, Progress progress);

}  // namespace fleet::services
