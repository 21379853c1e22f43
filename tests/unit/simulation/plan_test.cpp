#include "simulation/plan.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace fleet::simulation {
namespace {

PlanOptions options(std::uint64_t seed) {
    PlanOptions options;
    options.pilots = 40;
    options.missions = 30;
    options.sorties_per_mission = 8;
    options.orders = 60;
    options.seed = seed;
    return options;
}

std::string text_of(Plan const& plan) {
    std::string text;
    for (auto const& pilot : plan.pilots) text += pilot.callsign + pilot.program + pilot.model + "\n";
    for (auto const& sortie : plan.sorties) {
        text += sortie.title + sortie.priority + (sortie.any ? " any" : " all");
        for (auto const& file : sortie.files) text += " " + file;
        for (auto const& need : sortie.depends_on) text += " " + std::to_string(need.sortie);
        text += "\n";
    }
    return text;
}

TEST_CASE("a seed gives one plan, another seed another", "[unit][simulation]") {
    CHECK(text_of(make_plan(options(7))) == text_of(make_plan(options(7))));
    CHECK(text_of(make_plan(options(7))) != text_of(make_plan(options(8))));
}

TEST_CASE("callsigns are distinct, whatever the size of the fleet", "[unit][simulation]") {
    auto wanted = options(1);
    wanted.pilots = 1'000;
    std::set<std::string> callsigns;
    for (auto const& pilot : make_plan(wanted).pilots) callsigns.insert(pilot.callsign);
    CHECK(callsigns.size() == 1'000);
}

TEST_CASE("dependencies stay in their mission and point backwards", "[unit][simulation]") {
    auto const plan = make_plan(options(3));
    std::size_t dependencies = 0;
    for (std::size_t i = 0; i < plan.sorties.size(); ++i) {
        for (auto const& need : plan.sorties[i].depends_on) {
            CHECK(need.sortie < i);
            CHECK(plan.sorties[need.sortie].mission == plan.sorties[i].mission);
            dependencies += 1;
        }
    }
    CHECK(dependencies > 100);
}

TEST_CASE("working off what is ready, again and again, reaches every sortie", "[unit][simulation]") {
    auto const plan = make_plan(options(4));
    std::vector<bool> done(plan.sorties.size());
    std::size_t count = 0;
    for (auto ready = ready_sorties(plan, done); !ready.empty(); ready = ready_sorties(plan, done)) {
        for (std::size_t sortie : ready) done[sortie] = true;
        count += ready.size();
    }
    CHECK(count == plan.sorties.size());
}

TEST_CASE("a script begins with the files, ends once, and does not go wrong for ever", "[unit][simulation]") {
    auto wanted = options(5);
    wanted.crash_rate = 0.3;
    wanted.fail_rate = 0.3;
    auto const plan = make_plan(wanted);
    std::size_t crashes = 0;
    std::size_t failures = 0;
    for (std::size_t sortie = 0; sortie < plan.sorties.size(); ++sortie) {
        for (int attempt = 1; attempt <= 4; ++attempt) {
            auto const script = script_of(plan, sortie, attempt);
            REQUIRE(script.size() >= 2);
            CHECK(script.front().act == Act::reserve);
            auto const last = script.back().act;
            crashes += last == Act::crash ? 1U : 0U;
            failures += last == Act::fail ? 1U : 0U;
            if (attempt > 2) CHECK(last == Act::complete);
            for (std::size_t i = 0; i + 1 < script.size(); ++i) {
                CHECK(script[i].act != Act::complete);
                CHECK(script[i].percent < 100);
            }
        }
    }
    CHECK(crashes > 50);
    CHECK(failures > 50);
}

TEST_CASE("a letter goes to others, and an answer is not answered", "[unit][simulation]") {
    auto wanted = options(6);
    wanted.pilots = 2;
    auto const plan = make_plan(wanted);
    for (std::size_t number = 0; number < 50; ++number)
        CHECK(letter_of(plan, 0, number).to == std::vector<std::size_t>{1});
    CHECK_FALSE(answers(plan, 0, "Re: parser #1"));
}

}  // namespace
}  // namespace fleet::simulation
