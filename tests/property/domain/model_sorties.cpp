// Sorties.
#include "domain/model.hpp"

#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::walk {

namespace {

int rank_of(std::string const& priority) {
    if (priority == "critical") return 0;
    if (priority == "high") return 1;
    return priority == "low" ? 3 : 2;
}

std::vector<Need> needs_of(Json const& args) {
    std::vector<Need> needs;
    if (!args.contains("depends_on")) return needs;
    for (auto const& one : args.at("depends_on"))
        needs.push_back({text_or(one, "id", ""), text_or(one, "mode", "success") == "settled"});
    return needs;
}

}  // namespace

// open: dependencies allow it; broken: they never will; waiting.
std::string Model::gate(Sortie const& sortie) const {
    std::size_t satisfied = 0;
    std::size_t carried_out = 0;
    std::size_t ended = 0;
    for (auto const& need : sortie.needs) {
        auto const& other = sorties.at(need.id);
        if (!other.has_ended()) continue;
        ended += 1;
        bool const fine = other.state == "completed" || need.settled;
        satisfied += fine ? 1U : 0U;
        // A branch that is skipped lets nobody go ahead of the one that is at work.
        carried_out += fine && other.state != "skipped" ? 1U : 0U;
    }
    if (sortie.needs.empty()) return "open";
    if (!sortie.any) {
        if (satisfied == sortie.needs.size()) return "open";
        return ended > satisfied ? "broken" : "waiting";
    }
    if (ended == sortie.needs.size()) return satisfied > 0 ? "open" : "broken";
    return carried_out > 0 && sortie.looks_at.empty() ? "open" : "waiting";
}

bool Model::is_ready(Sortie const& sortie) const {
    if (sortie.state != "pending" || gate(sortie) != "open") return false;
    return sortie.mission.empty() || missions.at(sortie.mission).state == "in_progress";
}

std::vector<std::string> Model::ready(Pilot const* pilot) const {
    std::vector<Sortie const*> found;
    for (auto const& [id, sortie] : sorties) {
        if (!is_ready(sortie)) continue;
        if (pilot != nullptr && !sortie.role.empty() && sortie.role != pilot->role) continue;
        if (pilot != nullptr && halts.contains("mission " + sortie.mission)) continue;
        found.push_back(&sortie);
    }
    std::sort(found.begin(), found.end(), [](Sortie const* a, Sortie const* b) {
        return std::pair{a->rank, a->age} < std::pair{b->rank, b->age};
    });
    std::vector<std::string> ids;
    for (auto const* sortie : found) ids.push_back(sortie->id);
    return ids;
}

bool Model::leads_to(std::string const& from, std::string const& to) const {
    if (from == to) return true;
    for (auto const& need : sorties.at(from).needs) {
        if (leads_to(need.id, to)) return true;
    }
    return false;
}

Model::Answer Model::create_sortie(Step const& step) {
    Sortie sortie;
    sortie.id = text_or(step.args, "sortie_id", "");
    sortie.name = text_or(step.args, "name", "");
    sortie.mission = text_or(step.args, "mission_id", "");
    auto priority = std::string("medium");
    if (!sortie.mission.empty()) {
        auto const mission = missions.find(sortie.mission);
        if (mission == missions.end()) return "not_found";
        auto const& state = mission->second.state;
        if (state != "pending" && state != "in_progress") return "transition_refused";
        priority = mission->second.priority;
    }
    sortie.needs = needs_of(step.args);
    for (auto const& need : sortie.needs) {
        if (!sorties.contains(need.id)) return "not_found";
    }
    sortie.rank = rank_of(text_or(step.args, "priority", priority));
    sortie.any = text_or(step.args, "join", "all") == "any";
    sortie.role = text_or(step.args, "role", "");
    sortie.attempts_max = static_cast<int>(number_or(step.args, "max_attempts", 1));
    if (step.args.contains("condition")) sortie.looks_at = sortie.needs.front().id;
    sortie.age = ++made_;
    auto const id = sortie.id;
    sorties[id] = std::move(sortie);
    follow({}, {id});
    return "ok";
}

Model::Answer Model::update_sortie(Step const& step) {
    auto const known = sorties.find(text_or(step.args, "sortie_id", ""));
    if (known == sorties.end()) return "not_found";
    auto& sortie = known->second;
    if (sortie.has_ended()) return "transition_refused";
    if (step.args.contains("depends_on")) {
        if (sortie.state != "pending") return "transition_refused";
        auto const needs = needs_of(step.args);
        for (auto const& need : needs) {
            if (leads_to(need.id, sortie.id)) return "invalid_field";
        }
        // Its condition looks at the first of its needs, which has to stay one.
        auto is_seen = [&](Need const& need) { return need.id == sortie.looks_at; };
        if (!sortie.looks_at.empty() && std::none_of(needs.begin(), needs.end(), is_seen))
            return "invalid_field";
        sortie.needs = needs;
        follow({}, {sortie.id});
    }
    if (step.args.contains("priority")) sortie.rank = rank_of(step.args.at("priority").get<std::string>());
    return "ok";
}

Model::Answer Model::claim(Step const& step) {
    auto const pilot = pilots.find(step.actor);
    if (pilot == pilots.end() || pilot->second.state == "deregistered") return "not_found";
    if (pilot->second.state == "stale") return "transition_refused";
    auto id = text_or(step.args, "sortie_id", "");
    if (id.empty()) {
        auto const best = ready(&pilot->second);
        if (best.empty()) return "nothing_ready";
        id = best.front();
    }
    auto const known = sorties.find(id);
    if (known == sorties.end()) return "not_found";
    auto& sortie = known->second;
    if (!sortie.role.empty() && sortie.role != pilot->second.role) return "forbidden|transition_refused";
    if (!is_ready(sortie)) return "transition_refused";
    sortie.state = "assigned";
    sortie.pilot = step.actor;
    return "ok";
}

// What only its pilot may do, with the token of its assignment.
Model::Answer Model::act_on_sortie(Step const& step) {
    auto const known = sorties.find(text_or(step.args, "sortie_id", ""));
    if (known == sorties.end()) return "stale_token";
    auto& sortie = known->second;
    bool const has_lease = sortie.is_flown() || sortie.state == "review";
    if (!has_lease || number_or(*step.fence, "token", 0) != sortie.token) return "stale_token";
    if (sortie.pilot != step.actor) return "forbidden";
    if (sortie.state == "review") return "transition_refused";
    static std::map<std::string, std::set<std::string>> const from{
        {"start_sortie", {"assigned"}},
        {"progress", {"in_progress"}},
        {"block", {"in_progress"}},
        {"unblock", {"blocked"}},
        {"request_review", {"in_progress"}},
        {"complete_sortie", {"in_progress"}},
        {"fail_sortie", {"assigned", "in_progress", "blocked"}},
        {"return_sortie", {"assigned", "in_progress", "blocked"}}};
    if (!from.at(step.op).contains(sortie.state)) return "transition_refused";
    if (step.op == "request_review" && text_or(step.args, "reviewer", "") == sortie.pilot)
        return "invalid_field";
    if (step.args.contains("result")) sortie.score = step.args.at("result").at("score").get<int>();
    if (step.op == "start_sortie" || step.op == "unblock") sortie.state = "in_progress";
    if (step.op == "block") sortie.state = "blocked";
    if (step.op == "request_review") {
        sortie.state = "review";
        sortie.reviewer = text_or(step.args, "reviewer", "");
    }
    if (step.op == "complete_sortie") {
        finish(sortie, "completed");
        follow({sortie.id});
    }
    if (step.op == "fail_sortie") fail_attempt(sortie, flag_or(step.args, "final", false));
    if (step.op == "return_sortie") {
        put_back(sortie);
        if (sortie.has_ended()) follow({sortie.id});
    }
    return "ok";
}

Model::Answer Model::review(Step const& step) {
    auto const known = sorties.find(text_or(step.args, "sortie_id", ""));
    if (known == sorties.end()) return "not_found";
    auto& sortie = known->second;
    if (sortie.state != "review") return "transition_refused";
    if (sortie.pilot == step.actor) return "forbidden";
    if (!sortie.reviewer.empty() && sortie.reviewer != step.actor && !step.as_operator) return "forbidden";
    auto const verdict = text_or(step.args, "verdict", "");
    if (verdict == "approved") {
        finish(sortie, "completed");
        follow({sortie.id});
    }
    if (verdict == "rejected") fail_attempt(sortie, false);
    if (verdict == "needs_changes") {
        auto const& state = pilots.at(sortie.pilot).state;
        sortie.state = "in_progress";
        if (state == "active" || state == "idle") return "ok";
        put_back(sortie);
        if (sortie.has_ended()) follow({sortie.id});
    }
    return "ok";
}

void Model::fail_attempt(Sortie& sortie, bool is_final) {
    bool const over = !sortie.mission.empty() && missions.at(sortie.mission).is_over();
    if (!is_final && !over && sortie.attempt < sortie.attempts_max) {
        sortie.attempt += 1;
        sortie.state = "pending";
        return;
    }
    finish(sortie, "failed");
    follow({sortie.id});
}

// What comes back to a mission that is over is not wanted any more.
void Model::put_back(Sortie& sortie) {
    bool const over = !sortie.mission.empty() && missions.at(sortie.mission).is_over();
    sortie.state = over ? "cancelled" : "pending";
}

void Model::finish(Sortie& sortie, std::string const& state) {
    sortie.state = state;
}

Model::Answer Model::retry_sortie(Step const& step) {
    auto const known = sorties.find(text_or(step.args, "sortie_id", ""));
    if (known == sorties.end()) return "not_found";
    auto& sortie = known->second;
    if (sortie.state != "failed") return "transition_refused";
    if (!sortie.mission.empty() && missions.at(sortie.mission).is_over()) return "transition_refused";
    if (sortie.attempt >= sortie.attempts_max && !step.as_operator) return "forbidden";
    sortie.attempt += 1;
    sortie.state = "pending";
    return "ok";
}

Model::Answer Model::cancel_sortie(Step const& step) {
    auto const known = sorties.find(text_or(step.args, "sortie_id", ""));
    if (known == sorties.end()) return "not_found";
    if (known->second.has_ended()) return "transition_refused";
    finish(known->second, "cancelled");
    follow({known->first});
    return "ok";
}

void Model::lapses(std::string const& id) {
    auto& sortie = sorties.at(id);
    put_back(sortie);
    if (sortie.has_ended()) follow({id});
}

}  // namespace fleet::walk
