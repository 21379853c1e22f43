#include "cli/screen/player.hpp"

#include <algorithm>

namespace fleet::cli {
namespace {

constexpr double slowest = 0.125;
constexpr double fastest = 65'536;

}  // namespace

void Player::add(std::vector<Event> events) {
    for (Event& event : events) events_.push_back(std::move(event));
}

Millis Player::gap() const {
    if (speed_ <= 0 || !before_ || events_.empty()) return Millis(0);
    auto then = events_.front().recorded_at - *before_;
    auto now = Millis(static_cast<std::int64_t>(static_cast<double>(then.count()) / speed_));
    return std::clamp(now, Millis(0), longest_gap_);
}

std::optional<Player::Instant> Player::due() const {
    if (events_.empty() || (is_paused() && steps_ == 0)) return std::nullopt;
    return steps_ > 0 ? Instant::min() : taken_at_ + gap();
}

std::optional<Event> Player::take(Instant now) {
    auto at = due();
    if (!at || *at > now) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    before_ = event.recorded_at;
    taken_at_ = now;
    if (paused_at_) paused_at_ = now;
    steps_ = std::max(steps_ - 1, 0);
    return event;
}

void Player::pause(Instant now) {
    if (!paused_at_) {
        paused_at_ = now;
        return;
    }
    taken_at_ += now - *paused_at_;
    paused_at_.reset();
    steps_ = 0;
}

void Player::step(Instant now) {
    if (!paused_at_) paused_at_ = now;
    steps_ += 1;
}

void Player::change_speed(double speed, Instant now) {
    if (speed_ <= 0) return;
    auto clock = paused_at_.value_or(now);
    auto before = gap();
    auto part = before.count() > 0 ? std::chrono::duration<double>(clock - taken_at_) / before : 1.0;
    speed_ = std::clamp(speed, slowest, fastest);
    // As much of the silence is behind us as before.
    auto behind = std::chrono::duration<double, std::milli>(gap()) * std::clamp(part, 0.0, 1.0);
    taken_at_ = clock - std::chrono::duration_cast<Instant::duration>(behind);
}

}  // namespace fleet::cli
