#pragma once
// Playing a stretch of the past: which event is due when. No I/O and no clock of its own.
#include <fleet/event.hpp>

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

namespace fleet::cli {

// Events in log order, each as long after the one before as it was then, divided by the speed. A silence
// never lasts longer than `longest_gap`.
class Player {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // `speed` 0: no waiting at all.
    Player(double speed, Millis longest_gap) : speed_(speed), longest_gap_(longest_gap) {}

    void add(std::vector<Event> events);
    std::size_t waiting() const { return events_.size(); }

    // When the next event is due; none while paused or when there is none.
    std::optional<Instant> due() const;
    // The next event, if it is due at `now` or was asked for by `step`.
    std::optional<Event> take(Instant now);

    // Pausing stops the clock of the past; going on leaves the silence that was left.
    void pause(Instant now);
    bool is_paused() const { return paused_at_.has_value(); }
    // One event more at once, and paused behind it.
    void step(Instant now);
    // Doubled or halved; what is due next moves with it.
    void faster(Instant now) { change_speed(speed_ * 2, now); }
    void slower(Instant now) { change_speed(speed_ / 2, now); }
    double speed() const { return speed_; }

private:
    Millis gap() const;
    void change_speed(double speed, Instant now);

    double speed_;
    Millis longest_gap_;
    std::deque<Event> events_{};
    std::optional<Time> before_{};  // when the event that was taken last had happened
    Instant taken_at_{};            // when it was taken; moved ahead by pauses
    std::optional<Instant> paused_at_{};
    int steps_ = 0;  // asked for and not taken yet
};

}  // namespace fleet::cli
