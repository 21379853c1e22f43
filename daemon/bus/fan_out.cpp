#include "bus/fan_out.hpp"

#include <fleet/assert.hpp>

#include <algorithm>

namespace fleet::bus {

template <class Change, class ChangeAny>
void SubscriberIndex::places(Filter const& filter, Change change, ChangeAny change_any) {
    if (!filter.stream_id.empty()) {
        change(by_stream_, filter.stream_id);
        return;
    }
    if (filter.types.empty()) {
        if (filter.project.empty())
            change_any();
        else
            change(by_project_, filter.project);
        return;
    }
    // A type that is named twice must not be visited twice.
    auto types = filter.types;
    std::sort(types.begin(), types.end());
    types.erase(std::unique(types.begin(), types.end()), types.end());
    for (auto const& type : types) {
        if (filter.project.empty())
            change(by_type_, type);
        else
            change(by_project_type_, pair_key(filter.project, type));
    }
}

void SubscriberIndex::add(Subscriber::State& state) {
    places(
        state.filter, [&](Lists& lists, std::string const& key) { lists[key].push_back(&state); },
        [&] { any_.push_back(&state); });
}

void SubscriberIndex::remove(Subscriber::State& state) {
    places(
        state.filter,
        [&](Lists& lists, std::string const& key) {
            auto const found = lists.find(key);
            if (found == lists.end()) return;
            std::erase(found->second, &state);
            if (found->second.empty()) lists.erase(found);
        },
        [&] { std::erase(any_, &state); });
}

FanOut::FanOut(asio::any_io_executor loop, Pages& pages, FanOutLimits limits)
    : loop_(std::move(loop)), pages_(pages), limits_(limits) {}

FanOut::~FanOut() {
    for (auto* state : subscribers_) {
        state->fan_out = nullptr;
        if (!state->ended) state->ended = make_error(ErrorCode::stopping);
        state->timer.cancel();
    }
}

std::shared_ptr<Subscriber> FanOut::add(Filter filter, std::int64_t after) {
    auto state = std::make_unique<Subscriber::State>(loop_, std::move(filter));
    state->fan_out = this;
    state->cursor = after;
    state->covered = after;
    state->lagging = after != head_;
    subscribers_.insert(state.get());
    index_.add(*state);
    return std::make_shared<Subscriber>(std::move(state));
}

void FanOut::remove(Subscriber::State& state) {
    index_.remove(state);
    subscribers_.erase(&state);
}

void FanOut::publish(std::vector<EventRef> const& events) {
    for (auto const& event : events) {
        FLEET_ASSERT(event->seq == head_ + 1, "events are published in order and without a gap");
        head_ = event->seq;
        ring_.push_back(event);
        ring_bytes_ += weight(event);
        index_.matching(*event, [&](Subscriber::State& state) { push(state, event); });
    }
    trim();
    for (auto* state : woken_) {
        state->woken = false;
        state->timer.cancel();
    }
    woken_.clear();
}

// A full outbox makes its owner lag: what it holds stays good, and the rest is fetched when there is room.
void FanOut::push(Subscriber::State& state, EventRef const& event) {
    if (state.ended) return;
    auto const& limits = limits_.subscriber;
    if (!state.woken) {
        state.woken = true;
        woken_.push_back(&state);
    }
    if (state.lagging) return;
    if (state.outbox.size() >= limits.outbox_max ||
        (!state.outbox.empty() && state.outbox_bytes + weight(event) > limits.outbox_bytes_max)) {
        state.lagging = true;
        state.covered = event->seq - 1;
        return;
    }
    state.outbox.push_back(event);
    state.outbox_bytes += weight(event);
}

void FanOut::trim() {
    while (ring_.size() > limits_.ring_max || (ring_bytes_ > limits_.ring_bytes_max && ring_.size() > 1)) {
        ring_bytes_ -= weight(ring_.front());
        ring_.pop_front();
    }
}

void FanOut::skip_to(std::int64_t seq) {
    if (seq == head_) return;
    ring_.clear();
    ring_bytes_ = 0;
    head_ = seq;
}

void FanOut::rewind(std::int64_t last_common, std::string const& incarnation) {
    skip_to(last_common);
    for (auto* state : subscribers_) {
        if (state->cursor > last_common) {
            auto error = make_error(ErrorCode::log_rewound);
            error.detail = Json{{"last_common", position_text(Position{incarnation, last_common})}};
            state->ended = std::move(error);
        }
        // What waits may belong to the history that is gone.
        std::erase_if(state->outbox, [&](EventRef const& event) { return event->seq > last_common; });
        state->outbox_bytes = 0;
        for (auto const& event : state->outbox) state->outbox_bytes += weight(event);
        state->covered = std::min(state->lagging ? state->covered : last_common, last_common);
        state->lagging = true;
        state->timer.cancel();
    }
}

void FanOut::say_goodbye() {
    stopping_ = true;
    for (auto* state : subscribers_) state->timer.cancel();
}

std::size_t FanOut::lagging() const {
    return static_cast<std::size_t>(std::count_if(subscribers_.begin(), subscribers_.end(),
                                                  [](auto const* state) { return state->lagging; }));
}

bool FanOut::feed_from_ring(Subscriber::State& state) {
    auto const first = static_cast<std::size_t>(state.covered + 1 - ring_.front()->seq);
    auto const last = std::min(ring_.size(), first + limits_.scan_max);
    for (auto i = first; i < last && state.outbox.size() < limits_.subscriber.batch_max; ++i) {
        auto const& event = ring_[i];
        FLEET_ASSERT(event->seq == state.covered + 1, "the ring has no gap");
        state.covered = event->seq;
        if (!state.filter.matches(*event)) continue;
        state.outbox.push_back(event);
        state.outbox_bytes += weight(event);
    }
    return state.covered >= head_;
}

void FanOut::feed(Subscriber::State& state, std::vector<EventRef> const& page) {
    for (auto const& event : page) {
        if (event->seq <= state.covered) continue;
        if (event->seq > head_) return;
        if (state.outbox.size() >= limits_.subscriber.batch_max) return;
        FLEET_ASSERT(event->seq == state.covered + 1, "a page of the log has no gap");
        state.covered = event->seq;
        if (!state.filter.matches(*event)) continue;
        state.outbox.push_back(event);
        state.outbox_bytes += weight(event);
    }
}

}  // namespace fleet::bus
