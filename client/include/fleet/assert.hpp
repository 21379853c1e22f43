#pragma once
// Asserts stay in release builds: a process in an impossible state ends, says why, and the next start
// finds a consistent database. For mistakes of a caller there is `Error`.

namespace fleet {

// Prints the condition, what must hold and the place to stderr, then aborts.
[[noreturn]] void assertion_failed(char const* condition, char const* must_hold, char const* file, int line);

}  // namespace fleet

#define FLEET_ASSERT(condition, must_hold) \
    ((condition) ? static_cast<void>(0)    \
                 : ::fleet::assertion_failed(#condition, must_hold, __FILE__, __LINE__))
