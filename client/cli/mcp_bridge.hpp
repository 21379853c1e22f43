#pragma once
// MCP over stdin and stdout: carries each message to the daemon's own face and its answers back.
#include "transport/http_connection.hpp"

#include <fleet/json_value.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::cli {

namespace asio = boost::asio;

struct McpBridgeOptions {
    transport::Endpoint endpoint{};
    std::vector<transport::Header> headers{};       // who asks: project, pilot, session, token
    std::string session_client{};                   // "" until the client says what it is
    std::function<void(std::string line)> write{};  // one message; never called in two places at once
};

// Requests overtake one another: each has a connection for as long as it lasts. Lives on the executor, which
// is that of one thread, and outlives everything it has begun: run the loop until `is_idle`.
class McpBridge {
public:
    McpBridge(asio::any_io_executor executor, McpBridgeOptions options);
    ~McpBridge();
    McpBridge(McpBridge const&) = delete;
    McpBridge& operator=(McpBridge const&) = delete;

    // One line of stdin. What is no JSON-RPC is answered here.
    void take(std::string_view line);
    void refuse_line(std::size_t bytes_max);  // it was longer than that
    // Calls of tools wait until the database is there: empty for "it is", else the reason why it will not be.
    void database_is_there(std::string trouble);
    // Nothing more comes: ends what waits for something to happen, and lets the rest be answered.
    void finish();
    void cut();  // ends everything
    bool is_idle() const { return requests_.empty(); }

private:
    struct Exchange;
    using ExchangePtr = std::shared_ptr<Exchange>;

    asio::awaitable<void> carry(ExchangePtr exchange);
    asio::awaitable<Result<transport::HttpAnswer>> ask(ExchangePtr exchange);
    asio::awaitable<Result<transport::HttpAnswer>> ask_once(ExchangePtr exchange);
    transport::HttpRequest request_of(Exchange const& exchange) const;
    void answer(Exchange const& exchange, Result<transport::HttpAnswer> const& answered);
    void fail(Json const& id, int code, std::string message);
    void cancel(Json const& id);
    void learn_client(Json const& message);

    asio::any_io_executor executor_;
    McpBridgeOptions options_;
    std::map<std::uint64_t, ExchangePtr> requests_{};
    std::vector<std::unique_ptr<transport::HttpConnection>> idle_{};
    asio::steady_timer database_;           // ends when that is decided
    std::optional<std::string> trouble_{};  // of the database; "" when it is there
    std::uint64_t drawn_ = 0;
};

}  // namespace fleet::cli
