// The steps of a start, kept for everybody who wants to watch: the one who asked, and who comes later.
#pragma once

#include "services/provider.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace fleet::app {

namespace asio = boost::asio;

// Lives on the loop thread, shared by the one who works and those who watch.
class Steps {
public:
    explicit Steps(asio::any_io_executor loop)
        : changed_(std::move(loop), asio::steady_timer::time_point::max()) {}

    void add(services::Step step) {
        steps_.push_back(std::move(step));
        changed_.cancel();
    }
    // `last` is what the last line says besides "done", when all went well.
    void end(Result<void> outcome, Json last = Json::object()) {
        outcome_ = std::move(outcome);
        last_ = std::move(last);
        changed_.cancel();
    }

    std::vector<services::Step> const& all() const { return steps_; }
    std::optional<Result<void>> const& outcome() const { return outcome_; }
    Json const& last() const { return last_; }
    // Completes when there are more than `seen` steps or the end has come.
    asio::awaitable<void> more_than(std::size_t seen);
    // For somebody who may be woken from outside: completes `more_than` without a change.
    void wake() { changed_.cancel(); }

private:
    std::vector<services::Step> steps_;
    std::optional<Result<void>> outcome_;
    Json last_ = Json::object();
    asio::steady_timer changed_;
};

}  // namespace fleet::app
