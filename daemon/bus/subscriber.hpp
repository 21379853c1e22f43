#pragma once
// One reader of the log: a cursor, a filter, a bounded outbox. Whoever falls behind is fed from the log, page
// by page, at its own speed. Lives on the loop thread; the bus outlives it; destroying it ends the
// subscription.
#include "bus/filter.hpp"

#include <fleet/event.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace fleet::bus {

namespace asio = boost::asio;

struct Batch {
    std::vector<EventRef> events{};  // in seq order, each seq once; empty when the time limit passed
    std::int64_t to = 0;             // everything that matches up to here has been handed out
    bool goodbye = false;            // the daemon stops: nothing follows, resume elsewhere after `to`
};

struct SubscriberLimits {
    std::size_t outbox_max = 1'000;  // events
    std::size_t outbox_bytes_max = 1 << 20;
    std::size_t batch_max = 500;  // events of one `next()`
};

class FanOut;
class LogReader;

class Subscriber {
public:
    ~Subscriber();
    Subscriber(Subscriber const&) = delete;
    Subscriber& operator=(Subscriber const&) = delete;

    // The next events, or an empty batch after `limit`, or the goodbye. One caller at a time. While the
    // database is away it waits. May be cancelled between calls and in one: nothing is taken until it
    // completes. Errors: log_rewound (detail {"last_common": position}): the subscription is over.
    asio::awaitable<Result<Batch>> next(Millis limit);

    std::int64_t cursor() const;
    bool is_lagging() const;
    Filter const& filter() const;

    struct State;  // bus/fan_out.hpp
    explicit Subscriber(std::unique_ptr<State> state);

private:
    friend class FanOut;
    std::unique_ptr<State> state_;
};

}  // namespace fleet::bus
