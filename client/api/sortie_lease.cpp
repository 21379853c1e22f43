#include <fleet/sortie_lease.hpp>

#include "api/core.hpp"
#include "api/feed.hpp"

#include <fleet/assert.hpp>
#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <chrono>

namespace fleet {
namespace {

constexpr Millis release_limit{2'000};
constexpr Millis renew_soonest{200};

using Clock = std::chrono::steady_clock;

// A background task of a lease reports nothing but through `on_lost`; what it throws is a bug or the end of
// the loop.
void ended(std::exception_ptr const&) {}

Error not_ours(std::string_view why) {
    return make_error(ErrorCode::stale_token, std::string(why));
}

}  // namespace

struct SortieLease::State {
    ClientCorePtr core;
    Sortie sortie{};
    OnLost on_lost{};
    asio::steady_timer timer;
    Clock::time_point surely_until{};  // measured before the request was sent, so that it is never too late
    bool held = true;

    Millis length() const { return std::chrono::seconds(std::max<std::int64_t>(sortie.lease_seconds, 1)); }
    void lost(Error const& why) {
        if (!held) return;
        held = false;
        if (on_lost) on_lost(why);
    }
    void end() {
        held = false;
        timer.cancel();
    }
};

asio::any_io_executor SortieLease::executor_of(ClientCore const& core) {
    return core.executor();
}

asio::awaitable<Result<SortieLease>> SortieLease::claim(ClientCorePtr core, ClaimRequest request,
                                                        OnLost on_lost) {
    if (core->options().callsign.empty())
        co_return make_error(ErrorCode::invalid_field, "a sortie is claimed by a pilot: say which", "/as");
    Client client{core};
    Work work{client};
    auto outcome = co_await work.async_claim_sortie(std::move(request), asio::use_awaitable);
    if (!outcome) co_return outcome.error();
    if (auto const* nothing = std::get_if<NothingReady>(&*outcome)) co_return nothing->error;
    Sortie sortie = std::get<Claimed>(*std::move(outcome)).sortie;
    auto state = std::shared_ptr<State>(
        new State{core, std::move(sortie), std::move(on_lost), asio::steady_timer(core->executor())});
    // The grant may be as old as the answer's way here; a tenth of the lease covers it.
    state->surely_until = Clock::now() + state->length() - state->length() / 10;
    auto executor = core->executor();
    asio::co_spawn(executor, keep_alive(state), ended);
    co_return SortieLease(std::move(state));
}

// A sign of life prolongs the lease, but does not say whose it is: that is asked.
asio::awaitable<Result<void>> SortieLease::renew(State& state) {
    auto const asked_at = Clock::now();
    Json who{{"callsign", state.core->options().callsign}};
    auto beat = co_await state.core->plain("pilots.beat", std::move(who));
    if (!beat) co_return beat.error();
    Json which{{"sortie_id", state.sortie.sortie_id}};
    auto shown = co_await state.core->plain("sorties.show", std::move(which));
    if (!shown) co_return shown.error();
    if (number_or(*shown, "token", 0) != state.sortie.token)
        co_return not_ours("the sortie was taken back, or given to another pilot");
    state.surely_until = asked_at + state.length();
    co_return Result<void>();
}

// Ends when the lease is given back or lost. A daemon that is away is asked until the lease has run out.
asio::awaitable<void> SortieLease::keep_alive(std::shared_ptr<State> state) {
    Millis pause = std::max(renew_soonest, state->length() / 3);
    while (state->held) {
        state->timer.expires_after(pause);
        auto [cancelled] = co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (cancelled || !state->held) co_return;
        auto renewed = co_await renew(*state);
        if (!state->held) co_return;
        pause = std::max(renew_soonest, state->length() / (renewed ? 3 : 20));
        if (renewed) continue;
        bool const over = Clock::now() >= state->surely_until;
        if (over || !is_passing(renewed.error())) {
            state->lost(renewed.error());
            co_return;
        }
    }
}

asio::awaitable<Result<Sortie>> SortieLease::complete(std::shared_ptr<State> state,
                                                      CompleteRequest request) {
    if (!state || !state->held) co_return not_ours("the lease has ended");
    Client client{state->core};
    Work work{client};
    auto fence = state->sortie.fence();
    auto answer =
        co_await work.async_complete_sortie(std::move(fence), std::move(request), asio::use_awaitable);
    if (answer) state->end();
    co_return answer;
}

asio::awaitable<Result<Sortie>> SortieLease::fail(std::shared_ptr<State> state, FailRequest request) {
    if (!state || !state->held) co_return not_ours("the lease has ended");
    Client client{state->core};
    Work work{client};
    auto fence = state->sortie.fence();
    auto answer = co_await work.async_fail_sortie(std::move(fence), std::move(request), asio::use_awaitable);
    if (answer) state->end();
    co_return answer;
}

asio::awaitable<void> SortieLease::give_back(std::shared_ptr<State> state) {
    CallOptions options;
    options.fence = state->sortie.fence();
    options.answer = release_limit;
    Json args{{"sortie_id", state->sortie.sortie_id}};
    std::string operation = "sorties.return";
    auto ignored = co_await state->core->call(std::move(operation), std::move(args), std::move(options));
    (void)ignored;  // else it is free when the lease runs out
}

SortieLease::~SortieLease() {
    let_go();
}

SortieLease& SortieLease::operator=(SortieLease&& other) noexcept {
    if (this == &other) return *this;
    let_go();
    state_ = std::move(other.state_);
    return *this;
}

void SortieLease::let_go() {
    if (!state_ || !state_->held) return;
    state_->end();
    auto executor = state_->core->executor();
    asio::co_spawn(executor, give_back(std::move(state_)), ended);
}

void SortieLease::forget() {
    if (state_) state_->end();
}

asio::any_io_executor SortieLease::executor() const {
    FLEET_ASSERT(state_ != nullptr, "a sortie that was never claimed cannot end");
    return state_->core->executor();
}

bool SortieLease::is_held() const {
    return state_ && state_->held;
}

Sortie const& SortieLease::sortie() const {
    FLEET_ASSERT(state_ != nullptr, "only a claimed sortie is held");
    return state_->sortie;
}

}  // namespace fleet
