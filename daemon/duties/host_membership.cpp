#include "duties/host_membership.hpp"

#include "duties/beacon_session.hpp"
#include "duties/duty_plan.hpp"
#include "duties/leader_round.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"

#include <fleet/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <optional>
#include <random>
#include <utility>

namespace fleet::duties {

using Clock = std::chrono::steady_clock;

struct HostMembership::State {
    State(asio::any_io_executor executor, DsnSource source, DutyOptions given, observe::Log& lines, observe::Health& parts)
        : loop(executor), dsn(std::move(source)), options(std::move(given)), log(lines), health_parts(parts),
          beacon(executor, options.step_limit), leader(beacon, lines, options.order_lock_limit), wake(executor),
          ended(executor, Clock::time_point::max()), backoff(options.reconnect) {
        stamp.host_id = options.host_id;
        stamp.hostname = options.hostname;
    }

    void say(observe::Condition condition, std::string_view words) {
        auto const now = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
        health_parts.set("membership", condition, words, now);
        health.last_error = condition == observe::Condition::ok ? std::string{} : std::string(words);
    }

    // Sleeps until `at`, or until `epoch_moved()` or `stop()` wakes it.
    asio::awaitable<void> sleep_until(Clock::time_point at) {
        wake.expires_at(at);
        co_await wake.async_wait(asio::as_tuple(asio::use_awaitable));
    }

    asio::awaitable<Result<void>> enter();
    asio::awaitable<Result<void>> join();
    asio::awaitable<Result<void>> work();
    asio::awaitable<Result<void>> carry_out(Duty duty, DutyPlan& plan);
    asio::awaitable<Result<void>> renew();
    asio::awaitable<Result<void>> lead(DutyPlan& plan);
    asio::awaitable<void> say_goodbye();
    void step_down(DutyPlan& plan);

    asio::any_io_executor loop;
    DsnSource dsn;
    DutyOptions options;
    observe::Log& log;
    observe::Health& health_parts;
    BeaconSession beacon;
    LeaderRound leader;
    ops::HostStamp stamp{};
    DutyHealth health{};
    asio::steady_timer wake;
    asio::steady_timer ended;             // never expires; cancelled when the loop has ended
    Backoff backoff;
    std::minstd_rand random{std::random_device{}()};
    bool is_running = false;
    bool is_stopping = false;
    bool leaves = false;                  // `stop(true)`: say goodbye to the fleet
    bool must_renew = false;
};

// Connects, and takes this host's place: the old one if its epoch still stands, a new one otherwise.
asio::awaitable<Result<void>> HostMembership::State::enter() {
    auto source = dsn();
    if (!source) co_return source.error();
    auto connected = co_await beacon.connect(std::move(*source), options.application_name);
    if (!connected) co_return connected.error();
    bool stands = false;
    if (stamp.epoch) {
        auto renewed = co_await beacon.renew(stamp.host_id, *stamp.epoch, options.host_lease);
        if (!renewed) co_return renewed.error();
        stands = *renewed;
    }
    if (!stands) {
        auto joined = co_await join();
        if (!joined) co_return joined.error();
    }
    auto held = co_await beacon.hold_beacon(stamp.host_id);
    if (!held) co_return held.error();
    if (!*held) {
        Error error = make_error(ErrorCode::already_running_elsewhere);
        error.message = "another session holds the beacon of host " + stamp.host_id;
        co_return error;
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> HostMembership::State::join() {
    store::ActRequest request{};
    request.op = "host_join";
    request.actor = "system";
    request.caller = "system";
    request.args = Json{{"host_id", stamp.host_id}, {"hostname", options.hostname}, {"version", options.version},
                        {"pid", ::getpid()}, {"lease_seconds", options.host_lease.count() / 1000}};
    auto joined = co_await beacon.act(std::move(request));
    if (!joined) co_return joined.error();
    if (stamp.epoch) health.rejoined += 1;
    stamp.epoch = joined->at("epoch").get<std::int64_t>();
    health.epoch = *stamp.epoch;
    log.info("joined the fleet", {{"host", stamp.host_id}, {"epoch", *stamp.epoch}});
    co_return Result<void>{};
}

asio::awaitable<Result<void>> HostMembership::State::renew() {
    must_renew = false;
    auto renewed = co_await beacon.renew(stamp.host_id, stamp.epoch.value_or(0), options.host_lease);
    if (!renewed) co_return renewed.error();
    if (*renewed) co_return Result<void>{};
    // Declared lost while it was away or frozen: what its pilots held is gone, so the epoch must not be reused.
    log.warning("this host was declared lost; joining again", {{"host", stamp.host_id}, {"epoch", health.epoch}});
    co_return co_await join();
}

asio::awaitable<Result<void>> HostMembership::State::lead(DutyPlan& plan) {
    auto epoch = co_await beacon.lead(stamp.host_id);
    if (!epoch) co_return epoch.error();
    if (!*epoch) co_return Result<void>{};
    leader.lead_with(**epoch);
    plan.leads(true, Clock::now());
    health.leads = true;
    log.info("leads the fleet's duties", {{"host", stamp.host_id}, {"duty_epoch", **epoch}});
    co_return Result<void>{};
}

void HostMembership::State::step_down(DutyPlan& plan) {
    if (!plan.is_leading()) return;
    plan.leads(false, Clock::now());
    health.leads = false;
    log.warning("no longer leads the fleet's duties", {{"host", stamp.host_id}});
}

asio::awaitable<Result<void>> HostMembership::State::carry_out(Duty duty, DutyPlan& plan) {
    if (duty == Duty::renew) co_return co_await renew();
    if (duty == Duty::lead) co_return co_await lead(plan);
    Result<void> done{};
    if (duty == Duty::sweep) {
        done = co_await leader.sweep();
    } else {
        done = co_await leader.watch(Clock::now());
    }
    health.ended_sessions = leader.ended_sessions();
    if (done || done.error().code == ErrorCode::away) co_return done;
    // Another daemon leads, or the round itself failed: leadership is asked for again after a pause.
    if (done.error().code != ErrorCode::duty_lost) log.error("a leader's round failed", done.error());
    step_down(plan);
    auto resigned = co_await beacon.resign();
    co_return resigned;
}

// One life of the session: ends with the error that ended it, or without one when `stop()` was called.
asio::awaitable<Result<void>> HostMembership::State::work() {
    DutyPauses pauses{};
    pauses.renew = options.host_lease / 3;
    pauses.sweep = options.sweep_pause;
    DutyPlan plan(pauses, Clock::now());
    Result<void> outcome{};
    while (!is_stopping && outcome) {
        auto due = plan.next();
        if (must_renew) due = DueDuty{Duty::renew, Clock::now()};
        if (due.at > Clock::now()) {
            co_await sleep_until(due.at);
            continue;
        }
        outcome = co_await carry_out(due.duty, plan);
        plan.done(due.duty, Clock::now());
    }
    // The duty's lock goes with the session; nobody may think that this host leads meanwhile.
    if (!is_stopping) step_down(plan);
    co_return outcome;
}

asio::awaitable<void> HostMembership::State::say_goodbye() {
    if (!beacon.is_open()) co_return;
    if (health.leads) {
        auto resigned = co_await beacon.resign();
        if (!resigned) co_return;
    }
    health.leads = false;
    if (!leaves || !stamp.epoch) co_return;
    store::ActRequest request{};
    request.op = "host_leave";
    request.actor = "system";
    request.caller = "system";
    request.args = Json{{"host_id", stamp.host_id}};
    auto left = co_await beacon.act(std::move(request));
    if (!left) log.warning("the goodbye to the fleet was not heard; the lease will end by itself", left.error());
}

HostMembership::HostMembership(asio::any_io_executor loop, DsnSource dsn, DutyOptions options, observe::Log& log,
                               observe::Health& health)
    : state_(std::make_unique<State>(std::move(loop), std::move(dsn), std::move(options), log, health)) {}

HostMembership::~HostMembership() = default;

ops::HostStamp const& HostMembership::stamp() const { return state_->stamp; }

DutyHealth HostMembership::health() const { return state_->health; }

void HostMembership::epoch_moved() {
    state_->must_renew = true;
    state_->wake.cancel();
}

asio::awaitable<Result<void>> HostMembership::run() {
    auto& state = *state_;
    state.is_running = true;
    std::uniform_real_distribution<double> draw(0.0, 1.0);
    Result<void> outcome{};
    while (!state.is_stopping) {
        auto entered = co_await state.enter();
        if (entered) {
            state.backoff.reset();
            state.health.has_joined = true;
            state.say(observe::Condition::ok, "");
            entered = co_await state.work();
            if (state.is_stopping) break;
        }
        bool const second_daemon = entered.error().code == ErrorCode::already_running_elsewhere;
        if (second_daemon && !state.health.has_joined) {
            outcome = entered.error();
            break;
        }
        state.beacon.close();
        state.say(observe::Condition::degraded, entered.error().message);
        state.log.warning("the beacon's connection is down; connecting again", entered.error());
        auto const pause = state.backoff.next(draw(state.random));
        co_await state.sleep_until(Clock::now() + pause);
    }
    if (state.is_stopping) co_await state.say_goodbye();
    state.beacon.close();
    state.is_running = false;
    state.ended.cancel();
    co_return outcome;
}

asio::awaitable<void> HostMembership::stop(bool leave) {
    auto& state = *state_;
    state.is_stopping = true;
    state.leaves = leave;
    state.wake.cancel();
    if (!state.is_running) co_return;
    co_await state.ended.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace fleet::duties
