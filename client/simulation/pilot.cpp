#include "simulation/pilot.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace fleet::simulation {
namespace {

constexpr int attempts_max = 20;      // of a sortie: failures are drawn, lost leases are not its fault
constexpr Millis refused_pause{200};  // before a refused claim or reservation is tried again
constexpr Millis mail_pause{500};
constexpr Millis mail_end_max{60'000};  // to read the last letters

Instant now() {
    return std::chrono::steady_clock::now();
}

}  // namespace

SimulatedPilot::SimulatedPilot(Stage& stage, std::size_t index) : stage_(stage), me_(index) {}

asio::awaitable<Result<Json>> SimulatedPilot::call(std::string operation, Json args) {
    auto answer = co_await stage_.line.call(me_ % stage_.line.hosts(), callsign(), std::move(operation),
                                            std::move(args));
    co_return answer;
}

asio::awaitable<Result<Json>> SimulatedPilot::act(std::string operation, Lease lease, Json args) {
    args[lease.key()] = lease.id;
    args["fence"] = Json{{"kind", lease.kind}, {"id", lease.id}, {"token", lease.token}};
    auto const sent = now();
    auto answer = co_await call(std::move(operation), std::move(args));
    if (answer) stage_.ledger.still_holds(me_, sent + surely_held());
    co_return answer;
}

// Acting is a sign of life, too, but a daemon passes on one in ten seconds: too few for our short leases.
asio::awaitable<void> SimulatedPilot::beat() {
    Json args{{"callsign", callsign()}};
    auto const sent = now();
    auto answer = co_await call("pilots.beat", std::move(args));
    if (answer) stage_.ledger.still_holds(me_, sent + surely_held());
}

Millis SimulatedPilot::surely_held() const {
    return std::chrono::seconds{stage_.pace.lease_seconds} - Millis{100};
}

asio::awaitable<Result<Json>> SimulatedPilot::enroll(bool resume) {
    auto const& planned = stage_.plan.pilots[me_];
    Json args{{"callsign", planned.callsign}, {"program", planned.program}, {"model", planned.model}};
    args["task_description"] = "simulated";
    if (resume) args["resume"] = true;
    co_return co_await call("pilots.register", std::move(args));
}

asio::awaitable<Result<void>> SimulatedPilot::arrive(bool is_back) {
    auto answer = co_await enroll(is_back);
    if (!answer) co_return answer.error();
    if (is_back) co_await read_mail();
    co_return Result<void>{};
}

asio::awaitable<void> SimulatedPilot::live() {
    stage_.pilots_at_work += 1;
    while (!stage_.work_is_over()) {
        if (stage_.ledger.has_mail(me_)) {
            stage_.ledger.ends_asking(me_);
            co_await read_mail();
        }
        stage_.ledger.begins_to_ask(me_, now());
        bool busy = co_await claim_sortie();
        if (!busy && stage_.orders_done() < stage_.plan.orders.size()) busy = co_await claim_order();
        if (!busy && !stage_.work_is_over()) {
            auto const limit = stage_.ask_again();
            co_await stage_.work.wait(limit);
        }
    }
    stage_.ledger.ends_asking(me_);
    stage_.pilots_at_work -= 1;
    if (stage_.pilots_at_work == 0) stage_.mail.ring_all();
    if (!stage_.is_stopped()) co_await finish_mail();
    Json args{{"callsign", callsign()}, {"reason", "completed"}};
    co_await call("pilots.deregister", std::move(args));
}

SimulatedPilot::Went SimulatedPilot::judge(std::string const& operation, Result<Json> const& answer) {
    if (answer) return Went::on;
    auto const code = answer.error().code;
    stage_.ledger.lets_go(me_);
    // Too slow: the lease ran out, and perhaps somebody else has it by now.
    if (code == ErrorCode::stale_token || code == ErrorCode::transition_refused ||
        code == ErrorCode::forbidden) {
        stage_.ledger.counts.lapsed += 1;
        return Went::lost;
    }
    if (!stage_.is_stopped())
        stage_.ledger.fault(
            fmt::format("{}: {} was refused: {}", callsign(), operation, describe(answer.error())));
    return Went::lost;
}

asio::awaitable<bool> SimulatedPilot::claim_sortie() {
    Json args{{"lease_seconds", stage_.pace.lease_seconds}};
    auto answer = co_await call("sorties.claim_next", std::move(args));
    if (!answer) {
        if (answer.error().code == ErrorCode::nothing_ready) {
            stage_.ledger.finds_nothing(me_, now());
            co_return false;
        }
        stage_.ledger.fault(fmt::format("{}: a claim was refused: {}", callsign(), describe(answer.error())));
        co_await pause_for(refused_pause);
        co_return true;
    }
    Lease lease{"sortie", text_or(*answer, "sortie_id", ""), number_or(*answer, "token", 0)};
    auto const sortie = stage_.sortie(lease.id);
    if (!sortie) {
        stage_.ledger.fault(fmt::format("{} was given {}, which nobody planned", callsign(), lease.id));
        co_return true;
    }
    co_await fly(std::move(lease), *sortie);
    co_return true;
}

asio::awaitable<void> SimulatedPilot::fly(Lease lease, std::size_t sortie) {
    int const attempt = stage_.claimed(sortie, me_, lease.token);
    stage_.ledger.ends_asking(me_);
    auto const script = script_of(stage_.plan, sortie, std::min(attempt, attempts_max));
    for (Step const& step : script) {
        if (stage_.is_stopped()) co_return;
        auto const went = co_await take_step(lease, sortie, step);
        if (went == Went::on) continue;
        if (went == Went::lost) {
            // What else it holds would keep the next pilot from the files.
            Json nothing = Json::object();
            co_await call("reservations.release_all", std::move(nothing));
        }
        co_return;
    }
}

asio::awaitable<SimulatedPilot::Went> SimulatedPilot::take_step(Lease lease, std::size_t sortie, Step step) {
    switch (step.act) {
        case Act::reserve: {
            auto const went = co_await take_files(lease, sortie);
            if (went != Went::on) co_return went;
            Json args = Json::object();
            auto started = co_await act("sorties.start", lease, std::move(args));
            co_return judge("sorties.start", started);
        }
        case Act::work: {
            co_await work(step.length);
            co_return Went::on;
        }
        case Act::progress: {
            Json args{{"percent", step.percent}};
            auto told = co_await act("sorties.progress", lease, std::move(args));
            co_return judge("sorties.progress", told);
        }
        case Act::talk: {
            co_await write_letter();
            co_return Went::on;
        }
        case Act::block: co_return co_await stand_still(lease, step.length);
        case Act::fail: co_return co_await give_up(lease, sortie);
        case Act::crash: {
            co_await fall_silent(lease, sortie);
            co_return Went::ended;
        }
        case Act::complete: co_return co_await complete(lease, sortie);
    }
    co_return Went::ended;
}

asio::awaitable<SimulatedPilot::Went> SimulatedPilot::stand_still(Lease lease, Millis length) {
    Json blocked{{"reason", "waits for an answer"}, {"blocker_type", "clarification"}};
    auto answer = co_await act("sorties.block", lease, std::move(blocked));
    auto went = judge("sorties.block", answer);
    if (went != Went::on) co_return went;
    stage_.ledger.counts.blocks += 1;
    co_await work(length);
    Json resolved{{"resolution", "answered"}};
    auto unblocked = co_await act("sorties.unblock", lease, std::move(resolved));
    co_return judge("sorties.unblock", unblocked);
}

asio::awaitable<void> SimulatedPilot::work(Millis length) {
    auto left = stage_.scaled(length);
    Millis const longest{stage_.pace.lease_seconds * 1'000 / 3};
    while (left > longest && !stage_.is_stopped()) {
        co_await pause_for(longest);
        left -= longest;
        co_await beat();
    }
    if (left > Millis{0}) co_await pause_for(left);
}

asio::awaitable<void> SimulatedPilot::finish_mail() {
    auto const limit = now() + mail_end_max;
    co_await read_mail();
    while (now() < limit && !stage_.is_stopped()) {
        if (stage_.ledger.has_mail(me_)) {
            co_await read_mail();
            continue;
        }
        if (stage_.mail_is_over()) break;
        co_await stage_.mail.wait(mail_pause);
    }
    stage_.mail.ring_all();
}

}  // namespace fleet::simulation
