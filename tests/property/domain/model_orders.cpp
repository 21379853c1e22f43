// Work orders.
#include "domain/model.hpp"

#include <fleet/json.hpp>

#include <algorithm>

namespace fleet::walk {

namespace {

int rank_of(std::string const& priority) {
    if (priority == "critical") return 3;
    if (priority == "high") return 2;
    return priority == "low" ? 0 : 1;
}

}  // namespace

bool Model::is_open(Order const& order) const {
    if (order.state != "pending" || order.delayed) return false;
    auto is_completed = [&](std::string const& need) { return orders.at(need).state == "completed"; };
    return std::all_of(order.needs.begin(), order.needs.end(), is_completed);
}

// By priority, then age.
std::vector<std::string> Model::queue(Pilot const* pilot) const {
    std::vector<Order const*> found;
    for (auto const& [id, order] : orders) {
        if (!is_open(order)) continue;
        // A pilot takes the orders of its role and those of nobody's.
        bool const fits = pilot == nullptr || order.role.empty() || order.role == pilot->role;
        if (fits) found.push_back(&order);
    }
    std::sort(found.begin(), found.end(), [](Order const* a, Order const* b) {
        return std::pair{-a->rank, a->line} < std::pair{-b->rank, b->line};
    });
    std::vector<std::string> ids;
    for (auto const* order : found) ids.push_back(order->id);
    return ids;
}

Model::Answer Model::enqueue(Step const& step) {
    Order order;
    order.id = text_or(step.args, "work_order_id", "");
    order.role = text_or(step.args, "role", "");
    order.rank = rank_of(text_or(step.args, "priority", "medium"));
    order.attempts_max = static_cast<int>(number_or(step.args, "max_attempts", 3));
    order.delayed = step.args.contains("delay_seconds");
    bool doomed = false;
    if (step.args.contains("depends_on")) {
        for (auto const& one : step.args.at("depends_on")) {
            auto const need = orders.find(one.get<std::string>());
            if (need == orders.end()) return "not_found";
            order.needs.push_back(need->first);
            doomed = doomed || need->second.state == "dead" || need->second.state == "cancelled";
        }
    }
    if (doomed) order.state = "cancelled";
    order.line = ++line_;
    orders[order.id] = std::move(order);
    return "ok";
}

Model::Answer Model::claim_work(Step const& step) {
    auto const pilot = pilots.find(step.actor);
    if (pilot != pilots.end() && pilot->second.state == "deregistered") return "not_found";
    if (pilot != pilots.end() && pilot->second.state == "stale") return "transition_refused";
    Pilot const stranger{};
    auto const line = queue(pilot == pilots.end() ? &stranger : &pilot->second);
    auto const wanted = static_cast<std::size_t>(number_or(step.args, "limit", 1));
    for (std::size_t i = 0; i < std::min(line.size(), wanted); ++i) {
        auto& order = orders.at(line[i]);
        order.state = "claimed";
        order.pilot = step.actor;
        order.attempts += 1;
    }
    return "ok";
}

Model::Answer Model::act_on_order(Step const& step) {
    auto const known = orders.find(text_or(step.args, "work_order_id", ""));
    if (known == orders.end()) return "stale_token";
    auto& order = known->second;
    if (order.state != "claimed" || number_or(*step.fence, "token", 0) != order.token) return "stale_token";
    if (step.op == "complete_work") {
        order.state = "completed";
        return "ok";
    }
    bool const again = flag_or(step.args, "retry", true) && order.attempts < order.attempts_max;
    order.state = again ? "pending" : "dead";
    order.delayed = again;  // the walk asks for an hour
    if (!again) cancel_followers(order.id);
    return "ok";
}

Model::Answer Model::retry_work(Step const& step) {
    auto const known = orders.find(text_or(step.args, "work_order_id", ""));
    if (known == orders.end()) return "not_found";
    auto& order = known->second;
    if (order.state != "dead") return "transition_refused";
    order.state = "pending";
    order.attempts = 0;
    order.lost = 0;
    order.delayed = false;
    order.line = ++line_;
    return "ok";
}

Model::Answer Model::cancel_work(Step const& step) {
    auto const known = orders.find(text_or(step.args, "work_order_id", ""));
    if (known == orders.end()) return "not_found";
    auto& order = known->second;
    if (order.state != "pending" && order.state != "claimed") return "transition_refused";
    order.state = "cancelled";
    cancel_followers(order.id);
    return "ok";
}

void Model::cancel_followers(std::string const& id) {
    for (auto& [other_id, other] : orders) {
        bool const waits = std::find(other.needs.begin(), other.needs.end(), id) != other.needs.end();
        if (!waits || other.state != "pending") continue;
        other.state = "cancelled";
        cancel_followers(other_id);
    }
}

}  // namespace fleet::walk
