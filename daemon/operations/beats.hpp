// Signs of life of pilots, gathered and sent in groups.
#pragma once

#include "store/reads.hpp"

#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace fleet::ops {

namespace asio = boost::asio;

// Lives on the loop thread. One call of the database is in flight; what comes meanwhile goes with the next.
class Beats {
public:
    // `is_back` is told of a pilot that acted while it was stale: whoever acts is not gone.
    using IsBack = std::function<void(std::string project, std::string callsign)>;
    Beats(asio::any_io_executor loop, store::Reads& reads, IsBack is_back);

    // The pilot's state ("active", "stale", "unknown", …) after the beat was written. Errors: away, stopping.
    asio::awaitable<Result<std::string>> beat(std::string project, std::string callsign);

    // "This pilot acts": a sign of life that nobody waits for. It is sent at once, for one that came late
    // would make a lease live again whose holder is gone; then nothing for this pilot for a while.
    void touch(std::string const& project, std::string const& callsign);

    // Ends after `stop()`.
    asio::awaitable<void> run();
    void stop();

private:
    using Pilot = std::pair<std::string, std::string>;
    struct Round {                                   // one call and those who wait for it
        std::set<Pilot> pilots{};
        std::set<Pilot> acted{};                     // by a command of theirs; the others asked for a beat
        bool is_done = false;
        std::map<Pilot, std::string> states{};
        std::optional<Error> failure{};
    };
    asio::awaitable<void> send(std::shared_ptr<Round> round);

    store::Reads& reads_;
    IsBack is_back_;
    asio::steady_timer work_;                        // woken for work
    asio::steady_timer done_;                        // woken when a round has ended
    std::shared_ptr<Round> next_ = std::make_shared<Round>();
    std::map<Pilot, std::chrono::steady_clock::time_point> touched_{};   // when last
    bool is_stopping_ = false;
};

}  // namespace fleet::ops
