#pragma once
// What waits for the writer, and how it is cut into batches. No I/O, no clock of its own.
#include "bus/appender.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fleet::bus {

using Clock = std::chrono::steady_clock;

// Shared by the coroutine that waits for an answer and the appender that gives it.
struct Reply {
    explicit Reply(asio::any_io_executor const& loop) : given(loop, asio::steady_timer::time_point::max()) {}

    void give(Result<store::ActRow> answer) {
        row.emplace(std::move(answer));
        given.cancel();
    }

    asio::steady_timer given;  // cancelled when `row` is there
    std::optional<Result<store::ActRow>> row{};
};

struct Waiting {
    std::string text;         // one element of the array that fleet.act takes
    Clock::time_point until;  // answered by then
    std::shared_ptr<Reply> reply;
    bool in_doubt = false;  // was sent, and the outcome never came back
};

class AppendQueue {
public:
    explicit AppendQueue(AppenderLimits const& limits) : limits_(limits) {}

    bool has_room_for(std::size_t bytes) const {
        return items_.size() < limits_.queue_max && bytes_ + bytes <= limits_.queue_bytes_max;
    }
    void push(Waiting item);

    // The next batch in order of arrival: at most batch_max requests and batch_bytes_max bytes, but at least
    // one.
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
