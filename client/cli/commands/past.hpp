#pragma once
// The stretch of the past that `fleet replay` plays.
#include "cli/context.hpp"
#include "cli/screen/player.hpp"

#include <fleet/event.hpp>

#include <string>
#include <vector>

namespace fleet::cli {

struct ReplayFlags {
    bool verify = false;
    bool plain = false;
    bool everywhere = false;
    std::string from{};
    std::string to{};
    std::string speed{"1"};
    std::string gap{"3s"};
    std::vector<std::string> filters{};
};

// "10m" means ten minutes ago; a seq, a position or a point in time means itself.
std::string moment_of(std::string const& typed, std::string_view flag);

// What is asked of events.list, page after page: the events of the stretch, and where it ends.
struct Stretch {
    Json filter = Json::object();
    std::int64_t after = 0;
    std::int64_t upto = 0;

    // The arguments for the next page.
    Json next_page() const;
    // The events of a page that belong to it; moves on behind them. Empty: the end.
    std::vector<Event> take(Json const& page);
    bool at_end = false;
};

// Throws `usage` for a filter or a speed that cannot be read, and what the daemon refuses.
Stretch stretch_of(Context& context, ReplayFlags const& flags);
Player player_of(ReplayFlags const& flags);

// On the whole terminal; p pauses, n steps, + and - change the speed.
int live_replay(Context& context, ReplayFlags const& flags);

}  // namespace fleet::cli
