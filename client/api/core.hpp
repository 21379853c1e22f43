#pragma once
// What all calls of one client share: options, kept connections, the rules of repeating.
#include "transport/endpoint.hpp"
#include "transport/http_connection.hpp"

#include <fleet/client.hpp>
#include <fleet/operations.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace fleet {

// Lives on its executor. Shared by the client and by the calls that are under way.
class ClientCore {
public:
    ClientCore(asio::any_io_executor executor, ClientOptions options);

    asio::any_io_executor const& executor() const { return executor_; }
    ClientOptions const& options() const { return options_; }
    Result<transport::Endpoint> const& endpoint() const { return endpoint_; }
    // The headers that say who asks, and in which project; an empty `callsign` is that of the options.
    std::vector<transport::Header> identity(std::string const& callsign = {}) const;

    asio::awaitable<Result<Json>> call(std::string operation, Json args, CallOptions options);
    asio::awaitable<Result<Json>> plain(char const* operation, Json args);
    asio::awaitable<Result<Json>> fenced(char const* operation, Json args, Fence fence);
    asio::awaitable<Result<Json>> stream(std::string operation, Json args, JsonSink sink);

private:
    using Connection = std::unique_ptr<transport::HttpConnection>;

    asio::awaitable<Result<Connection>> connection();
    asio::awaitable<Result<transport::HttpAnswer>> exchange(transport::HttpRequest request, Millis limit,
                                                            bool waits);
    asio::awaitable<Result<transport::HttpAnswer>> once(transport::HttpRequest request, Millis limit,
                                                        bool& connected);

    asio::any_io_executor executor_;
    ClientOptions options_;
    Result<transport::Endpoint> endpoint_;
    std::vector<Connection> idle_{};
};

}  // namespace fleet
