#pragma once
// The frames of the daemon's WebSocket that a subscription says and hears. Without I/O.
#include "api/feed.hpp"

#include <fleet/subscription.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fleet {

// `resume`: where an earlier connection stood; none: the start that the options name.
std::string subscribe_frame(SubscriptionOptions const& options, std::optional<Position> const& resume);

struct Heard {
    std::optional<FeedBatch> batch{};  // none: a frame that is not about events
    std::optional<Position> head{};    // the answer to `subscribe`: where the log ended
};

// Errors: what the daemon refused; bad_json for a frame that cannot be read.
Result<Heard> read_frame(std::string_view text);

}  // namespace fleet
