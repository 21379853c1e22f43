// What is asked about missions, sorties and work orders.
#include "domain/draws.hpp"

namespace fleet::walk {

namespace {

Json needs(Draws& draws, Model const& model, std::size_t most) {
    Json list = Json::array();
    std::set<std::string> seen;
    for (std::size_t i = 0; i < most; ++i) {
        auto const id = draws.one(model.sorties, "srt");
        if (!seen.insert(id).second) continue;
        list.push_back(Json{{"id", id}, {"mode", draws.chance(40) ? "settled" : "success"}});
    }
    return list;
}

// What the state allows, mostly.
std::string next_act(Draws& draws, std::string const& state) {
    static std::vector<std::string> const all{"start_sortie", "progress",       "block",
                                              "unblock",      "request_review", "complete_sortie",
                                              "fail_sortie",  "return_sortie"};
    static std::vector<std::string> const at_work{"complete_sortie", "complete_sortie", "complete_sortie",
                                                  "progress",        "block",           "request_review",
                                                  "fail_sortie",     "return_sortie"};
    static std::vector<std::string> const blocked{"unblock", "unblock", "unblock", "fail_sortie",
                                                  "return_sortie"};
    if (draws.chance(15)) return draws.of(all);
    if (state == "assigned") return draws.chance(85) ? "start_sortie" : "return_sortie";
    return state == "blocked" ? draws.of(blocked) : draws.of(at_work);
}

}  // namespace

Step on_mission(Draws& draws, Model const& model) {
    auto const actor = draws.of(callsigns);
    auto const what = draws.below(20);
    if (what < 5) {
        Json args{{"mission_id", new_id("msn")}, {"title", "a goal"}, {"priority", draws.of(priorities)}};
        if (draws.chance(20)) args["complete_by_itself"] = false;
        if (draws.chance(25)) args["require_review"] = true;
        if (draws.chance(50)) args["on_failure"] = "continue";
        if (draws.chance(30)) args["max_failures"] = draws.below(3);
        return step("create_mission", actor, args);
    }
    Json args{{"mission_id", draws.one(model.missions, "msn")}};
    if (what < 13) {
        auto is_new = [](Mission const& mission) { return mission.state == "pending"; };
        args["mission_id"] = draws.one_that(model.missions, "msn", is_new);
        return step("start_mission", actor, args);
    }
    if (what < 15) return step("complete_mission", actor, args);
    if (what < 17) {
        auto in_review = [](Mission const& mission) { return mission.state == "review"; };
        args["mission_id"] = draws.one_that(model.missions, "msn", in_review);
        args["verdict"] = draws.of(verdicts);
        return step("review_mission", actor, args);
    }
    if (what == 17) {
        args["priority"] = draws.of(priorities);
        return step("update_mission", actor, args);
    }
    args["reason"] = "enough";
    return step(what == 18 ? "fail_mission" : "cancel_mission", actor, args);
}

Step new_sortie(Draws& draws, Model const& model) {
    auto const actor = draws.of(callsigns);
    auto const id = new_id("srt");
    // Ends of ids differ: names made of them are unique.
    Json args{{"sortie_id", id}, {"title", "a piece"}, {"name", "s" + id.substr(4)}};
    auto is_open = [](Mission const& mission) {
        return mission.state == "pending" || mission.state == "in_progress";
    };
    if (draws.chance(75) && !model.missions.empty())
        args["mission_id"] = draws.one_that(model.missions, "msn", is_open);
    if (draws.chance(50)) args["priority"] = draws.of(priorities);
    if (draws.chance(15)) args["role"] = draws.of(roles);
    if (draws.chance(50)) args["max_attempts"] = 1 + draws.below(3);
    auto list =
        draws.chance(60) && !model.sorties.empty() ? needs(draws, model, 1 + draws.below(3)) : Json::array();
    if (list.empty()) return step("create_sortie", actor, args);
    if (draws.chance(35)) args["join"] = "any";
    auto const first = model.sorties.find(list.front().at("id").get<std::string>());
    bool const named = first != model.sorties.end() && !first->second.name.empty();
    if (named && draws.chance(25)) args["condition"] = first->second.name + ".score > 50";
    args["depends_on"] = std::move(list);
    return step("create_sortie", actor, args);
}

Step claim_step(Draws& draws, Model const& model) {
    Json args{{"lease_seconds", 86'400}};
    auto const actor = draws.pilot(model);
    auto is_pending = [](Sortie const& sortie) { return sortie.state == "pending"; };
    if (draws.chance(25)) args["sortie_id"] = draws.one_that(model.sorties, "srt", is_pending);
    return step("claim_sortie", actor, args);
}

Step on_flight(Draws& draws, Model const& model) {
    auto is_flown = [](Sortie const& sortie) { return sortie.is_flown() || sortie.state == "review"; };
    auto const id = draws.one_that(model.sorties, "srt", is_flown);
    auto const known = model.sorties.find(id);
    Sortie const sortie = known == model.sorties.end() ? Sortie{} : known->second;
    auto const actor = sortie.pilot.empty() || draws.chance(8) ? draws.of(callsigns) : sortie.pilot;
    Json args{{"sortie_id", id}};
    if (sortie.state == "review" && draws.chance(85)) {
        args["verdict"] = draws.of(verdicts);
        auto verdict = step("review", draws.of(callsigns), args);
        verdict.as_operator = draws.chance(20);
        return verdict;
    }
    auto const op = next_act(draws, sortie.state);
    if (op == "progress") args["percent"] = draws.below(101);
    if (op == "block") args["reason"] = "in the way";
    if (op == "unblock") args["resolution"] = "gone";
    if (op == "complete_sortie" || op == "request_review") {
        args["summary"] = "done";
        args["result"] = Json{{"score", draws.below(101)}};
    }
    if (op == "request_review" && draws.chance(50)) args["reviewer"] = draws.of(callsigns);
    if (op == "fail_sortie") {
        args["error"] = Json{{"kind", "test"}, {"message", "red"}};
        if (draws.chance(30)) args["final"] = true;
    }
    return fenced(op, actor, args, "sortie", id, sortie.token - (draws.chance(6) ? 1 : 0));
}

Step on_sortie(Draws& draws, Model const& model) {
    auto const actor = draws.of(callsigns);
    auto const what = draws.below(10);
    Json args{{"sortie_id", draws.one(model.sorties, "srt")}};
    if (what < 4) return step("cancel_sortie", actor, args);
    if (what < 7) {
        // One whose mission is in review is left alone: nothing says what its second life would mean there.
        auto const known = model.sorties.find(args.at("sortie_id").get<std::string>());
        bool const loose = known == model.sorties.end() || known->second.mission.empty() ||
                           model.missions.at(known->second.mission).state != "review";
        auto has_failed = [](Sortie const& sortie) { return sortie.state == "failed"; };
        auto const failed = draws.one_that(model.sorties, "srt", has_failed);
        auto const of = model.sorties.find(failed);
        bool const in_review = of != model.sorties.end() && !of->second.mission.empty() &&
                               model.missions.at(of->second.mission).state == "review";
        if (!in_review) args["sortie_id"] = failed;
        auto retry = step(loose ? "retry_sortie" : "cancel_sortie", actor, args);
        retry.as_operator = draws.chance(40);
        return retry;
    }
    if (what == 7 && !model.sorties.empty()) args["depends_on"] = needs(draws, model, 1 + draws.below(2));
    if (what != 7) args["priority"] = draws.of(priorities);
    return step("update_sortie", actor, args);
}

Step on_orders(Draws& draws, Model const& model) {
    auto const actor = draws.of(callsigns);
    auto const what = draws.below(20);
    if (what < 7) {
        Json args{{"work_order_id", new_id("wo")}, {"kind", "lint"}, {"priority", draws.of(priorities)}};
        if (draws.chance(20)) args["role"] = draws.of(roles);
        if (draws.chance(30)) args["depends_on"] = Json::array({draws.one(model.orders, "wo")});
        if (draws.chance(10)) args["delay_seconds"] = 86'000;
        if (draws.chance(40)) args["max_attempts"] = 1 + draws.below(2);
        return step("enqueue", actor, args);
    }
    if (what < 11) {
        auto const claimer = draws.pilot(model);
        Json args{{"limit", 1 + draws.below(3)}, {"lease_seconds", 86'400}};
        return step("claim_work", claimer, args);
    }
    auto is_claimed = [](Order const& order) { return order.state == "claimed"; };
    auto is_dead = [](Order const& order) { return order.state == "dead"; };
    auto id = draws.one(model.orders, "wo");
    if (what < 17) id = draws.one_that(model.orders, "wo", is_claimed);
    if (what > 17) id = draws.one_that(model.orders, "wo", is_dead);
    Json args{{"work_order_id", id}};
    if (what == 17) return step("cancel_work", actor, args);
    if (what > 17) return step("retry_work", actor, args);
    auto const known = model.orders.find(id);
    auto token = known == model.orders.end() ? 1 : known->second.token;
    if (draws.chance(6)) token -= 1;
    auto const pilot =
        known == model.orders.end() || known->second.pilot.empty() ? actor : known->second.pilot;
    if (what < 14) return fenced("complete_work", pilot, args, "work_order", id, token);
    args["error"] = Json{{"kind", "network"}, {"message", "gone"}};
    args["retry_in_seconds"] = 86'000;
    if (draws.chance(40)) args["retry"] = false;
    return fenced("fail_work", pilot, args, "work_order", id, token);
}

}  // namespace fleet::walk
