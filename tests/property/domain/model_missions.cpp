// Missions, and what the end of sorties means.
#include "domain/model.hpp"

#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::walk {

Model::Answer Model::create_mission(Step const& step) {
    Mission mission;
    mission.id = text_or(step.args, "mission_id", "");
    mission.priority = text_or(step.args, "priority", "medium");
    mission.by_itself = flag_or(step.args, "complete_by_itself", true);
    mission.review = flag_or(step.args, "require_review", false);
    mission.stops = text_or(step.args, "on_failure", "stop") == "stop";
    if (step.args.contains("max_failures")) mission.max_failures = step.args.at("max_failures").get<int>();
    missions[mission.id] = mission;
    return "ok";
}

Model::Answer Model::start_mission(Step const& step) {
    auto const known = missions.find(text_or(step.args, "mission_id", ""));
    if (known == missions.end()) return "not_found";
    if (known->second.state != "pending") return "transition_refused";
    known->second.state = "in_progress";
    follow(follow_mission(known->first));
    return "ok";
}

Model::Answer Model::update_mission(Step const& step) {
    auto const known = missions.find(text_or(step.args, "mission_id", ""));
    if (known == missions.end()) return "not_found";
    if (known->second.is_over()) return "transition_refused";
    known->second.priority = text_or(step.args, "priority", known->second.priority);
    return "ok";
}

Model::Answer Model::end_mission(Step const& step, std::string const& state) {
    auto const known = missions.find(text_or(step.args, "mission_id", ""));
    if (known == missions.end()) return "not_found";
    auto& mission = known->second;
    if (mission.is_over() || (mission.state == "pending" && state == "failed")) return "transition_refused";
    mission.state = state;
    std::set<std::string> cancelled;
    for (auto& [id, sortie] : sorties) {
        if (sortie.mission != mission.id || sortie.has_ended()) continue;
        finish(sortie, "cancelled");
        cancelled.insert(id);
    }
    follow(cancelled);
    return "ok";
}

Model::Answer Model::complete_mission(Step const& step) {
    auto const known = missions.find(text_or(step.args, "mission_id", ""));
    if (known == missions.end()) return "not_found";
    auto& mission = known->second;
    if (mission.state != "in_progress") return "transition_refused";
    int failed = 0;
    for (auto const& [id, sortie] : sorties) {
        if (sortie.mission != mission.id) continue;
        if (!sortie.has_ended()) return "transition_refused";
        failed += sortie.state == "failed" ? 1 : 0;
    }
    if (failed > mission.max_failures.value_or(0)) return "transition_refused";
    mission.state = mission.review ? "review" : "completed";
    return "ok";
}

Model::Answer Model::review_mission(Step const& step) {
    auto const known = missions.find(text_or(step.args, "mission_id", ""));
    if (known == missions.end()) return "not_found";
    auto& mission = known->second;
    if (mission.state != "review") return "transition_refused";
    auto const verdict = text_or(step.args, "verdict", "");
    if (verdict == "approved") mission.state = "completed";
    if (verdict == "rejected") mission.state = "failed";
    if (verdict == "needs_changes") mission.state = "in_progress";
    return "ok";
}

bool Model::is_done(Mission const& mission) const {
    bool any = false;
    for (auto const& [id, sortie] : sorties) {
        if (sortie.mission != mission.id) continue;
        if (!sortie.has_ended()) return false;
        any = true;
    }
    return any;
}

// A mission completes or fails by its policy; the answer is what was cancelled with it.
std::set<std::string> Model::follow_mission(std::string const& id) {
    auto const known = missions.find(id);
    if (known == missions.end() || known->second.state != "in_progress") return {};
    auto& mission = known->second;
    auto is_failed = [&](auto const& entry) {
        return entry.second.mission == id && entry.second.state == "failed";
    };
    auto const failed = std::count_if(sorties.begin(), sorties.end(), is_failed);
    bool fails = failed > 0 && mission.stops;
    if (mission.max_failures && failed > *mission.max_failures) fails = true;
    bool const ends = mission.by_itself && is_done(mission);
    if (ends && failed > 0 && !mission.max_failures) fails = true;
    if (!fails) {
        if (ends) mission.state = mission.review ? "review" : "completed";
        return {};
    }
    mission.state = "failed";
    std::set<std::string> cancelled;
    for (auto& [sortie_id, sortie] : sorties) {
        if (sortie.mission != id || sortie.state != "pending") continue;
        finish(sortie, "cancelled");
        cancelled.insert(sortie_id);
    }
    return cancelled;
}

std::set<std::string> Model::followers(std::set<std::string> const& ids) const {
    std::set<std::string> found;
    for (auto const& [id, sortie] : sorties) {
        for (auto const& need : sortie.needs) {
            if (ids.contains(need.id)) found.insert(id);
        }
    }
    return found;
}

void Model::follow(std::set<std::string> ended, std::set<std::string> candidates) {
    std::set<std::string> touched;
    auto todo = std::move(candidates);
    while (!ended.empty() || !todo.empty()) {
        todo.merge(followers(ended));
        for (auto const& id : ended) touched.insert(sorties.at(id).mission);
        ended.clear();
        for (auto const& id : todo) {
            auto& sortie = sorties.at(id);
            if (sortie.state != "pending" || !is_to_be_skipped(sortie)) continue;
            finish(sortie, "skipped");
            ended.insert(id);
        }
        todo.clear();
        if (!ended.empty()) continue;
        // Missions once all that can be skipped was.
        for (auto const& mission : touched) ended.merge(follow_mission(mission));
        touched.clear();
    }
}

bool Model::is_to_be_skipped(Sortie const& sortie) const {
    auto const at = gate(sortie);
    if (at == "broken") return true;
    if (at != "open" || sortie.looks_at.empty()) return false;
    auto const& looked_at = sorties.at(sortie.looks_at);
    return looked_at.state != "completed" || looked_at.score <= 50;
}

}  // namespace fleet::walk
