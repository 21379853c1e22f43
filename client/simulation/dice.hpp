#pragma once
// Decisions that depend on the seed and on what they are about, never on what was decided before.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fleet::simulation {

class Dice {
public:
    Dice(std::uint64_t seed, std::string_view about, std::uint64_t first = 0, std::uint64_t second = 0);

    std::uint64_t next();
    // 0 … count - 1; `count` is at least 1.
    std::size_t below(std::size_t count);
    // low … high, both included.
    int between(int low, int high);
    bool chance(double share);

    template <class T>
    T const& one_of(std::vector<T> const& values) {
        return values[below(values.size())];
    }

private:
    std::uint64_t state_;
};

}  // namespace fleet::simulation
