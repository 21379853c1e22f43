#include "support/seed.hpp"

#include <stdexcept>

namespace fleet::test {

Json request(std::string const& op, Json const& args, std::string const& actor, std::string const& project) {
    return {{"op", op}, {"project", project}, {"actor", actor}, {"args", args}};
}

Json act(Postgres& connection, Json const& request) {
    return connection.json("select to_jsonb(a)::text from fleet.act(jsonb_build_array($1::jsonb)) a",
                           {json_text(request)});
}

Json must_act(Postgres& connection, Json const& request) {
    auto const row = act(connection, request);
    if (!flag_or(row, "ok", false))
        throw std::runtime_error{"refused: " + json_text(row) + " for " + json_text(request)};
    return row.at("result");
}

void seed_project(Postgres& connection, std::string const& key) {
    must_act(connection, request("register_project", {{"key", key}, {"name", key}}, "system", key));
}

void seed_pilot(Postgres& connection, std::string const& callsign, std::string const& project) {
    must_act(connection,
             request("register_pilot", {{"callsign", callsign}, {"program", "test"}, {"model", "none"}},
                     callsign, project));
}

}  // namespace fleet::test
