#pragma once
// What has to be there before pilots can work.
#include "simulation/stage.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>

namespace fleet::simulation {

// Registers a project that nobody has: simulation-<seed>, else with -2, -3, … behind it. Answers its key.
asio::awaitable<Result<std::string>> make_project(Client& client, std::uint64_t seed);

// Makes a mission with its sorties and starts it. A refusal is a fault of the run.
asio::awaitable<void> make_mission(Stage& stage, std::size_t mission);

// Puts all work orders into the queue, in batches.
asio::awaitable<void> make_orders(Stage& stage);

// Of a run that broke off: which of the planned missions and sorties are there, and how far they are.
// Errors: what the daemon refuses.
asio::awaitable<Result<void>> find_missions(Stage& stage);

}  // namespace fleet::simulation
