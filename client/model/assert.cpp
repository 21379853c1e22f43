#include <fleet/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace fleet {

void assertion_failed(char const* condition, char const* must_hold, char const* file, int line) {
    std::fprintf(stderr, "%s:%d: this must hold: %s (%s). Ending the process.\n", file, line, must_hold,
                 condition);
    std::abort();
}

}  // namespace fleet
