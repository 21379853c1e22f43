#pragma once
// Where the events of a subscription come from.
#include "api/core.hpp"

#include <fleet/subscription.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fleet {

struct FeedBatch {
    std::vector<Event> events{};  // in order of seq; may repeat what came before
    Position to{};                // everything that matches up to here has come; empty incarnation: not known
};

// Lives on its executor; one call at a time. A feed carries on by itself after a lost connection: `next`
// fails only with what trying again does not mend, or after the time to give up.
class Feed {
public:
    virtual ~Feed() = default;
    virtual asio::awaitable<Result<FeedBatch>> next() = 0;
    virtual asio::awaitable<Result<Cursor>> ack(std::string cursor, std::int64_t seq) = 0;
    virtual bool is_connected() const = 0;
    virtual std::string trouble() const = 0;
    virtual void stop() = 0;
};

std::unique_ptr<Feed> websocket_feed(ClientCorePtr core, SubscriptionOptions options);
std::unique_ptr<Feed> direct_feed(asio::any_io_executor executor, DirectOptions options);

// True for what goes away by itself: a daemon or database that is away, stopping or out of room.
bool is_passing(Error const& error);

}  // namespace fleet
