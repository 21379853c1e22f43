// Drawn operations, valid and not, over all of the domain, against a small model: after every step both must
// say the same. Seeds are printed. FLEET_WALK_SEED=N walks that seed alone, FLEET_WALK_STEPS=N so many steps,
// FLEET_WALK_SEEDS=N so many seeds, FLEET_TEST_LONG three times as many; RC_PARAMS="seed=…" works as in the
// other property tests.
#include "domain/walk.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <string>

namespace fleet::walk {
namespace {

std::size_t number_from(char const* variable, std::size_t otherwise) {
    char const* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::stoul(text);
}

std::uint32_t first_seed() {
    if (char const* const text = std::getenv("FLEET_WALK_SEED"))
        return static_cast<std::uint32_t>(std::stoul(text));
    if (char const* const text = std::getenv("RC_PARAMS")) {
        std::string const parameters{text};
        auto const at = parameters.find("seed=");
        if (at != std::string::npos)
            return static_cast<std::uint32_t>(std::stoull(parameters.substr(at + 5)));
    }
    return 20261121;
}

std::string told(Walked const& walked) {
    std::string text = *walked.difference + "after\n";
    for (auto const& step : walked.last_steps) text += "  " + step + "\n";
    return text;
}

// The same steps, fewer of them.
std::string shortest(std::vector<Choice> choices, Walked const& walked) {
    choices.resize(walked.failed_at);
    auto const few = shrink(std::move(choices), std::chrono::seconds{40});
    auto const again = walk(few, true);
    return again.difference ? told(again) : told(walked);
}

TEST_CASE("the database does what the model does, step by step, and a replay gives the same",
          "[property][domain]") {
    auto const steps = number_from("FLEET_WALK_STEPS", 1'000);
    std::size_t const usual_seeds = std::getenv("FLEET_TEST_LONG") != nullptr ? 30 : 10;
    auto const seeds =
        number_from("FLEET_WALK_SEEDS", std::getenv("FLEET_WALK_SEED") != nullptr ? 1 : usual_seeds);
    std::size_t all = 0;
    std::map<std::string, std::size_t> answers;
    for (std::size_t i = 0; i < seeds; ++i) {
        auto const seed = static_cast<std::uint32_t>(first_seed() + i);
        auto const choices = draw_choices(seed, steps);
        auto const walked = walk(choices, true);
        all += walked.steps;
        for (auto const& [answer, count] : walked.answers) answers[answer] += count;
        if (walked.difference) {
            std::cout << "seed " << seed << ", step " << walked.failed_at << ": " << shortest(choices, walked)
                      << std::endl;
            FAIL("FLEET_WALK_SEED=" << seed << " shows it again");
        }
        std::cout << "seed " << seed << ": " << walked.steps << " steps\n";
    }
    for (auto const& [answer, count] : answers) std::cout << "  " << answer << " " << count << "\n";
    CHECK(all == steps * seeds);
    if (all < 10'000) return;
    // A walk that is refused everything shows nothing.
    CHECK(answers["complete_sortie ok"] > 100);
    CHECK(answers["complete_work ok"] > 100);
    CHECK(answers["claim_sortie ok"] > 200);
    CHECK(answers["read_message ok"] > 100);
    CHECK(answers["silence"] > 50);
}

}  // namespace
}  // namespace fleet::walk
