#include "bus/subscriber.hpp"

#include "bus/fan_out.hpp"

#include <fleet/assert.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace fleet::bus {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto nothrow = asio::as_tuple(asio::use_awaitable);

// Before a page that could not be read is asked for again.
constexpr Millis page_pause{300};

}  // namespace

Subscriber::Subscriber(std::unique_ptr<State> state) : state_(std::move(state)) {}

Subscriber::~Subscriber() {
    if (state_->fan_out) state_->fan_out->remove(*state_);
}

std::int64_t Subscriber::cursor() const {
    bool const abreast = !state_->lagging && state_->outbox.empty() && state_->fan_out;
    return abreast ? state_->fan_out->head() : state_->cursor;
}

bool Subscriber::is_lagging() const {
    return state_->lagging;
}
Filter const& Subscriber::filter() const {
    return state_->filter;
}

namespace {

// Everything from here to the return of `next` happens without a suspension: nothing is lost when it is
// cancelled.
Batch take(Subscriber::State& state, std::size_t most, std::int64_t head) {
    Batch batch;
    auto const count = std::min(most, state.outbox.size());
    batch.events.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        batch.events.push_back(std::move(state.outbox.front()));
        state.outbox.pop_front();
    }
    FLEET_ASSERT(batch.events.empty() || batch.events.front()->seq > state.cursor,
                 "each seq is handed out once");
    if (state.outbox.empty()) {
        state.outbox_bytes = 0;
        state.cursor = state.lagging ? state.covered : head;
    } else {
        for (auto const& event : batch.events) state.outbox_bytes -= weight(event);
        state.cursor = batch.events.back()->seq;
    }
    batch.to = state.cursor;
    return batch;
}

}  // namespace

asio::awaitable<Result<Batch>> Subscriber::next(Millis limit) {
    auto& state = *state_;
    auto const until = Clock::now() + limit;
    for (;;) {
        if (state.ended) co_return *state.ended;
        auto& fan_out = *state.fan_out;
        auto const most = fan_out.limits_.subscriber.batch_max;
        if (!state.outbox.empty()) co_return take(state, most, fan_out.head());
        if (fan_out.is_stopping()) {
            auto batch = take(state, 0, fan_out.head());
            batch.goodbye = true;
            co_return batch;
        }
        if (state.lagging && state.covered >= fan_out.head()) {
            // A position beyond the head waits until the head has come there.
            state.lagging = state.covered > fan_out.head();
        } else if (state.lagging && fan_out.in_ring(state.covered + 1)) {
            state.lagging = !fan_out.feed_from_ring(state);
            state.cursor = state.outbox.empty() ? state.covered : state.cursor;
            if (state.outbox.empty()) co_await asio::post(state.timer.get_executor(), nothrow);
            continue;
        } else if (state.lagging) {
            auto const asked = state.covered;
            auto page = co_await fan_out.pages_.page(asked);
            if (state.ended || state.covered != asked) continue;
            bool const fed = page && !(*page)->empty();
            if (fed) {
                fan_out.feed(state, **page);
                state.cursor = state.outbox.empty() ? state.covered : state.cursor;
                if (Clock::now() < until || !state.outbox.empty()) continue;
            } else {
                state.timer.expires_at(std::min(until, Clock::now() + page_pause));
                co_await state.timer.async_wait(nothrow);
                if (Clock::now() < until) continue;
            }
        }
        if (Clock::now() >= until) co_return take(state, most, fan_out.head());
        state.timer.expires_at(until);
        co_await state.timer.async_wait(nothrow);
    }
}

}  // namespace fleet::bus
