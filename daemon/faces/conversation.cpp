// One WebSocket: requests that overtake each other, subscriptions, and a goodbye.
#include "faces/state.hpp"

#include "auth/bounds.hpp"
#include "faces/ws_frames.hpp"

#include <fleet/callsign.hpp>
#include <fleet/json.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <map>
#include <set>

namespace fleet::faces {

namespace {

// How often a subscriber whose filter matches nothing learns how far it has come.
constexpr Millis progress_pause{15'000};

struct Subscription {
    Subscription(asio::any_io_executor const& loop, std::shared_ptr<bus::Subscriber> reads)
        : subscriber(std::move(reads)), ending(loop) {}
    std::shared_ptr<bus::Subscriber> subscriber;
    Ending ending;
};

// Kept alive by its coroutines; the face outlives them, for the server waits for its sockets.
class Conversation : public std::enable_shared_from_this<Conversation> {
public:
    Conversation(Face::State& state, std::shared_ptr<net::Channel> channel, auth::Identity caller,
                 std::string project)
        : state_(state),
          channel_(std::move(channel)),
          caller_(std::move(caller)),
          project_(std::move(project)),
          changed_(state.parts.loop, std::chrono::steady_clock::time_point::max()) {}

    asio::awaitable<void> run();

private:
    asio::awaitable<void> take(std::string text);
    asio::awaitable<void> answer(Frame frame, Operation const* operation, bool waits);
    asio::awaitable<void> start_subscription(Frame frame);
    asio::awaitable<void> feed(std::string name, std::shared_ptr<Subscription> subscription);
    void end_subscription(Frame const& frame);
    std::optional<Error> check(Frame const& frame, Operation const*& operation) const;
    Result<auth::Identity> caller_of(Frame const& frame) const;
    void say_goodbye();
    asio::awaitable<void> wait_for_change();
    template <class Work>
    void spawn(Work work);

    Face::State& state_;
    std::shared_ptr<net::Channel> channel_;
    auth::Identity caller_;
    std::string project_;
    asio::steady_timer changed_;                     // a coroutine of ours has ended
    std::map<std::string, std::shared_ptr<Subscription>, std::less<>> subscriptions_{};
    std::set<std::shared_ptr<ops::Leaving>> waiting_{};
    std::size_t drawn_ = 0;                          // names of subscriptions
    std::size_t requests_ = 0;                       // under way, waits not counted
    std::size_t running_ = 0;                        // coroutines
};

asio::awaitable<void> Conversation::run() {
    auto const self = shared_from_this();
    bool is_stopping = false;
    for (;;) {
        // Until one is answered nothing more is read; the channel keeps a little, then TCP makes the client
        // wait.
        while (requests_ >= state_.parts.options.requests_max && channel_->is_open())
            co_await wait_for_change();
        auto message = co_await channel_->read();
        if (message.heard == net::Heard::ended) break;
        if (message.heard == net::Heard::stopping) {
            is_stopping = true;
            break;
        }
        co_await take(std::move(message.text));
    }
    if (is_stopping) say_goodbye();
    for (auto const& [name, subscription] : subscriptions_) subscription->ending.say();
    // When the daemon stops, `Operations` ends the waits; a client that left gives up its places.
    if (!is_stopping)
        for (auto const& leaving : std::vector(waiting_.begin(), waiting_.end())) leaving->gone();
    while (running_ > 0) co_await wait_for_change();
    if (is_stopping)
        channel_->close(net::CloseCode::going_away,
                        fmt::format("stopping; last seq {}", position_text(state_.parts.bus.position(
                                                                 state_.parts.bus.head()))));
}

asio::awaitable<void> Conversation::wait_for_change() {
    auto [ignored] = co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)ignored;
}

template <class Work>
void Conversation::spawn(Work work) {
    running_ += 1;
    asio::co_spawn(state_.parts.loop, std::move(work),
                   [self = shared_from_this()](std::exception_ptr failure) {
                       self->running_ -= 1;
                       self->changed_.cancel();
                       if (!failure) return;
                       self->state_.parts.log.error(
                           "a request over WebSocket ended with an exception; the socket is closed");
                       self->channel_->close(net::CloseCode::try_again, "a fault inside fleetd");
                   });
}

std::optional<Error> Conversation::check(Frame const& frame, Operation const*& operation) const {
    operation = find_operation(frame.op);
    if (!operation)
        return make_error(ErrorCode::not_found, fmt::format("there is no operation {}", frame.op), "/op");
    if (!operation->on_websocket)
        return make_error(ErrorCode::invalid_field, fmt::format("{} is there over HTTP only", frame.op),
                          "/op");
    return check_input(*operation, frame.args);
}

asio::awaitable<void> Conversation::take(std::string text) {
    auto read = read_frame(text);
    Operation const* operation = nullptr;
    std::optional<Error> error;
    if (!read.frame) error = std::move(read.frame).error();
    else error = check(*read.frame, operation);
    if (error) {
        channel_->send(error_frame(read.id, *error));
        co_return;
    }
    Frame frame = *std::move(read.frame);
    if (frame.op == "unsubscribe") {
        end_subscription(frame);
        co_return;
    }
    if (frame.op == "subscribe") co_return co_await start_subscription(std::move(frame));

    bool const waits = operation->can_wait && frame.args.contains("wait_seconds");
    if (waits && waiting_.size() >= state_.parts.options.waits_max) {
        Error many =
            make_error(ErrorCode::too_many, fmt::format("{} requests of this socket wait, which is the "
                                                        "limit",
                                                        waiting_.size()));
        many.retry_after_seconds = 5;
        channel_->send(error_frame(frame.id, many));
        co_return;
    }
    spawn(answer(std::move(frame), operation, waits));
}

Result<auth::Identity> Conversation::caller_of(Frame const& frame) const {
    auth::Identity caller = caller_;
    if (frame.callsign.empty() || frame.callsign == caller.callsign) return caller;
    if (!Callsign::is_valid(frame.callsign))
        return make_error(ErrorCode::invalid_field, "must be a callsign: [a-z][a-z0-9-]{0,62}", "/as");
    if (caller.is_bound)
        return make_error(ErrorCode::forbidden, fmt::format("this is the token of {}", caller.callsign),
                          "/as");
    caller.callsign = frame.callsign;
    return caller;
}

asio::awaitable<void> Conversation::answer(Frame frame, Operation const* operation, bool waits) {
    auto const self = shared_from_this();
    auto const leaving = std::make_shared<ops::Leaving>();
    if (waits) waiting_.insert(leaving);
    else requests_ += 1;

    auto caller = caller_of(frame);
    Result<ops::Answer> outcome = make_error(ErrorCode::internal);
    if (caller) {
        ops::Request request;
        request.caller = *std::move(caller);
        request.project = project_;
        request.idempotency_key = std::move(frame.idempotency_key);
        request.if_match = frame.if_match;
        request.args = std::move(frame.args);
        for (auto it = request.args.begin(); it != request.args.end();)
            it = it->is_null() ? request.args.erase(it) : std::next(it);
        if (waits) request.leaving = leaving;
        outcome = co_await state_.call(*operation, std::move(request));
    } else {
        outcome = std::move(caller).error();
    }
    waiting_.erase(leaving);
    if (!waits) requests_ -= 1;
    if (outcome) channel_->send(answer_frame(frame.id, outcome->status, outcome->json));
    else channel_->send(error_frame(frame.id, outcome.error()));
}

asio::awaitable<void> Conversation::start_subscription(Frame frame) {
    if (subscriptions_.size() >= state_.parts.options.subscriptions_max) {
        channel_->send(error_frame(
            frame.id,
            make_error(ErrorCode::too_many, fmt::format("{} subscriptions on this socket, which is the "
                                                        "limit",
                                                        subscriptions_.size()))));
        co_return;
    }
    Start start;
    Json const filter = frame.args.value("filter", Json::object());
    start.project = text_or(filter, "project", text_or(frame.args, "project", project_));
    start.filter.project = text_or(filter, "project", "");
    auto error = auth::keep_to_project(caller_, start.project);
    if (!error) error = auth::keep_to_project(caller_, start.filter.project);
    if (error) {
        channel_->send(error_frame(frame.id, *error));
        co_return;
    }
    start.filter.stream_type = text_or(filter, "stream_type", "");
    start.filter.stream_id = text_or(filter, "stream_id", "");
    if (filter.is_object() && filter.contains("types") && filter["types"].is_array())
        start.filter.types = filter["types"].get<std::vector<std::string>>();
    start.after = frame.args.value("after", Json());
    bool const from_now = start.after.is_null() || start.after == "now";
    auto subscriber = co_await subscribe(state_, std::move(start));
    if (!subscriber) {
        channel_->send(error_frame(frame.id, subscriber.error()));
        co_return;
    }
    auto name = fmt::format("s{}", ++drawn_);
    // Who begins now resumes here if nothing else ever comes: exactly where this subscription began.
    std::int64_t const head = from_now ? (*subscriber)->cursor() : state_.parts.bus.head();
    channel_->send(subscribed_frame(frame.id, name, state_.parts.bus.position(head)));
    auto subscription = std::make_shared<Subscription>(state_.parts.loop, *std::move(subscriber));
    subscriptions_[name] = subscription;
    spawn(feed(std::move(name), std::move(subscription)));
}

void Conversation::end_subscription(Frame const& frame) {
    auto const found = subscriptions_.find(text_or(frame.args, "sub", ""));
    if (found == subscriptions_.end()) {
        channel_->send(
            error_frame(frame.id, make_error(ErrorCode::not_found, "there is no such subscription", "/sub")));
        return;
    }
    found->second->ending.say();
    subscriptions_.erase(found);
    channel_->send(answer_frame(frame.id, 200, "{}"));
}

asio::awaitable<void> Conversation::feed(std::string name, std::shared_ptr<Subscription> subscription) {
    using namespace asio::experimental::awaitable_operators;
    auto const self = shared_from_this();
    auto& subscriber = *subscription->subscriber;
    std::int64_t told = subscriber.cursor();
    while (channel_->is_open() && !subscription->ending.is_said()) {
        auto first = co_await (subscriber.next(progress_pause) || subscription->ending.wait());
        if (first.index() == 1) break;
        auto const& batch = std::get<0>(first);
        if (!batch) {
            channel_->send(ended_frame(name, batch.error()));
            break;
        }
        if (batch->goodbye) {
            channel_->send(goodbye_frame(name, state_.parts.bus.position(batch->to)));
            break;
        }
        if (batch->events.empty() && batch->to == told) continue;
        told = batch->to;
        auto frame = events_frame(name, *batch, state_.parts.bus.incarnation());
        bool const sent = co_await channel_->send_when_ready(std::move(frame));
        if (!sent) break;
    }
    subscriptions_.erase(name);
}

void Conversation::say_goodbye() {
    for (auto const& [name, subscription] : subscriptions_)
        channel_->send(goodbye_frame(name, state_.parts.bus.position(subscription->subscriber->cursor())));
}

}  // namespace

asio::awaitable<void> converse(Face::State& state, net::HttpRequest request,
                               std::shared_ptr<net::Channel> channel, net::Peer peer) {
    auto caller = co_await identify(state, credentials_of(request, peer));
    if (!caller) {
        channel->send(error_frame(Json(), caller.error()));
        channel->close(net::CloseCode::policy, "who is asking is not known any more");
        co_return;
    }
    auto project = std::string(request.headers.get("Fleet-Project").value_or(""));
    auto const conversation = std::make_shared<Conversation>(state, std::move(channel), *std::move(caller),
                                                             std::move(project));
    co_await conversation->run();
}

}  // namespace fleet::faces
