// Requests that wait for files, while they wait. Internal to this room.
#pragma once

#include "operations/state.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace fleet::ops {

// One request in line. Its owner is the coroutine that answers it; others only wake it.
class Wait {
public:
    // `leaving` may be null: that caller cannot leave. While a project has waits, one coroutine keeps a timer
    // on the earliest expiry that blocks one of them, and has the database let in who can go on then.
    Wait(Operations::State& state, std::string project, std::shared_ptr<Leaving> leaving);
    ~Wait();
    Wait(Wait const&) = delete;
    Wait& operator=(Wait const&) = delete;

    // Completes when the client went away or the daemon stops.
    asio::awaitable<void> woken();
    bool is_over() const;                            // either of the two
    bool is_gone() const { return leaving_ && leaving_->is_gone(); }
    void wake() { timer_.cancel(); }

private:
    Operations::State& state_;
    std::string project_;
    std::shared_ptr<Leaving> leaving_;
    asio::steady_timer timer_;
};

// Ends the wait in the database. `outcome`: "cancelled" or "timeout". The answer says whether it was granted
// at the last moment.
asio::awaitable<Result<store::ActRow>> end_wait(Operations::State& state, Request who,
                                                std::string reservation_id, std::string_view outcome);

}  // namespace fleet::ops
