#include "simulation/scene.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::simulation {
namespace {

constexpr int projects_max = 1'000;       // of one seed
constexpr std::size_t batch_max = 200;    // work orders of one request
constexpr int attempts_of_a_sortie = 10;  // more than the plan lets fail

void note(Stage& stage, std::string const& what, Result<Json> const& answer) {
    if (!answer) stage.ledger.fault(fmt::format("{} was refused: {}", what, describe(answer.error())));
}

Json needs_of(Stage const& stage, PlannedSortie const& sortie) {
    Json needs = Json::array();
    for (auto const& need : sortie.depends_on) {
        needs.push_back(
            Json{{"id", stage.sortie_id(need.sortie)}, {"mode", need.settled ? "settled" : "success"}});
    }
    return needs;
}

}  // namespace

asio::awaitable<Result<std::string>> make_project(Client& client, std::uint64_t seed) {
    for (int n = 1; n <= projects_max; ++n) {
        auto key = n == 1 ? fmt::format("simulation-{}", seed) : fmt::format("simulation-{}-{}", seed, n);
        Json asked{{"key", key}};
        CallOptions options;
        auto known =
            co_await client.async_call("projects.show", std::move(asked), options, asio::use_awaitable);
        if (known) continue;
        if (known.error().code != ErrorCode::not_found) co_return known.error();
        Json wanted{{"key", key}, {"name", fmt::format("Simulation of seed {}", seed)}};
        auto made =
            co_await client.async_call("projects.register", std::move(wanted), options, asio::use_awaitable);
        if (!made) co_return made.error();
        if (flag_or(*made, "created", true)) co_return key;
    }
    co_return make_error(ErrorCode::usage,
                         fmt::format("seed {} was simulated {} times already", seed, projects_max));
}

asio::awaitable<void> make_mission(Stage& stage, std::size_t mission) {
    auto const& planned = stage.plan.missions[mission];
    std::size_t const host = mission % stage.line.hosts();
    std::string const leader = stage.plan.pilots[mission % stage.plan.pilots.size()].callsign;
    Json goal{{"title", planned.title}, {"priority", planned.priority}, {"strategy", "simulated"}};
    auto made = co_await stage.line.call(host, leader, "missions.create", std::move(goal));
    note(stage, "a mission", made);
    if (!made) co_return;
    stage.know_mission(mission, text_or(*made, "mission_id", ""));
    for (std::size_t index : planned.sorties) {
        auto const& sortie = stage.plan.sorties[index];
        Json args{{"mission_id", stage.mission_id(mission)},
                  {"title", sortie.title},
                  {"priority", sortie.priority},
                  {"files", sortie.files},
                  {"complexity", sortie.complexity},
                  {"max_attempts", attempts_of_a_sortie}};
        if (!sortie.depends_on.empty()) args["depends_on"] = needs_of(stage, sortie);
        if (sortie.any) args["join"] = "any";
        auto created = co_await stage.line.call(host, leader, "sorties.create", std::move(args));
        note(stage, "a sortie", created);
        if (!created) co_return;
        stage.know_sortie(index, text_or(*created, "sortie_id", ""));
    }
    Json args{{"mission_id", stage.mission_id(mission)}};
    auto started = co_await stage.line.call(host, leader, "missions.start", std::move(args));
    note(stage, "the start of a mission", started);
    if (started) stage.opened(mission);
}

asio::awaitable<void> make_orders(Stage& stage) {
    auto const& orders = stage.plan.orders;
    std::vector<std::string> ids;
    for (std::size_t first = 0; first < orders.size(); first += batch_max) {
        Json list = Json::array();
        std::size_t const end = std::min(orders.size(), first + batch_max);
        for (std::size_t i = first; i < end; ++i) {
            // Known before the answer is here: by then the first are claimed.
            ids.push_back(new_id("wo"));
            stage.know_order(ids.back(), i);
            Json needs = Json::array();
            for (std::size_t need : orders[i].depends_on) needs.push_back(ids[need]);
            list.push_back(Json{{"work_order_id", ids.back()},
                                {"kind", orders[i].kind},
                                {"priority", orders[i].priority},
                                {"payload", {{"number", i}}},
                                {"depends_on", needs},
                                {"backoff_seconds", 1}});
        }
        Json args = Json::object();
        args["orders"] = std::move(list);
        std::string const leader = stage.plan.pilots.front().callsign;
        auto answer = co_await stage.line.call(0, leader, "work_orders.enqueue_batch", std::move(args));
        note(stage, "a batch of work orders", answer);
        if (!answer) co_return;
        stage.work.ring(end - first);
    }
}

}  // namespace fleet::simulation
