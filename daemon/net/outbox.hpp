// Messages that wait for one socket: bounded, without I/O. Internal to this room.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

namespace fleet::net {

class Outbox {
public:
    Outbox(std::size_t messages_max, std::size_t bytes_max)
        : messages_max_(messages_max), bytes_max_(bytes_max) {}

    // False when it is full; one message always fits into an empty one, however large.
    bool push(std::string&& message) {
        bool const fits = messages_.size() < messages_max_ && bytes_ + message.size() <= bytes_max_;
        if (!fits && !messages_.empty()) return false;
        bytes_ += message.size();
        messages_.push_back(std::move(message));
        return true;
    }
    std::string pop() {
        std::string message = std::move(messages_.front());
        messages_.pop_front();
        bytes_ -= message.size();
        return message;
    }
    bool empty() const { return messages_.empty(); }
    // Streams stop here, so that answers still find room.
    bool is_half_full() const { return messages_.size() * 2 >= messages_max_ || bytes_ * 2 >= bytes_max_; }
    void clear() {
        messages_.clear();
        bytes_ = 0;
    }

private:
    std::size_t messages_max_;
    std::size_t bytes_max_;
    std::deque<std::string> messages_{};
    std::size_t bytes_ = 0;
};

}  // namespace fleet::net
