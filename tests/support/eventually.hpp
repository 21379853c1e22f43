#pragma once
// Waiting for something that another process or thread brings about. The only place in the tests that sleeps.
#include <chrono>
#include <thread>

namespace fleet::test {

// True as soon as `holds()` is true, false after `limit`. Use: REQUIRE(eventually([&] { return …; }));
template <class Predicate>
bool eventually(Predicate holds, std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    auto pause = std::chrono::milliseconds{1};
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(pause);
        if (pause < std::chrono::milliseconds{20}) pause *= 2;
    }
    return true;
}

// As `eventually`, with the loop running meanwhile: for what happens on the loop of the test itself.
template <class Loop, class Predicate>
bool eventually_on(Loop& loop, Predicate holds, std::chrono::milliseconds limit = std::chrono::seconds{5}) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        loop.restart();
        loop.run_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace fleet::test
