// Links against the values of the library; needs no daemon.
#include <fleet/fleet.hpp>

#include <iostream>

int main() {
    auto const wide = fleet::Pattern::parse("src/**").value();
    auto const narrow = fleet::Pattern::parse("src/*.cpp").value();
    std::cout << fleet::new_id("evt") << " " << fleet::witness(wide, narrow).value() << "\n";
    return overlaps(wide, narrow) ? 0 : 1;
}
