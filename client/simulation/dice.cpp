#include "simulation/dice.hpp"

#include <fleet/assert.hpp>

namespace fleet::simulation {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): near numbers become far ones.
std::uint64_t mixed(std::uint64_t value) {
    value ^= value >> 30U;
    value *= 0xbf58476d1ce4e5b9U;
    value ^= value >> 27U;
    value *= 0x94d049bb133111ebU;
    return value ^ (value >> 31U);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

}  // namespace

Dice::Dice(std::uint64_t seed, std::string_view about, std::uint64_t first, std::uint64_t second)
    : state_(mixed(seed + golden)) {
    for (char letter : about) state_ = mixed(state_ + golden + static_cast<unsigned char>(letter));
    state_ = mixed(state_ + golden + first);
    state_ = mixed(state_ + golden + second);
}

std::uint64_t Dice::next() {
    state_ += golden;
    return mixed(state_);
}

std::size_t Dice::below(std::size_t count) {
    FLEET_ASSERT(count > 0, "there is nothing to choose from");
    return next() % count;
}

int Dice::between(int low, int high) {
    FLEET_ASSERT(low <= high, "a range has its low end first");
    return low + static_cast<int>(below(static_cast<std::size_t>(high - low) + 1));
}

bool Dice::chance(double share) {
    constexpr double steps = 9007199254740992.0;  // 2^53: what a double tells apart between 0 and 1
    return static_cast<double>(next() >> 11U) / steps < share;
}

}  // namespace fleet::simulation
