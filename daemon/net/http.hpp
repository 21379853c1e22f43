// One HTTP exchange as plain values: what the faces see of the network.
#pragma once

#include "net/peer.hpp"
#include "net/stream_writer.hpp"

#include <fleet/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::net {

namespace asio = boost::asio;

// Header fields in the order they came. Names compare without regard to case.
class Headers {
public:
    void add(std::string_view name, std::string_view value);
    void set(std::string_view name, std::string_view value);
    // The first value of that name, without surrounding blanks.
    std::optional<std::string_view> get(std::string_view name) const;
    std::size_t count(std::string_view name) const;

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

bool same_name(std::string_view a, std::string_view b);

// Says once that the client went away while its request was being answered: its connection ended, or the
// daemon stops and will not wait. Nobody watches before `then` is called, so a request that never asks pays
// nothing. A client that shuts down its sending half counts as gone. Loop thread only.
class Departure {
public:
    // `act` is called once, at the latest when the daemon stops; at once if the client is gone already. A
    // second call replaces the first action; an empty one takes it away.
    void then(std::function<void()> act);
    bool is_gone() const { return is_gone_; }

    // For the session that owns the connection.
    void watch_with(std::function<void()> start) { start_ = std::move(start); }
    void say();
    void forget();

private:
    std::function<void()> start_;
    std::function<void()> act_;
    bool is_gone_ = false;
};

struct HttpRequest {
    std::string method{};                    // "GET"
    std::string path{};                      // as sent, without the query: still percent-encoded
    std::string query{};                     // what stood behind the "?", still percent-encoded
    Headers headers{};
    std::string body{};
    std::shared_ptr<Departure> departure = std::make_shared<Departure>();
};

// Produces a body of unknown length, piece by piece; ends by returning. The writer lives as long as the call.
using StreamBody = std::function<asio::awaitable<void>(StreamWriter& writer)>;

struct HttpResponse {
    int status = 200;
    std::string content_type{"application/json"};
    Headers headers{};
    std::string body{};
    StreamBody stream{};                     // when set, `body` is not used
    bool closes = false;                     // end the connection after this answer
};

// An error as application/problem+json, with Retry-After where the error knows when.
HttpResponse problem_response(Error const& error);

}  // namespace fleet::net
