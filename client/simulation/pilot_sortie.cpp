// Files, endings and silences of a simulated pilot.
#include "simulation/pilot.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace fleet::simulation {
namespace {

constexpr int tries_for_files = 200;
constexpr Millis order_work{500};
constexpr Millis look_again{100};

Instant now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

// Waits in line, but never so long that the lease of the sortie runs out meanwhile.
asio::awaitable<SimulatedPilot::Went> SimulatedPilot::take_files(Lease lease, std::size_t sortie) {
    auto const& files = stage_.plan.sorties[sortie].files;
    for (int tries = 0; tries < tries_for_files && !stage_.is_stopped(); ++tries) {
        Json args{{"patterns", files}, {"sortie_id", lease.id}};
        args["ttl_seconds"] = 600;
        args["wait_seconds"] = std::max(1, stage_.pace.lease_seconds / 3);
        args["purpose"] = "edit";
        auto const sent = now();
        auto answer = co_await call("reservations.reserve", std::move(args));
        if (answer) {
            stage_.ledger.holds(me_, files, now(), sent + surely_held());
            co_return Went::on;
        }
        auto const code = answer.error().code;
        if (code == ErrorCode::deadlock) stage_.ledger.counts.deadlocks += 1;
        bool const in_the_way = code == ErrorCode::reservation_held || code == ErrorCode::wait_ended ||
                                code == ErrorCode::deadlock;
        if (!in_the_way) co_return judge("reservations.reserve", answer);
        stage_.ledger.counts.conflicts += 1;
        co_await beat();
    }
    co_return Went::lost;
}

asio::awaitable<SimulatedPilot::Went> SimulatedPilot::give_up(Lease lease, std::size_t sortie) {
    stage_.ledger.lets_go(me_);
    Json args{{"error", {{"kind", "test"}, {"message", "the tests fail"}, {"command", "make test"}}}};
    auto answer = co_await act("sorties.fail", lease, std::move(args));
    auto const went = judge("sorties.fail", answer);
    if (went != Went::on) co_return went;
    if (text_or(*answer, "status", "") != "pending") {
        stage_.ledger.fault(fmt::format("{} failed and is {}, though it may be tried again", lease.id,
                                        text_or(*answer, "status", "")));
        co_return Went::ended;
    }
    stage_.ledger.counts.retries += 1;
    stage_.failed(sortie);
    co_return Went::ended;
}

asio::awaitable<SimulatedPilot::Went> SimulatedPilot::complete(Lease lease, std::size_t sortie) {
    // From here on another may get the files: they are free with the commit.
    stage_.ledger.lets_go(me_);
    Json args{{"summary", fmt::format("{} is done", stage_.plan.sorties[sortie].title)}};
    args["files_touched"] = Json::array();
    args["evidence"] = Json::array({Json{{"command", "make test"}, {"exit_code", 0}}});
    args["result"] = Json{{"score", 100}};
    auto answer = co_await act("sorties.complete", lease, std::move(args));
    auto const went = judge("sorties.complete", answer);
    if (went == Went::on) stage_.completed(sortie);
    co_return went == Went::on ? Went::ended : went;
}

// No goodbye. The lease has to bring the work back; then the pilot returns, and what it held must be gone.
asio::awaitable<void> SimulatedPilot::fall_silent(Lease lease, std::size_t sortie) {
    auto& ledger = stage_.ledger;
    ledger.lets_go(me_);
    ledger.counts.crashes += 1;
    auto& silence = stage_.silences[lease.token];
    silence.sortie = sortie;
    silence.since = now();
    auto const limit = now() + stage_.recovery_max();
    while (!silence.came_back && now() < limit && !stage_.is_stopped()) co_await pause_for(look_again);
    bool const came_back = silence.came_back;
    stage_.silences.erase(lease.token);
    if (stage_.is_stopped()) co_return;
    if (!came_back)
        ledger.fault(fmt::format("{} did not come back after {} fell silent", lease.id, callsign()));

    auto known = co_await enroll(true);
    if (!known) {
        ledger.fault(fmt::format("{} could not come back: {}", callsign(), describe(known.error())));
        co_return;
    }
    ledger.counts.comebacks += 1;
    Json args{{"percent", 99}};
    auto stale = co_await act("sorties.progress", std::move(lease), std::move(args));
    if (stale) ledger.fault(fmt::format("{} was heard with the token of a lost lease", callsign()));
}

asio::awaitable<bool> SimulatedPilot::claim_order() {
    Json args{{"limit", 1}, {"lease_seconds", stage_.pace.lease_seconds}};
    auto answer = co_await call("work_orders.claim", std::move(args));
    if (!answer) {
        stage_.ledger.fault(
            fmt::format("{}: a work order was refused: {}", callsign(), describe(answer.error())));
        co_return false;
    }
    if (!answer->contains("orders") || answer->at("orders").empty()) co_return false;
    Json const& first = answer->at("orders").front();
    Lease lease{"work_order", text_or(first, "work_order_id", ""), number_or(first, "token", 0)};
    auto const order = stage_.order(lease.id);
    if (!order) {
        stage_.ledger.fault(fmt::format("{} was given {}, which nobody planned", callsign(), lease.id));
        co_return true;
    }
    auto const attempt = static_cast<int>(number_or(first, "attempt", 1));
    co_await do_order(std::move(lease), *order, attempt);
    co_return true;
}

asio::awaitable<void> SimulatedPilot::do_order(Lease lease, std::size_t order, int attempt) {
    stage_.ledger.ends_asking(me_);
    co_await work(order_work);
    if (attempt <= stage_.plan.orders[order].failures) {
        Json args{{"error", {{"kind", "network"}, {"message", "the service did not answer"}}}};
        args["retry_in_seconds"] = 1;
        auto answer = co_await act("work_orders.fail", lease, std::move(args));
        auto const went = judge("work_orders.fail", answer);
        stage_.ledger.counts.failed_orders += went == Went::on ? 1 : 0;
        co_return;
    }
    Json args{{"result", {{"ok", true}}}};
    auto answer = co_await act("work_orders.complete", lease, std::move(args));
    if (judge("work_orders.complete", answer) != Went::on) co_return;
    bool const tells = answer->contains("ready") && answer->at("ready").is_array();
    stage_.order_completed(tells ? answer->at("ready").size() : 0);
}

}  // namespace fleet::simulation
