// Requests that wait until the log brings something: mail for a pilot, work to claim. Internal to this room.
#pragma once

#include "operations/leaving.hpp"

#include "bus/bus.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace fleet::ops {

namespace asio = boost::asio;

class LongPoll;

// What a request waits for: "mail/viper-1", "sorties" or "orders" of one project.
struct Topic {
    std::string project;
    std::string name;
    auto operator<=>(Topic const&) const = default;
};

// Those who wait, by topic, and the one subscription that wakes them. Lives on the loop thread; the bus
// outlives it.
class LongPolls {
public:
    LongPolls(asio::any_io_executor loop, bus::Bus& bus, std::size_t polls_max);

    // Errors: stopping, too_many (with the limit), away (the log was never seen yet).
    std::optional<Error> refuse() const;
    std::size_t size() const { return size_; }

    // Wakes everybody for the last time; completes when they have left and nothing of ours runs any more.
    asio::awaitable<void> stop();

private:
    friend class LongPoll;
    // Pilots that wait for work ask in turn, a few at a time: what one of them takes the others need not ask
    // for. Mail is for one pilot alone.
    struct Line {
        std::list<LongPoll*> polls{};                // the longest wait first
        std::uint64_t news = 0;                      // grows with each event that may concern them
        std::size_t asking = 0;
    };

    asio::awaitable<void> run(std::int64_t after);
    asio::awaitable<bool> follow(bus::Subscriber& subscriber);
    void join(LongPoll& poll);
    void leave(LongPoll& poll);
    void take(bus::Batch const& batch);
    void tell(Topic const& topic);
    void tell_work();
    static void wake_next(Line& line);

    asio::any_io_executor loop_;
    bus::Bus& bus_;
    std::size_t const polls_max_;
    std::map<Topic, Line> lines_{};
    std::size_t size_ = 0;
    bool is_running_ = false;
    bool is_stopping_ = false;
    asio::steady_timer changed_;                     // somebody left, or nothing of ours runs any more
    asio::steady_timer ending_;                      // `stop` was called
};

// One request that waits, from before its first look: what happens after that is not missed. Owned by the
// coroutine that answers it.
class LongPoll {
public:
    // `leaving` may be null: that caller cannot leave. After `LongPolls::refuse` found nothing wrong.
    LongPoll(LongPolls& polls, Topic topic, std::shared_ptr<Leaving> leaving);
    ~LongPoll();
    LongPoll(LongPoll const&) = delete;
    LongPoll& operator=(LongPoll const&) = delete;

    // "What I looked for was not there." Completes when it is worth to look again, at `until`, when the
    // client went away or the daemon stops.
    asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);
    // "Nobody would find anything": the others in line are not woken for what happened so far.
    void tell_nothing_left();

    bool is_over() const;                            // the client went away, or the daemon stops
    bool is_stopping() const { return polls_.is_stopping_; }

private:
    friend class LongPolls;
    void end_turn();

    LongPolls& polls_;
    Topic topic_;
    std::shared_ptr<Leaving> leaving_;
    asio::steady_timer timer_;
    std::uint64_t seen_ = 0;                         // the news for which it has looked
    bool is_waiting_ = false;                        // else it looks
    bool is_asking_ = false;                         // woken, and has not come back yet
};

}  // namespace fleet::ops
