#include "services/failure.hpp"

#include <cerrno>
#include <system_error>

namespace fleet::services {

Error system_failure(std::string const& what, int number) {
    auto const message = what + ": " + std::generic_category().message(number);
    if (number == ENOSPC || number == EDQUOT) return failure(ErrorCode::disk_full, message);
    if (number == EACCES || number == EPERM || number == EROFS)
        return failure(ErrorCode::not_configured, message,
                       "Give the account of fleetd the right to it, or choose another place with data_dir.");
    return failure(ErrorCode::internal, message);
}

}  // namespace fleet::services
