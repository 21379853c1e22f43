#pragma once
// A WebSocket to a daemon: text messages both ways.
#include "transport/endpoint.hpp"
#include "transport/http_connection.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fleet::transport {

// Lives on its executor, which must be serial. One `read` and one `write` may be under way at a time. Pings
// of the daemon are answered while a read is pending. After an error it is closed for good.
class WsChannel {
public:
    WsChannel(asio::any_io_executor executor, Endpoint endpoint);
    ~WsChannel();
    WsChannel(WsChannel&&) = delete;

    // Errors: daemon_away; or what the daemon answered instead of the upgrade, as a problem.
    asio::awaitable<Result<void>> open(std::string target, std::vector<Header> headers, Millis limit);

    // The next message. Errors: daemon_away (also when the daemon said goodbye), too_large.
    asio::awaitable<Result<std::string>> read();
    asio::awaitable<Result<void>> write(std::string text);

    // Says goodbye; at most `limit`.
    asio::awaitable<void> close(Millis limit);
    // Hangs up at once; a pending read ends with an error.
    void hang_up();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// The longest silence, pings included, before the daemon counts as gone.
inline constexpr Millis ws_silence_max{60'000};

}  // namespace fleet::transport
