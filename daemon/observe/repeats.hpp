// Which lines were said just now: a plan without a clock.
#pragma once

#include <fleet/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fleet::observe {

// A line that was said `count` times more while its window was open.
struct Repeated {
    std::string line;
    std::uint64_t count = 0;
};

// Not thread-safe: its owner has the lock. Remembers at most `lines_max` different lines.
class Repeats {
public:
    explicit Repeats(Millis window, std::size_t lines_max = 64) : window_(window), lines_max_(lines_max) {}

    // True when `line` is to be written; false when it was said within the window and only counts.
    bool is_new(std::string const& line, Time now);
    // Lines whose window has closed and that were repeated; each is given once.
    std::vector<Repeated> closed(Time now);
    std::vector<Repeated> all();

private:
    struct Seen {
        std::string line;
        Time until;
        std::uint64_t more = 0;
    };
    Millis window_;
    std::size_t lines_max_;
    std::vector<Seen> seen_;
};

}  // namespace fleet::observe
