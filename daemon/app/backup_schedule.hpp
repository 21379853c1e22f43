// Backups that nobody asks for: by the fleet's leader of that duty, in time, with rotation.
#pragma once

#include "app/backups.hpp"
#include "backups/folder.hpp"

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fleet::app {

class App;

// Lives on the loop thread; the app outlives it. It asks the database whether something is due, takes the
// duty `backup` for as long as the work lasts, and asks again: of two hosts the second finds nothing to do.
class BackupSchedule {
public:
    explicit BackupSchedule(App& app);

    // The loop. Spawned once by the owner; ends after `stop`.
    asio::awaitable<void> run();
    void stop();

    // For `services status`: how the last ones went, of the whole fleet, as last read.
    Json const& last() const { return last_; }

private:
    struct Plan {
        std::string kind;
        std::int64_t every_seconds = 0;
        std::optional<int> at_minute{};  // of the day, UTC
        backups::Keep keep{};
    };
    std::vector<Plan> plans() const;
    Millis pause() const;
    asio::awaitable<void> look();
    asio::awaitable<std::string> why_due(Plan plan);
    asio::awaitable<void> carry_out(Plan plan);
    asio::awaitable<Result<Json>> make(Plan plan, services::Progress progress);
    asio::awaitable<Result<void>> note(backups::Connection& connection, std::int64_t epoch, Json outcome);
    std::size_t rotate(Plan const& plan);
    void make_room(Plan const& plan);

    App& app_;
    asio::steady_timer timer_;
    Json last_ = Json::array();
    bool is_stopping_ = false;
};

// "03:00" → 180. Errors: not_configured.
Result<std::optional<int>> minute_of_day(std::string const& text);

}  // namespace fleet::app
