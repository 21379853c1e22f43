// Errors of this room: one clear line, and what to do.
#pragma once

#include <fleet/result.hpp>

#include <string>
#include <utility>

namespace fleet::services {

inline Error failure(ErrorCode code, std::string message, std::string hint = {}) {
    auto error = make_error(code, std::move(message));
    if (!hint.empty()) error.hint = std::move(hint);
    return error;
}

// strerror(3) of `number`, and the right code: a full disk is a case of its own.
Error system_failure(std::string const& what, int number);

}  // namespace fleet::services
