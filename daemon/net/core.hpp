// What the sessions of one server share. Internal to this room.
#pragma once

#include "net/server.hpp"

#include "observe/log.hpp"
#include "observe/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace fleet::net {

using Clock = std::chrono::steady_clock;
using Socket = asio::generic::stream_protocol::socket;

inline constexpr Clock::time_point never = Clock::time_point::max();

struct Core;

// One connection in the server's list. The server looks at all of them once a tick, so that a thousand idle
// connections cost one timer.
class Link {
public:
    explicit Link(Core& core);
    virtual ~Link();
    Link(Link const&) = delete;
    Link& operator=(Link const&) = delete;

    virtual void tick(Clock::time_point now) = 0;    // end what is past its deadline
    virtual void stop() = 0;                         // the daemon stops: end soon
    virtual void cut() = 0;                          // end now

protected:
    void leave();                                    // out of the list; another link took over

private:
    Core& core_;
    bool is_listed_ = true;
    std::list<Link*>::iterator place_;
};

// Completes a waiting coroutine from anywhere on the loop. Notifying nobody is remembered by nobody: whoever
// waits looks at the state first.
class Wake {
public:
    explicit Wake(asio::any_io_executor loop) : timer_(std::move(loop), never) {}
    asio::awaitable<void> wait();
    void notify() { timer_.cancel(); }

private:
    asio::steady_timer timer_;
};

struct Instruments {
    observe::Gauge& connections;
    observe::Gauge& websockets;
    observe::Counter& accepted;
    observe::Counter& refused;
    observe::Counter& requests;
    observe::Counter& bad_requests;
    observe::Counter& too_slow;
};

struct Core : std::enable_shared_from_this<Core> {
    Core(asio::any_io_executor on, Handler& to, ServerOptions with, observe::Log& writes,
         observe::Metrics& metrics);

    // The length of a tick follows from the shortest limit.
    Millis tick_length() const;
    void arm_tick();
    std::string_view date();                         // of now, as HTTP writes it; made once a second

    asio::any_io_executor loop;
    Handler& handler;
    ServerOptions options;
    observe::Log& log;
    Instruments count;
    std::list<Link*> links{};
    bool is_stopping = false;
    Wake changed;                                    // a link went away
    asio::steady_timer ticker;
    bool is_ticking = false;

private:
    std::string date_{};
    std::time_t date_of_ = 0;
};

// What `co_spawn` calls at the end of a coroutine: an exception that came so far is logged.
struct LogFailure {
    std::shared_ptr<Core> core;
    std::string_view what;
    void operator()(std::exception_ptr failure) const;
};

std::string failure_text(std::exception_ptr failure);

// One connection from its first byte to its last. Beast is seen in http_session.cpp and ws_channel.cpp alone.
void serve(std::shared_ptr<Core> core, Socket socket, Peer peer);
// Answers 503 and ends.
void turn_away(std::shared_ptr<Core> core, Socket socket, Peer peer);

}  // namespace fleet::net
