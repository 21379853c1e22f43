#include "simulation/stage.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace fleet::simulation {
namespace {

Instant now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

Stage::Stage(asio::any_io_executor executor, Plan const& plan_given, Pace pace_given, FleetLine& line_given,
             Ledger& ledger_given)
    : plan(plan_given),
      pace(pace_given),
      line(line_given),
      ledger(ledger_given),
      work(executor),
      mail(executor),
      mission_ids_(plan_given.missions.size()),
      open_(plan_given.missions.size()),
      sortie_ids_(plan_given.sorties.size()),
      tokens_(plan_given.sorties.size()) {}

void Stage::know_mission(std::size_t index, std::string id) {
    mission_ids_[index] = std::move(id);
}

void Stage::know_sortie(std::size_t index, std::string id) {
    sorties_[id] = index;
    sortie_ids_[index] = std::move(id);
}

void Stage::know_order(std::string id, std::size_t index) {
    orders_[std::move(id)] = index;
}

std::optional<std::size_t> Stage::sortie(std::string const& id) const {
    auto const found = sorties_.find(id);
    if (found == sorties_.end()) return std::nullopt;
    return found->second;
}

std::optional<std::size_t> Stage::order(std::string const& id) const {
    auto const found = orders_.find(id);
    if (found == orders_.end()) return std::nullopt;
    return found->second;
}

std::set<std::string> Stage::order_ids() const {
    std::set<std::string> ids;
    for (auto const& [id, index] : orders_) ids.insert(id);
    return ids;
}

void Stage::opened(std::size_t mission) {
    open_[mission] = true;
    std::size_t ready = 0;
    for (std::size_t sortie : plan.missions[mission].sorties) {
        ledger.opened(sortie, now());
        ready += plan.sorties[sortie].depends_on.empty() ? 1U : 0U;
    }
    work.ring(ready);
}

void Stage::completed(std::size_t sortie) {
    ledger.completed(sortie, now());
    std::size_t followers = 0;
    for (std::size_t other : plan.missions[plan.sorties[sortie].mission].sorties) {
        auto const& needs = plan.sorties[other].depends_on;
        auto is_it = [&](Dependency const& need) { return need.sortie == sortie; };
        if (std::any_of(needs.begin(), needs.end(), is_it)) followers += 1;
    }
    work.ring(followers);
    if (work_is_over()) work.ring_all();
}

int Stage::claimed(std::size_t sortie, std::size_t pilot, std::int64_t token) {
    tokens_[sortie] = token;
    return ledger.claimed(sortie, pilot, now());
}

void Stage::failed(std::size_t sortie) {
    ledger.returned(sortie, now());
    work.ring(1);
}

void Stage::lost(std::size_t sortie, std::int64_t seq) {
    std::optional<Instant> silent_since;
    for (auto& [token, silence] : silences) {
        if (silence.sortie != sortie || silence.came_back || token > seq) continue;
        silence.came_back = true;
        silent_since = silence.since;
    }
    bool const is_taken = tokens_[sortie] > seq;
    ledger.returned(sortie, now(), silent_since, is_taken);
    if (!is_taken) work.ring(1);
}

void Stage::order_completed(std::size_t ready_now) {
    orders_done_ += 1;
    work.ring(ready_now);
    if (work_is_over()) work.ring_all();
}

bool Stage::work_is_over() const {
    return stopped_ ||
           (ledger.completed_count() == plan.sorties.size() && orders_done_ >= plan.orders.size());
}

bool Stage::mail_is_over() const {
    return pilots_at_work == 0 && letters_under_way == 0 && ledger.unread() == 0;
}

void Stage::stop() {
    stopped_ = true;
    work.ring_all();
    mail.ring_all();
}

Millis Stage::scaled(Millis length) const {
    if (pace.speed <= 0) return Millis{0};
    return Millis(std::llround(static_cast<double>(length.count()) / pace.speed));
}

// So that a large fleet without work is no load by itself.
Millis Stage::ask_again() const {
    return std::max(Millis{1'000}, Millis{5} * static_cast<int>(plan.pilots.size()));
}

Millis Stage::recovery_max() const {
    return std::chrono::seconds{pace.lease_seconds + 3 * pace.sweep_seconds + 20};
}

}  // namespace fleet::simulation
