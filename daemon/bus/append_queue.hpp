#pragma once
// What waits for the writer, and how it is cut into batches. No I/O, no clock of its own.
#include "bus/appender.hpp"

#include <boost/asio/any_completion_handler.hpp>

#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace fleet::bus {

using Clock = std::chrono::steady_clock;
using Answered = asio::any_completion_handler<void(Result<store::ActRow>)>;

struct Waiting {
    std::string text;                // one element of the array that fleet.act takes
    Clock::time_point until;         // answered by then
    Answered answer;
    bool in_doubt = false;           // was sent, and the outcome never came back
};

class AppendQueue {
public:
    explicit AppendQueue(AppenderLimits const& limits) : limits_(limits) {}

    bool has_room_for(std::size_t bytes) const {
        return items_.size() < limits_.queue_max && bytes_ + bytes <= limits_.queue_bytes_max;
    }
    void push(Waiting item);

    // The next batch in order of arrival: at most batch_max requests and batch_bytes_max bytes, but at least one.
    std::vector<Waiting> take();

    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    std::size_t bytes() const { return bytes_; }

private:
    AppenderLimits limits_;
    std::deque<Waiting> items_;
    std::size_t bytes_ = 0;
};

}  // namespace fleet::bus
