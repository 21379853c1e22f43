#include "operations/long_poll.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::ops {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto as_pair = asio::as_tuple(asio::use_awaitable);
// Work becomes free without an event, too: a delay or a back-off that ends.
constexpr Millis look_again{1'000};
// How many of a line ask for work at once.
constexpr std::size_t asking_max = 4;
constexpr std::string_view sorties = "sorties";
constexpr std::string_view orders = "orders";

std::string_view work_of(std::string_view type) {
    if (type.starts_with("work_order_")) return orders;
    return sorties;
}

bus::Filter what_matters() {
    bus::Filter filter;
    filter.types = {"message_sent",         "mission_started",      "sortie_created",
                    "sortie_updated",       "sortie_completed",     "sortie_failed",
                    "sortie_cancelled",     "sortie_skipped",       "sortie_requeued",
                    "review_completed",     "work_order_created",   "work_order_completed",
                    "work_order_failed",    "work_order_requeued",  "work_order_cancelled",
                    "fleet_resumed",        "pilot_capabilities_changed"};
    return filter;
}

}  // namespace

LongPolls::LongPolls(asio::any_io_executor loop, bus::Bus& bus, std::size_t polls_max)
    : loop_(std::move(loop)), bus_(bus), polls_max_(polls_max), changed_(loop_, Clock::time_point::max()),
      ending_(loop_, Clock::time_point::max()) {}

std::optional<Error> LongPolls::refuse() const {
    if (is_stopping_) return make_error(ErrorCode::stopping);
    if (bus_.incarnation().empty()) {
        Error error = make_error(ErrorCode::away, "the log was not seen yet");
        error.retry_after_seconds = 1;
        return error;
    }
    if (size_ < polls_max_) return std::nullopt;
    Error error = make_error(ErrorCode::too_many,
                             fmt::format("{} requests wait already, which is the limit", polls_max_));
    error.retry_after_seconds = 5;
    return error;
}

void LongPolls::join(LongPoll& poll) {
    Line& line = lines_[poll.topic_];
    line.polls.push_back(&poll);
    poll.seen_ = line.news;
    size_ += 1;
    if (is_running_) return;
    is_running_ = true;
    // From here on: the look of the first one follows.
    asio::co_spawn(loop_, run(bus_.head()), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

void LongPolls::leave(LongPoll& poll) {
    auto const found = lines_.find(poll.topic_);
    std::erase(found->second.polls, &poll);
    if (found->second.polls.empty()) lines_.erase(found);
    size_ -= 1;
    changed_.cancel();
}

// One subscription for all of them, as long as there are any.
asio::awaitable<void> LongPolls::run(std::int64_t after) {
    bool goes_on = true;
    while (goes_on && size_ > 0 && !is_stopping_) {
        auto filter = what_matters();
        auto const subscriber = bus_.follow(std::move(filter), after);
        goes_on = co_await follow(*subscriber);
        after = bus_.head();
        // What came between two subscriptions was told to nobody: let all of them look.
        for (auto const& [topic, line] : lines_) tell(topic);
    }
    is_running_ = false;
    changed_.cancel();
}

// False when the bus says goodbye; true when the log was rewound, or nobody waits any more.
asio::awaitable<bool> LongPolls::follow(bus::Subscriber& subscriber) {
    using namespace asio::experimental::awaitable_operators;
    auto looked_at = Clock::now();
    while (size_ > 0 && !is_stopping_) {
        // Only the end of all may interrupt: events that are there when the other arm is first would be lost.
        auto first = co_await (subscriber.next(look_again) || ending_.async_wait(as_pair));
        if (first.index() == 1) co_return false;
        auto const& batch = std::get<0>(first);
        if (!batch) co_return true;
        if (batch->goodbye) co_return false;
        take(*batch);
        if (Clock::now() - looked_at < look_again) continue;
        looked_at = Clock::now();
        tell_work();
    }
    co_return true;
}

void LongPolls::take(bus::Batch const& batch) {
    for (auto const& event : batch.events) {
        if (event->type == "fleet_resumed") {
            tell_work();
            continue;
        }
        if (event->type != "message_sent") {
            tell(Topic{event->project, std::string(work_of(event->type))});
            continue;
        }
        auto const envelope = Json::parse(event->json, nullptr, false);   // our own database wrote it
        if (!envelope.is_object() || !envelope.contains("data")) continue;
        Json const& data = envelope["data"];
        if (!data.is_object() || !data.contains("to") || !data["to"].is_array()) continue;
        for (Json const& callsign : data["to"])
            if (callsign.is_string()) tell(Topic{event->project, "mail/" + callsign.get<std::string>()});
    }
}

void LongPolls::tell(Topic const& topic) {
    auto const found = lines_.find(topic);
    if (found == lines_.end()) return;
    found->second.news += 1;
    wake_next(found->second);
}

void LongPolls::tell_work() {
    for (auto& [topic, line] : lines_) {
        if (topic.name != sorties && topic.name != orders) continue;
        line.news += 1;
        wake_next(line);
    }
}

void LongPolls::wake_next(Line& line) {
    for (LongPoll* const poll : line.polls) {
        if (line.asking >= asking_max) return;
        // Who looks just now learns of the news when it comes back to wait.
        if (!poll->is_waiting_ || poll->is_asking_ || poll->seen_ >= line.news) continue;
        poll->is_asking_ = true;
        poll->seen_ = line.news;
        line.asking += 1;
        poll->timer_.cancel();
    }
}

asio::awaitable<void> LongPolls::stop() {
    is_stopping_ = true;
    for (auto const& [topic, line] : lines_)
        for (LongPoll* const poll : line.polls) poll->timer_.cancel();
    ending_.cancel();
    while (size_ > 0 || is_running_) {
        auto [ignored] = co_await changed_.async_wait(as_pair);
        (void)ignored;
    }
}

LongPoll::LongPoll(LongPolls& polls, Topic topic, std::shared_ptr<Leaving> leaving)
    : polls_(polls),
      topic_(std::move(topic)),
      leaving_(std::move(leaving)),
      timer_(polls.loop_, Clock::time_point::max()) {
    polls_.join(*this);
    if (leaving_) leaving_->listen([this] { timer_.cancel(); });
}

LongPoll::~LongPoll() {
    if (leaving_) leaving_->listen({});
    end_turn();
    polls_.leave(*this);
}

bool LongPoll::is_over() const { return polls_.is_stopping_ || (leaving_ && leaving_->is_gone()); }

void LongPoll::end_turn() {
    if (!is_asking_) return;
    is_asking_ = false;
    auto& line = polls_.lines_.at(topic_);
    line.asking -= 1;
    LongPolls::wake_next(line);
}

void LongPoll::tell_nothing_left() {
    auto& line = polls_.lines_.at(topic_);
    for (LongPoll* const poll : line.polls) poll->seen_ = std::max(poll->seen_, seen_);
}

asio::awaitable<void> LongPoll::wait(Clock::time_point until) {
    end_turn();
    is_waiting_ = true;
    LongPolls::wake_next(polls_.lines_.at(topic_));  // what happened during the look was not seen by it
    while (!is_asking_ && !is_over() && Clock::now() < until) {
        timer_.expires_at(until);
        auto [ignored] = co_await timer_.async_wait(as_pair);
        (void)ignored;
    }
    is_waiting_ = false;
}

}  // namespace fleet::ops
