#include "domain/model.hpp"

#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::walk {

char const* const state_query = R"sql(
select jsonb_build_object(
    'pilots', (select coalesce(jsonb_object_agg(p.callsign, p.state), '{}') from fleet_state.pilots p
                where p.project = $1),
    'unread', (select coalesce(jsonb_object_agg(x.recipient, x.n), '{}')
                 from (select r.recipient, count(*) as n from fleet_state.message_recipients r
                        where r.project = $1 and r.state = 'unread' group by 1) x),
    'boxes', (select coalesce(jsonb_object_agg(r.message_id || ' ' || r.recipient, r.state), '{}')
                from fleet_state.message_recipients r
               where r.project = $1 and r.sender not in ('system', 'fleet')),
    'missions', (select coalesce(jsonb_object_agg(m.mission_id, m.state), '{}') from fleet_state.missions m
                  where m.project = $1),
    'sorties', (select coalesce(jsonb_object_agg(s.sortie_id, s.state || case when s.state in
                           ('assigned', 'in_progress', 'blocked') then ' ' || s.pilot else '' end), '{}')
                  from fleet_state.sorties s where s.project = $1),
    'ready', (select coalesce(jsonb_agg(s.sortie_id order by s.rank, s.created_seq), '[]')
                from fleet_state.sorties s where s.project = $1 and s.ready),
    'orders', (select coalesce(jsonb_object_agg(o.work_order_id, o.state), '{}')
                 from fleet_state.work_orders o
                where o.project = $1),
    'queue', (select coalesce(jsonb_agg(o.work_order_id
                                        order by o.rank desc, o.ready_at, o.created_seq), '[]')
                from fleet_state.work_orders o
               where o.project = $1 and o.state = 'pending' and o.blocked_by = 0
                 and o.ready_at <= clock_timestamp() + interval '1 minute'),
    'halts', (select count(*) from fleet_state.halts h where h.halted))::text
)sql";

Json request_of(Step const& step) {
    Json request{{"op", step.op}, {"project", "walk"}, {"actor", step.actor}, {"args", step.args}};
    if (step.fence) request["fence"] = *step.fence;
    request["roles"] = step.as_operator ? Json::array({"operator"}) : Json::array();
    return request;
}

std::string text_of(Step const& step) {
    return json_text(request_of(step));
}

bool Sortie::has_ended() const {
    return state == "completed" || state == "failed" || state == "cancelled" || state == "skipped";
}

std::string Model::expect(Step const& step) {
    if (is_halted(step)) {
        // A stale token is stale whoever is halted.
        return step.fence ? "halted|stale_token" : "halted";
    }
    if (step.op == "register_pilot") return register_pilot(step);
    if (step.op == "set_pilot_status") return set_status(step);
    if (step.op == "deregister_pilot") return deregister(step);
    if (step.op == "send_message") return send(step);
    if (step.op == "read_message") return open_letter(step, false);
    if (step.op == "ack_message") return open_letter(step, true);
    if (step.op == "halt") return halt(step, false);
    if (step.op == "lift_halt") return halt(step, true);
    if (step.op == "create_mission") return create_mission(step);
    if (step.op == "start_mission") return start_mission(step);
    if (step.op == "complete_mission") return complete_mission(step);
    if (step.op == "review_mission") return review_mission(step);
    if (step.op == "update_mission") return update_mission(step);
    if (step.op == "fail_mission") return end_mission(step, "failed");
    if (step.op == "cancel_mission") return end_mission(step, "cancelled");
    if (step.op == "create_sortie") return create_sortie(step);
    if (step.op == "update_sortie") return update_sortie(step);
    if (step.op == "claim_sortie") return claim(step);
    if (step.op == "review") return review(step);
    if (step.op == "retry_sortie") return retry_sortie(step);
    if (step.op == "cancel_sortie") return cancel_sortie(step);
    if (step.op == "enqueue") return enqueue(step);
    if (step.op == "claim_work") return claim_work(step);
    if (step.op == "complete_work" || step.op == "fail_work") return act_on_order(step);
    if (step.op == "retry_work") return retry_work(step);
    if (step.op == "cancel_work") return cancel_work(step);
    return act_on_sortie(step);
}

void Model::learn(Step const& step, Json const& result) {
    if (step.op == "claim_sortie") {
        auto& sortie = sorties.at(text_or(result, "sortie_id", ""));
        sortie.token = number_or(result, "token", 0);
    }
    if (step.op == "claim_work" && result.contains("orders")) {
        for (auto const& one : result.at("orders"))
            orders.at(text_or(one, "work_order_id", "")).token = number_or(one, "token", 0);
    }
}

Json Model::state() const {
    Json shown{{"pilots", Json::object()},   {"unread", Json::object()},  {"boxes", Json::object()},
               {"missions", Json::object()}, {"sorties", Json::object()}, {"orders", Json::object()}};
    std::map<std::string, int> unread = notices;
    for (auto const& [callsign, pilot] : pilots) shown["pilots"][callsign] = pilot.state;
    for (auto const& [id, letter] : letters) {
        for (auto const& [recipient, state] : letter.boxes) {
            shown["boxes"][id + " " + recipient] = state;
            if (state == "unread") unread[recipient] += 1;
        }
    }
    for (auto const& [callsign, count] : unread) {
        if (count > 0) shown["unread"][callsign] = count;
    }
    for (auto const& [id, mission] : missions) shown["missions"][id] = mission.state;
    for (auto const& [id, sortie] : sorties)
        shown["sorties"][id] = sortie.is_flown() ? sortie.state + " " + sortie.pilot : sortie.state;
    for (auto const& [id, order] : orders) shown["orders"][id] = order.state;
    shown["ready"] = ready();
    shown["queue"] = queue();
    shown["halts"] = halts.size();
    return shown;
}

std::string Model::scope_of(Json const& args) const {
    auto const kind = text_or(args, "scope_kind", "");
    if (kind == "pilot" || kind == "mission") return kind + " " + text_or(args, "scope_id", "");
    return kind;
}

// Asked of what begins something; what is at work may end.
bool Model::is_halted(Step const& step) const {
    static std::set<std::string> const begins{"claim_sortie", "start_sortie", "start_mission", "claim_work"};
    if (halts.empty() || !begins.contains(step.op)) return false;
    if (halts.contains("fleet") || halts.contains("project")) return true;
    if (halts.contains("pilot " + step.actor)) return true;
    auto mission = text_or(step.args, "mission_id", "");
    auto const sortie = sorties.find(text_or(step.args, "sortie_id", ""));
    if (mission.empty() && sortie != sorties.end()) mission = sortie->second.mission;
    return halts.contains("mission " + mission);
}

Model::Answer Model::halt(Step const& step, bool lifts) {
    if (!step.as_operator) return "forbidden";
    auto const scope = scope_of(step.args);
    if (scope.starts_with("mission ") && !missions.contains(scope.substr(8))) return "not_found";
    if (lifts) {
        // Lifting what was never halted changes nothing.
        return halts.erase(scope) > 0 ? "ok" : "not_found|transition_refused|ok";
    }
    halts.insert(scope);
    return "ok";
}

}  // namespace fleet::walk
