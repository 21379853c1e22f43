#include <fleet/subscription.hpp>

#include "api/feed.hpp"

#include <deque>

namespace fleet {

// Shared with the calls under way, so that the subscription may go away first.
struct Subscription::State {
    asio::any_io_executor executor;
    SubscriptionOptions options;
    std::unique_ptr<Feed> feed;
    std::deque<Event> ready{};
    Position position{};
    bool stopped = false;

    // Each seq once: a reconnect may bring again what has come before.
    void take(FeedBatch batch) {
        for (Event& event : batch.events) {
            if (event.seq <= position.seq) continue;
            position.seq = event.seq;
            if (auto exact = parse_position(event.position)) position = *exact;
            ready.push_back(std::move(event));
        }
        if (batch.to.seq > position.seq) position.seq = batch.to.seq;
        if (!batch.to.incarnation.empty()) position.incarnation = batch.to.incarnation;
    }

    asio::awaitable<Result<void>> fill() {
        while (ready.empty()) {
            if (stopped) co_return make_error(ErrorCode::cancelled, "the subscription was stopped");
            auto batch = co_await feed->next();
            if (stopped) continue;
            if (!batch) co_return batch.error();
            take(*std::move(batch));
        }
        co_return Result<void>{};
    }
};

Subscription::Subscription(Client const& client, SubscriptionOptions options)
    : state_(std::make_shared<State>()) {
    if (options.project.empty() && !options.every_project) options.project = client.options().project;
    state_->executor = client.get_executor();
    state_->options = options;
    state_->feed = websocket_feed(client.core(), std::move(options));
}

Subscription::Subscription(asio::any_io_executor executor, DirectOptions options)
    : state_(std::make_shared<State>()) {
    state_->executor = executor;
    state_->options = options.subscription;
    state_->feed = direct_feed(std::move(executor), std::move(options));
}

Subscription::~Subscription() {
    if (state_) stop();
}
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&& other) noexcept {
    if (state_ && state_ != other.state_) stop();
    state_ = std::move(other.state_);
    return *this;
}

asio::any_io_executor Subscription::executor() const {
    return state_->executor;
}
Position Subscription::position() const {
    return state_->position;
}
bool Subscription::is_connected() const {
    return state_->feed->is_connected();
}
std::string Subscription::trouble() const {
    return state_->feed->trouble();
}

void Subscription::stop() {
    state_->stopped = true;
    state_->feed->stop();
}

Subscription::Work<Event> Subscription::next(StatePtr state) {
    auto filled = co_await state->fill();
    if (!filled) co_return filled.error();
    Event event = std::move(state->ready.front());
    state->ready.pop_front();
    co_return event;
}

Subscription::Work<std::vector<Event>> Subscription::next_batch(StatePtr state) {
    auto filled = co_await state->fill();
    if (!filled) co_return filled.error();
    std::vector<Event> events(std::make_move_iterator(state->ready.begin()),
                              std::make_move_iterator(state->ready.end()));
    state->ready.clear();
    co_return events;
}

Subscription::Work<Cursor> Subscription::ack(StatePtr state, std::int64_t seq) {
    std::string cursor = state->options.cursor;
    if (cursor.empty()) {
        co_return make_error(ErrorCode::invalid_field, "the subscription has no durable cursor", "/cursor");
    }
    co_return co_await state->feed->ack(std::move(cursor), seq);
}

}  // namespace fleet
