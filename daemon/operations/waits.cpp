#include "operations/waits.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace fleet::ops {

namespace {

constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
constexpr auto never = std::chrono::steady_clock::time_point::max();
// An expiry that is due but did not let anybody in (a clock that is a little behind) is looked at again after
// this.
constexpr Millis pause_min{50};
// A lease may have been made shorter meanwhile: look again at least this often.
constexpr Millis pause_max{5'000};

// When the first lease that blocks one of ours lapses; nothing when none will within `pause_max`.
asio::awaitable<std::optional<Millis>> until_next_expiry(Operations::State& state, std::string project) {
    std::vector<std::optional<std::string>> arguments;
    arguments.emplace_back(std::move(project));
    if (state.parts.host.epoch) arguments.emplace_back(state.parts.host.host_id);
    else arguments.emplace_back(std::nullopt);
    auto rows = co_await state.parts.reads.rows("next_expiry", std::move(arguments));
    std::optional<Millis> first;
    if (!rows) co_return first;
    for (Json const& row : *rows) {
        Millis const in(number_or(row, "in_ms", 0));
        if (text_or(row, "why", "") == "lapse" && in < pause_max) first = std::min(first.value_or(in), in);
    }
    co_return first;
}

asio::awaitable<void> run_line(Operations::State& state, std::string project) {
    Line& line = state.lines.at(project);
    Request request;
    request.caller = auth::system_identity();
    request.project = project;
    // What blocked the first one may have lapsed before anybody looked; then no expiry is to be seen.
    auto without_expiry = pause_min;
    while (!state.is_stopping && line.waits > 0) {
        std::string asked = project;
        auto const expiry = co_await until_next_expiry(state, std::move(asked));
        if (state.is_stopping || line.waits == 0) break;
        line.timer.expires_after(std::max(expiry.value_or(without_expiry), pause_min));
        auto [woken] = co_await line.timer.async_wait(as_pair);
        if (woken) continue;                         // a wait began or ended: look anew
        without_expiry = pause_max;
        auto copy = request;
        auto row = co_await submit(state, "grant_waiters", std::move(copy));
        (void)row;  // an error is the database's absence: the next round sees
    }
    state.lines.erase(project);
    state.changed.cancel();
}

void join_line(Operations::State& state, std::string const& project) {
    auto const [place, is_new] = state.lines.try_emplace(project, state.parts.loop);
    place->second.waits += 1;
    place->second.timer.cancel();
    if (!is_new) return;
    asio::co_spawn(state.parts.loop, run_line(state, project), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

}  // namespace

Wait::Wait(Operations::State& state, std::string project, std::shared_ptr<Leaving> leaving)
    : state_(state),
      project_(std::move(project)),
      leaving_(std::move(leaving)),
      timer_(state.parts.loop, never) {
    state_.waits.insert(this);
    join_line(state_, project_);
    if (leaving_) leaving_->listen([this] { wake(); });
}

Wait::~Wait() {
    if (leaving_) leaving_->listen({});
    state_.waits.erase(this);
    state_.changed.cancel();
    auto const line = state_.lines.find(project_);
    if (line == state_.lines.end()) return;
    line->second.waits -= 1;
    line->second.timer.cancel();
}

bool Wait::is_over() const { return state_.is_stopping || is_gone(); }

asio::awaitable<void> Wait::woken() {
    while (!is_over()) {
        auto [failed] = co_await timer_.async_wait(as_pair);
        // Cancelled from outside: the other arm was first. Woken: the state says why.
        auto const cancellation = co_await asio::this_coro::cancellation_state;
        auto const cancelled = cancellation.cancelled();
        if (cancelled != asio::cancellation_type::none || !failed) co_return;
    }
}

asio::awaitable<Result<store::ActRow>> end_wait(Operations::State& state, Request who,
                                                std::string reservation_id, std::string_view outcome) {
    who.args = Json{{"reservation_id", std::move(reservation_id)}, {"outcome", std::string(outcome)}};
    who.idempotency_key.clear();
    who.fence.reset();
    co_return co_await submit(state, "end_wait", std::move(who));
}

asio::awaitable<void> Operations::stop() {
    state_->is_stopping = true;
    for (Wait* const wait : state_->waits) wait->wake();
    for (auto& [project, line] : state_->lines) line.timer.cancel();
    co_await state_->polls.stop();
    while (!state_->waits.empty() || !state_->lines.empty() || state_->reviving > 0) {
        auto [ignored] = co_await state_->changed.async_wait(as_pair);
        (void)ignored;
    }
    state_->beats.stop();
}

}  // namespace fleet::ops
