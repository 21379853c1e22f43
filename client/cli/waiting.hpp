#pragma once
// Calls that wait until there is something, longer than one request may.
#include "cli/context.hpp"

#include <functional>
#include <string>

namespace fleet::cli {

struct Patience {
    Millis wait{};          // 0: asks once
    std::string waiting{};  // what a terminal shows meanwhile
};

// Waits in the daemon, in requests of a few minutes each, until `is_there` holds or the time is over; answers
// the last one. For operations that take `wait_seconds`.
Result<Json> call_waiting(Context& context, std::string const& operation, Json args, Patience const& patience,
                          std::function<bool(Result<Json> const&)> const& is_there);

// The same for an operation that does not wait: asks every second.
Result<Json> call_again(Context& context, std::string const& operation, Json const& args,
                        Patience const& patience, std::function<bool(Result<Json> const&)> const& is_there);

}  // namespace fleet::cli
