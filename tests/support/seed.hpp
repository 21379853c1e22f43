#pragma once
// A fleet to start from, made through fleet.act as everything is.
#include "support/database.hpp"

#include <fleet/json.hpp>

#include <string>

namespace fleet::test {

// One row of fleet.act, as JSON: {ord, ok, code, field, message, hint, detail, result, seq, replayed}.
Json act(Postgres& connection, Json const& request);

// The request of one command.
Json request(std::string const& op, Json const& args, std::string const& actor = "system",
             std::string const& project = "shop");

// `act`, and its result. Throws std::runtime_error with code and message when it is refused.
Json must_act(Postgres& connection, Json const& request);

void seed_project(Postgres& connection, std::string const& key = "shop");
void seed_pilot(Postgres& connection, std::string const& callsign, std::string const& project = "shop");

}  // namespace fleet::test
