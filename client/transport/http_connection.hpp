#pragma once
// One HTTP/1.1 connection to a daemon.
#include "transport/endpoint.hpp"

#include <fleet/result.hpp>
#include <fleet/time.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fleet::transport {

namespace asio = boost::asio;

struct Header {
    std::string name;
    std::string value;
};

struct HttpRequest {
    std::string method;             // "GET", "POST", …
    std::string target;             // path and query, encoded
    std::vector<Header> headers{};  // Host, Content-Length and User-Agent are added
    std::string body{};
};

struct HttpAnswer {
    int status = 0;
    std::vector<Header> headers{};  // names in lower case
    std::string body{};

    bool is_ok() const { return status >= 200 && status < 300; }
    std::string_view header(std::string_view lower_case_name) const;
};

// Takes one line of a streamed answer, without its line break; false ends the stream.
using LineSink = std::function<bool(std::string_view line)>;

// Takes what has arrived, in pieces of any size; false ends the stream.
using BytesSink = std::function<asio::awaitable<bool>(std::string bytes)>;

// Carries one exchange at a time and stays open between them where the daemon allows it. Lives on its
// executor, which must be serial. Every wait is bounded and cancellable; after an error it is closed.
class HttpConnection {
public:
    HttpConnection(asio::any_io_executor executor, Endpoint endpoint);
    ~HttpConnection();
    HttpConnection(HttpConnection&&) = delete;

    // Errors: daemon_away (nobody listens, or not within `limit`).
    asio::awaitable<Result<void>> connect(Millis limit);
    bool is_open() const;

    // Errors: daemon_away with detail {"timed_out": bool}; the request may have been carried out.
    asio::awaitable<Result<HttpAnswer>> exchange(HttpRequest request, Millis limit);

    // As `exchange`, but the lines of a successful answer go to `line` as they arrive, and `quiet_limit` (0:
    // none) bounds the time between two of them. An answer that is not 2xx comes back whole. Closes the
    // connection.
    asio::awaitable<Result<HttpAnswer>> stream(HttpRequest request, Millis quiet_limit, LineSink line);

    // As `stream`, for what does not consist of lines.
    asio::awaitable<Result<HttpAnswer>> stream_bytes(HttpRequest request, Millis quiet_limit, BytesSink sink);

    void close();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

inline constexpr std::size_t answer_bytes_max = std::size_t{64} << 20U;

}  // namespace fleet::transport
