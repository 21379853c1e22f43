#include <fleet/reservation_lease.hpp>

#include "api/core.hpp"
#include "api/feed.hpp"
#include "api/record_codec.hpp"

#include <fleet/assert.hpp>
#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>

#include <chrono>

namespace fleet {
namespace {

constexpr Millis ttl_default{3'600'000};
constexpr Millis release_limit{2'000};
constexpr Millis renew_soonest{200};

using Clock = std::chrono::steady_clock;

// A background task of a lease reports nothing but through `on_lost`; what it throws is a bug or the end of
// the loop.
void ended(std::exception_ptr const&) {}

}  // namespace

struct ReservationLease::State {
    ClientCorePtr core;
    Granted granted{};
    Millis ttl{};
    OnLost on_lost{};
    asio::steady_timer timer;
    Clock::time_point surely_until{};  // measured before the request was sent, so that it is never too late
    bool held = true;

    void lost(Error const& why) {
        if (!held) return;
        held = false;
        if (on_lost) on_lost(why);
    }
};

asio::any_io_executor ReservationLease::executor_of(ClientCore const& core) {
    return core.executor();
}

asio::awaitable<Result<ReservationLease>> ReservationLease::acquire(ClientCorePtr core,
                                                                    ReserveRequest request, OnLost on_lost) {
    Client client{core};
    Millis ttl = request.ttl.value_or(ttl_default);
    request.ttl = ttl;
    auto outcome = co_await client.async_reserve(std::move(request), asio::use_awaitable);
    if (!outcome) co_return outcome.error();
    if (auto const* held = std::get_if<Held>(&*outcome)) co_return held->error;
    if (auto const* late = std::get_if<TimedOut>(&*outcome)) co_return late->error;
    if (auto const* cycle = std::get_if<Deadlocked>(&*outcome)) co_return cycle->error;

    auto state = std::shared_ptr<State>(new State{core, std::get<Granted>(*std::move(outcome)), ttl,
                                                  std::move(on_lost), asio::steady_timer(core->executor())});
    // The grant may be as old as the answer's way here; a tenth of the lease covers it.
    state->surely_until = Clock::now() + ttl - ttl / 10;
    auto executor = core->executor();
    asio::co_spawn(executor, renew(state), ended);
    co_return ReservationLease(std::move(state));
}

// Ends when the lease is released or lost. A daemon that is away is asked again until the lease has run out.
asio::awaitable<void> ReservationLease::renew(std::shared_ptr<State> state) {
    Millis pause = std::max(renew_soonest, state->ttl / 3);
    while (state->held) {
        state->timer.expires_after(pause);
        auto [cancelled] = co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (cancelled || !state->held) co_return;
        auto asked_at = Clock::now();
        Json args{{"reservation_id", state->granted.fence.id},
                  {"ttl_seconds", (state->ttl.count() + 999) / 1'000}};
        auto answer =
            co_await state->core->fenced("reservations.extend", std::move(args), state->granted.fence);
        if (!state->held) co_return;
        if (answer) {
            state->surely_until = asked_at + state->ttl;
            state->granted.expires_at.reset();
            if (auto until = parse_time(text_or(*answer, "expires_at", "")))
                state->granted.expires_at = *until;
            pause = std::max(renew_soonest, state->ttl / 3);
            continue;
        }
        bool over = Clock::now() >= state->surely_until;
        if (over || !is_passing(answer.error())) {
            state->lost(answer.error());
            co_return;
        }
        pause = std::max(renew_soonest, state->ttl / 20);
    }
}

asio::awaitable<Result<Json>> ReservationLease::release(std::shared_ptr<State> state) {
    if (!state || !state->held) co_return Json::object();
    state->held = false;
    state->timer.cancel();
    Json args{{"reservation_id", state->granted.fence.id}};
    CallOptions options;
    options.fence = state->granted.fence;
    options.answer = release_limit;
    std::string operation = "reservations.release";
    co_return co_await state->core->call(std::move(operation), std::move(args), std::move(options));
}

ReservationLease::~ReservationLease() {
    let_go();
}

ReservationLease& ReservationLease::operator=(ReservationLease&& other) noexcept {
    if (this == &other) return *this;
    let_go();
    state_ = std::move(other.state_);
    return *this;
}

void ReservationLease::let_go() {
    if (!state_ || !state_->held) return;
    auto executor = state_->core->executor();
    auto finished = [](std::exception_ptr const&, Result<Json> const&) {};
    asio::co_spawn(executor, release(std::move(state_)), finished);
}

asio::any_io_executor ReservationLease::executor() const {
    FLEET_ASSERT(state_ != nullptr, "a lease that was never acquired has nothing to release");
    return state_->core->executor();
}

bool ReservationLease::is_held() const {
    return state_ && state_->held;
}

Granted const& ReservationLease::granted() const {
    FLEET_ASSERT(state_ != nullptr, "only an acquired lease was granted");
    return state_->granted;
}

}  // namespace fleet
