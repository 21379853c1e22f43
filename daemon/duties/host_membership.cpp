#include "duties/host_membership.hpp"

#include "duties/beacon.hpp"
#include "duties/duty_plan.hpp"
#include "observe/health.hpp"
#include "observe/log.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <random>

namespace fleet::duties {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);

// A daemon that was killed leaves its session behind for a moment: not every beacon that is held is a second
// daemon.
constexpr Millis first_join_patience{8'000};
constexpr Millis first_join_pause{250};

DutyPauses pauses_of(DutyOptions const& options) {
    DutyPauses pauses;
    pauses.renew = options.host_lease / 3;
    pauses.sweep = options.sweep_pause;
    pauses.lead = options.sweep_pause;
    pauses.watch_hosts = options.sweep_pause;
    pauses.before_watching = options.host_lease;
    pauses.watch_order_lock = std::clamp(options.order_lock_limit / 5, Millis(100), Millis(1'000));
    return pauses;
}

Time now() {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

}  // namespace

struct HostMembership::State {
    State(asio::any_io_executor on, DsnSource from, DutyOptions given, observe::Log& writes,
          observe::Health& says)
        : loop(on),
          dsn(std::move(from)),
          options(std::move(given)),
          log(writes),
          health(says),
          beacon(on, options.application_name, options.step_limit, options.tcp_user_timeout),
          plan(pauses_of(options)),
          order_lock(options.order_lock_limit),
          backoff(options.reconnect),
          timer(on),
          ended(on, Clock::time_point::max()) {
        stamp.host_id = options.host_id;
        stamp.hostname = options.hostname;
    }

    asio::awaitable<Result<void>> run();
    asio::awaitable<Result<void>> begin_session();
    asio::awaitable<Result<void>> come_back();
    asio::awaitable<Result<void>> join();
    asio::awaitable<Result<void>> do_duties();
    asio::awaitable<Result<void>> carry_out(Duty duty);
    asio::awaitable<Result<void>> lead();
    asio::awaitable<Result<void>> sweep();
    asio::awaitable<Result<void>> watch_hosts();
    asio::awaitable<Result<void>> declare_lost(std::string host);
    asio::awaitable<Result<void>> check_schema();
    Result<void> refused(Error error);
    asio::awaitable<Result<void>> watch_order_lock();
    asio::awaitable<void> leave();
    asio::awaitable<void> pause_until(Clock::time_point at);
    store::ActRequest command(std::string op, Json args) const;
    void trouble(Error const& error);
    void all_well();

    asio::any_io_executor loop;
    DsnSource dsn;
    DutyOptions options;
    observe::Log& log;
    observe::Health& health;
    Beacon beacon;
    DutyPlan plan;
    OrderLockWatch order_lock;
    Backoff backoff;
    asio::steady_timer timer;
    asio::steady_timer ended;  // `run` has ended
    ops::HostStamp stamp{};
    DutyHealth state{};
    std::optional<Clock::time_point> first_try{};
    bool is_running = false;
    bool is_stopping = false;
    bool leaves = false;
    bool must_join = false;
};

store::ActRequest HostMembership::State::command(std::string op, Json args) const {
    store::ActRequest request{.op = std::move(op)};
    request.actor = "system";
    request.caller = "host:" + options.host_id;
    request.metadata = Json{{"source", "daemon"}, {"host", options.hostname}};
    // Who joins has no epoch yet, or an old one.
    if (stamp.epoch && request.op != "host_join") {
        request.host = options.host_id;
        request.epoch = stamp.epoch;
    }
    request.args = std::move(args);
    return request;
}

void HostMembership::State::trouble(Error const& error) {
    if (state.last_error != error.message)
        log.warning("the host's membership is in trouble; trying again", error);
    state.last_error = error.message;
    auto const condition = state.has_joined ? observe::Condition::degraded : observe::Condition::starting;
    health.set("host", condition, error.message, now());
}

void HostMembership::State::all_well() {
    state.last_error.clear();
    backoff.reset();
    health.set("host", observe::Condition::ok, "", now());
}

asio::awaitable<void> HostMembership::State::pause_until(Clock::time_point at) {
    timer.expires_at(at);
    auto [ignored] = co_await timer.async_wait(as_pair);
    (void)ignored;
}

asio::awaitable<Result<void>> HostMembership::State::run() {
    std::minstd_rand random(std::random_device{}());
    std::uniform_real_distribution<double> draw(0.0, 1.0);
    while (!is_stopping) {
        auto outcome = co_await begin_session();
        if (outcome) outcome = co_await do_duties();
        if (is_stopping) break;
        auto const error = std::move(outcome).error();
        if (error.code == ErrorCode::already_running_elsewhere && !state.has_joined) {
            if (!first_try) first_try = Clock::now();
            if (Clock::now() - *first_try >= first_join_patience) co_return error;
            co_await pause_until(Clock::now() + first_join_pause);
            continue;
        }
        if (error.code == ErrorCode::schema_newer) {
            leaves = true;
            co_await leave();
            co_return error;
        }
        trouble(error);
        state.leads = false;
        co_await pause_until(Clock::now() + backoff.next(draw(random)));
    }
    co_await leave();
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::begin_session() {
    if (!beacon.is_open()) {
        auto where = dsn();
        if (!where) co_return where.error();
        auto connected = co_await beacon.connect(*std::move(where));
        if (!connected) co_return connected;
    }
    plan.begin(Clock::now());
    auto usable = co_await check_schema();
    if (!usable) co_return usable;
    auto back = co_await come_back();
    if (!back) co_return back;
    if (must_join) {
        auto joined = co_await join();
        if (!joined) co_return joined;
    }
    auto held = co_await beacon.hold_beacon(options.host_id);
    if (!held) co_return held.error();
    if (!*held && !state.has_joined)
        co_return make_error(ErrorCode::already_running_elsewhere,
                             "another daemon holds the beacon of this host on this database");
    plan.beacon_is_held(*held);
    plan.done(Duty::renew, Clock::now());
    state.has_joined = true;
    all_well();
    co_return Result<void>();
}

// After a lost session: if nobody declared the host lost meanwhile, it is still the same membership.
asio::awaitable<Result<void>> HostMembership::State::come_back() {
    if (!stamp.epoch) must_join = true;
    if (must_join) co_return Result<void>();
    auto renewed = co_await beacon.renew(options.host_id, *stamp.epoch, options.host_lease);
    if (!renewed) co_return renewed.error();
    must_join = !*renewed;
    co_return Result<void>();
}

// Another host may have brought the schema on while we are running: as long as nothing in it breaks older
// programs, all goes on.
asio::awaitable<Result<void>> HostMembership::State::check_schema() {
    auto seen = co_await beacon.schema();
    if (!seen) co_return seen.error();
    if (seen->breaking_since > options.schema_known)
        co_return make_error(
            ErrorCode::schema_newer,
            fmt::format(
                "the database is at version {}, which needs a program that knows version {}; this one "
                "knows {}",
                seen->version, seen->breaking_since, options.schema_known));
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::join() {
    Json args{{"host_id", options.host_id},
              {"hostname", options.hostname},
              {"version", options.version},
              {"pid", static_cast<std::int64_t>(::getpid())},
              {"lease_seconds", std::chrono::ceil<std::chrono::seconds>(options.host_lease).count()}};
    auto request = command("host_join", std::move(args));
    auto joined = co_await beacon.act(std::move(request));
    if (!joined) co_return joined.error();
    bool const was_member = stamp.epoch.has_value();
    stamp.epoch = number_or(*joined, "epoch", 0);
    state.epoch = *stamp.epoch;
    must_join = false;
    if (was_member) {
        state.rejoined += 1;
        log.warning(
            "this host was declared lost or another took its place; it has joined again, and what its pilots "
            "held may be gone",
            {{"host", options.host_id}, {"epoch", state.epoch}});
    } else {
        log.info("this host has joined the fleet", {{"host", options.host_id}, {"epoch", state.epoch}});
    }
    co_return Result<void>();
}

// Until the session is lost, the host must join again, or the daemon stops.
asio::awaitable<Result<void>> HostMembership::State::do_duties() {
    while (!is_stopping) {
        if (must_join) {
            auto joined = co_await join();
            if (!joined) co_return joined;
            plan.beacon_is_held(false);
        }
        auto const next = plan.next();
        if (next.at > Clock::now()) {
            co_await pause_until(next.at);
            continue;
        }
        auto outcome = co_await carry_out(next.duty);
        plan.done(next.duty, Clock::now());
        // A refusal is an answer; without a session there is none.
        bool const is_over =
            !beacon.is_open() || (!outcome && outcome.error().code == ErrorCode::schema_newer);
        if (!outcome && is_over) co_return outcome;
        if (!outcome)
            trouble(outcome.error());
        else if (!state.last_error.empty())
            all_well();
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::carry_out(Duty duty) {
    switch (duty) {
        case Duty::renew: {
            auto back = co_await come_back();
            if (!back) co_return back;
            co_return co_await check_schema();
        }
        case Duty::hold_beacon: {
            auto held = co_await beacon.hold_beacon(options.host_id);
            if (!held) co_return held.error();
            plan.beacon_is_held(*held);
            co_return Result<void>();
        }
        case Duty::lead: co_return co_await lead();
        case Duty::sweep: co_return co_await sweep();
        case Duty::watch_order_lock: co_return co_await watch_order_lock();
        case Duty::watch_hosts: co_return co_await watch_hosts();
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::lead() {
    auto epoch = co_await beacon.lead(options.host_id);
    if (!epoch) co_return epoch.error();
    if (!*epoch) co_return Result<void>();
    state.duty_epoch = **epoch;
    plan.leads(true, Clock::now());
    state.leads = true;
    order_lock = OrderLockWatch(options.order_lock_limit);
    log.info("this host leads now", {{"duty_epoch", state.duty_epoch}});
    co_return Result<void>();
}

// What a refused command of ours says about us. Anything else is the caller's trouble.
Result<void> HostMembership::State::refused(Error error) {
    if (error.code == ErrorCode::duty_lost) {
        plan.leads(false, Clock::now());
        state.leads = false;
        log.warning("another host leads now");
        return Result<void>();
    }
    if (error.code == ErrorCode::host_epoch_moved) {
        must_join = true;
        return Result<void>();
    }
    return error;
}

asio::awaitable<Result<void>> HostMembership::State::sweep() {
    Json args{{"duty_epoch", state.duty_epoch},
              {"stale_seconds", std::chrono::ceil<std::chrono::seconds>(options.pilot_lease).count()}};
    if (!options.checkpoints.empty()) args["checkpoints"] = options.checkpoints;
    auto request = command("sweep", std::move(args));
    auto swept = co_await beacon.act(std::move(request));
    if (!swept) co_return refused(std::move(swept).error());
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::watch_hosts() {
    auto late = co_await beacon.late_hosts(options.host_id, state.leads);
    if (!late) co_return late.error();
    for (std::string const& host : *late) {
        auto copy = host;
        auto declared = co_await declare_lost(std::move(copy));
        if (!declared) co_return declared;
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::declare_lost(std::string host) {
    Json args{{"host_id", host}};
    if (state.leads) args["duty_epoch"] = state.duty_epoch;
    auto request = command("declare_host_lost", std::move(args));
    auto declared = co_await beacon.act(std::move(request));
    if (!declared) co_return refused(std::move(declared).error());
    if (!flag_or(*declared, "lost", false)) co_return Result<void>();
    log.warning("a host was declared lost; its pilots' files are free", {{"lost_host", host}});
    auto const spared = declared->find("backends_spared");
    if (spared == declared->end() || spared->empty()) co_return Result<void>();
    auto left_over = co_await beacon.end_sessions_of(std::move(host));
    if (!left_over) co_return left_over.error();
    co_return Result<void>();
}

asio::awaitable<Result<void>> HostMembership::State::watch_order_lock() {
    auto holders = co_await beacon.order_lock_holders();
    if (!holders) co_return holders.error();
    for (LockHolder const& holder : order_lock.look(*std::move(holders), Clock::now())) {
        auto one = holder;
        auto outcome = co_await beacon.end_session(std::move(one));
        if (!outcome) co_return outcome.error();
        if (*outcome != "ended") continue;
        state.ended_sessions += 1;
        log.warning("a session sat on the order lock and was ended",
                    {{"pid", holder.pid},
                     {"application", holder.application_name},
                     {"account", holder.account},
                     {"state", holder.state},
                     {"query", holder.query}});
    }
    co_return Result<void>();
}

asio::awaitable<void> HostMembership::State::leave() {
    if (!beacon.is_open()) co_return;
    if (state.leads) {
        auto resigned = co_await beacon.resign();
        if (!resigned)
            log.warning("resigning failed; the next leader waits for the end of the session",
                        resigned.error());
    }
    if (leaves && stamp.epoch && beacon.is_open()) {
        auto request = command("host_leave", Json{{"host_id", options.host_id}});
        auto left = co_await beacon.act(std::move(request));
        if (!left) log.warning("leaving the fleet failed; the lease will run out", left.error());
    }
    state.leads = false;
    state.has_joined = false;
    stamp.epoch.reset();
    beacon.close();
}

HostMembership::HostMembership(asio::any_io_executor loop, DsnSource dsn, DutyOptions options,
                               observe::Log& log, observe::Health& health)
    : state_(std::make_unique<State>(std::move(loop), std::move(dsn), std::move(options), log, health)) {}

HostMembership::~HostMembership() = default;

ops::HostStamp const& HostMembership::stamp() const {
    return state_->stamp;
}

asio::awaitable<Result<void>> HostMembership::run() {
    state_->is_running = true;
    auto outcome = co_await state_->run();
    state_->is_running = false;
    state_->ended.cancel();
    co_return outcome;
}

void HostMembership::epoch_moved(std::int64_t carried) {
    // Many commands were under way when the epoch moved. To join for each of them would move it again each
    // time, and refuse the next ones.
    if (state_->stamp.epoch && *state_->stamp.epoch != carried) return;
    state_->must_join = true;
    state_->timer.cancel();
}

asio::awaitable<void> HostMembership::stop(bool leave) {
    state_->leaves = leave;
    state_->is_stopping = true;
    state_->timer.cancel();
    while (state_->is_running) {
        auto [ignored] = co_await state_->ended.async_wait(as_pair);
        (void)ignored;
    }
}

DutyHealth HostMembership::health() const {
    return state_->state;
}

}  // namespace fleet::duties
