#include "simulation/scene.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace fleet::simulation {
namespace {

constexpr int projects_max = 1'000;       // of one seed
constexpr int items_max = 1'000;          // of a run that is gone on with
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

asio::awaitable<Result<void>> find_missions(Stage& stage) {
    std::map<std::string, std::size_t> missions;
    // Titles of sorties are their own within a mission only.
    std::map<std::pair<std::string, std::string>, std::size_t> sorties;
    for (std::size_t i = 0; i < stage.plan.missions.size(); ++i) missions[stage.plan.missions[i].title] = i;
    Json all{{"limit", items_max}};
    auto known = co_await stage.line.call(0, "", "missions.list", all);
    if (!known) co_return known.error();
    std::set<std::size_t> open;
    for (Json const& one : known->at("items")) {
        auto const found = missions.find(text_or(one, "title", ""));
        if (found == missions.end()) continue;
        auto const id = text_or(one, "mission_id", "");
        stage.know_mission(found->second, id);
        if (text_or(one, "status", "") != "pending") open.insert(found->second);
        for (std::size_t i : stage.plan.missions[found->second].sorties)
            sorties[{id, stage.plan.sorties[i].title}] = i;
    }
    auto made = co_await stage.line.call(0, "", "sorties.list", std::move(all));
    if (!made) co_return made.error();
    for (Json const& one : made->at("items")) {
        auto const found = sorties.find({text_or(one, "mission_id", ""), text_or(one, "title", "")});
        if (found == sorties.end()) continue;
        stage.know_sortie(found->second, text_or(one, "sortie_id", ""));
        if (text_or(one, "status", "") == "completed") stage.completed(found->second);
    }
    for (std::size_t mission : open) stage.opened(mission);
    co_return Result<void>{};
}

asio::awaitable<void> make_mission(Stage& stage, std::size_t mission) {
    auto const& planned = stage.plan.missions[mission];
    std::size_t const host = mission % stage.line.hosts();
    std::string const leader = stage.plan.pilots[mission % stage.plan.pilots.size()].callsign;
    if (stage.is_open(mission)) co_return;
    if (stage.mission_id(mission).empty()) {
        Json goal{{"title", planned.title}, {"priority", planned.priority}, {"strategy", "simulated"}};
        auto made = co_await stage.line.call(host, leader, "missions.create", std::move(goal));
        note(stage, "a mission", made);
        if (!made) co_return;
        stage.know_mission(mission, text_or(*made, "mission_id", ""));
    }
    for (std::size_t index : planned.sorties) {
        if (!stage.sortie_id(index).empty()) continue;
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
