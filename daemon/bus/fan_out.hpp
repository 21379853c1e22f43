#pragma once
// From one reader of the log to thousands of subscribers. No I/O: what lies behind the ring is asked for
// through `Pages`. Lives on the loop thread; subscribers that outlive it end with `stopping`.
#include "bus/subscriber.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace fleet::bus {

// The log behind the ring.
class Pages {
public:
    virtual ~Pages() = default;
    // Some events directly after `after`, at least one if there is any up to the head. Shared, not to be
    // changed.
    virtual asio::awaitable<Result<std::shared_ptr<std::vector<EventRef> const>>> page(
        std::int64_t after) = 0;
};

// What an event costs in memory: its text and about as much as its other members.
inline std::size_t weight(EventRef const& event) {
    return event->json.size() + 256;
}

struct FanOutLimits {
    std::size_t ring_max = 8'192;
    std::size_t ring_bytes_max = 8 << 20;
    std::size_t scan_max = 2'000;  // ring events looked at in one go for a subscriber that lags
    SubscriberLimits subscriber{};
};

struct Subscriber::State {
    State(asio::any_io_executor const& loop, Filter wanted) : filter(std::move(wanted)), timer(loop) {}

    Filter filter;
    FanOut* fan_out = nullptr;      // null after the fan-out ended
    asio::steady_timer timer;       // `next` waits on it; cancelled when there is news
    std::deque<EventRef> outbox{};  // in order, all beyond `cursor`
    std::size_t outbox_bytes = 0;
    std::int64_t cursor = 0;   // handed out, or not matching, up to here
    std::int64_t covered = 0;  // of one that lags: outbox and cursor together reach to here
    bool lagging = false;
    bool woken = false;  // within one `publish`
    std::optional<Error> ended{};
};

// Who wants an event, found without asking everybody.
class SubscriberIndex {
public:
    void add(Subscriber::State& state);
    void remove(Subscriber::State& state);
    // Calls `visit(State&)` once for each whose filter matches.
    template <class Visit>
    void matching(LoggedEvent const& event, Visit visit) const {
        visit_list(by_stream_, event.stream_id, event, visit);
        visit_list(by_project_, event.project, event, visit);
        visit_list(by_type_, event.type, event, visit);
        if (!by_project_type_.empty())
            visit_list(by_project_type_, pair_key(event.project, event.type), event, visit);
        for (auto* state : any_)
            if (state->filter.matches(event)) visit(*state);
    }

private:
    using List = std::vector<Subscriber::State*>;
    using Lists = std::unordered_map<std::string, List>;

    template <class Visit>
    static void visit_list(Lists const& lists, std::string const& key, LoggedEvent const& event,
                           Visit& visit) {
        if (lists.empty()) return;
        auto const found = lists.find(key);
        if (found == lists.end()) return;
        for (auto* state : found->second)
            if (state->filter.matches(event)) visit(*state);
    }
    static std::string pair_key(std::string const& project, std::string const& type) {
        return project + '\n' + type;
    }
    // Calls `change(Lists&, key)` for each list a filter belongs to, or `change_any()`.
    template <class Change, class ChangeAny>
    void places(Filter const& filter, Change change, ChangeAny change_any);

    Lists by_stream_;
    Lists by_project_;
    Lists by_type_;
    Lists by_project_type_;
    List any_;
};

class FanOut {
public:
    FanOut(asio::any_io_executor loop, Pages& pages, FanOutLimits limits);
    ~FanOut();
    FanOut(FanOut const&) = delete;
    FanOut& operator=(FanOut const&) = delete;

    // A subscriber that has seen everything up to `after`.
    std::shared_ptr<Subscriber> add(Filter filter, std::int64_t after);

    // Hands out the events directly after the head, without a gap (asserted), and moves the head.
    void publish(std::vector<EventRef> const& events);
    // Moves the head without reading: nobody listens, or the first look at the log.
    void skip_to(std::int64_t seq);
    // The log has another history beyond `last_common` now. Who has seen more ends with log_rewound.
    void rewind(std::int64_t last_common, std::string const& incarnation);
    // Everybody gets what waits for him, then the goodbye.
    void say_goodbye();

    std::int64_t head() const { return head_; }
    bool is_stopping() const { return stopping_; }
    std::size_t subscribers() const { return subscribers_.size(); }
    std::size_t lagging() const;
    std::size_t ring_events() const { return ring_.size(); }
    std::size_t ring_bytes() const { return ring_bytes_; }
    std::deque<EventRef> const& ring() const { return ring_; }
    bool in_ring(std::int64_t seq) const {
        return !ring_.empty() && seq >= ring_.front()->seq && seq <= head_;
    }

private:
    friend class Subscriber;
    void remove(Subscriber::State& state);
    void push(Subscriber::State& state, EventRef const& event);
    // Feeds one that lags from the ring; true when it has come to the head.
    bool feed_from_ring(Subscriber::State& state);
    void feed(Subscriber::State& state, std::vector<EventRef> const& page);
    void trim();

    asio::any_io_executor loop_;
    Pages& pages_;
    FanOutLimits limits_;
    std::deque<EventRef> ring_;  // the last events up to the head, without a gap
    std::size_t ring_bytes_ = 0;
    std::int64_t head_ = 0;
    bool stopping_ = false;
    SubscriberIndex index_;
    std::unordered_set<Subscriber::State*> subscribers_;
    std::vector<Subscriber::State*> woken_;
};

}  // namespace fleet::bus
