// What `fleet simulate` plays, as a load: `clients` pilots finish `count` sorties of missions of five.
#include "options.hpp"

#include "simulation/runner.hpp"

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <iostream>

namespace fleet::load {
namespace {

constexpr int sorties_per_mission = 5;

}  // namespace

asio::awaitable<Json> run_simulate(Options options) {
    auto executor = co_await asio::this_coro::executor;
    simulation::RunOptions run{};
    run.plan.pilots = options.clients;
    run.plan.missions = std::max(1, options.count / sorties_per_mission);
    run.plan.sorties_per_mission = sorties_per_mission;
    run.plan.seed = options.seed;
    run.plan.crash_rate = 0;
    run.plan.collide_rate = 0.02;  // else the run is as long as the line for the files that all want
    run.pace.speed = options.speed;
    run.pace.lease_seconds = 60;
    run.hosts.push_back(client_options(options, ""));
    simulation::Runner runner(executor, std::move(run), nullptr);
    auto outcome = co_await runner.run();
    auto report = must(std::move(outcome));
    for (auto const& fault : report.faults) std::cerr << fault << '\n';
    if (!report.ok()) throw std::runtime_error("the simulation found faults");
    Json figures = Json::object();
    for (char const* name : {"pilots", "sorties", "took_ms", "sorties_per_minute", "missions_per_hour",
                             "commands_per_second", "ready_to_claimed"})
        figures[name] = report.figures.at(name);
    figures["claim_next"] = report.figures.at("operations").at("sorties.claim_next");
    figures["complete"] = report.figures.at("operations").at("sorties.complete");
    co_return figures;
}

}  // namespace fleet::load
