#pragma once
// One HTTP exchange over a unix socket, as plain as can be: the tests must see what the daemon really sends,
// without the client library between.
#include <fleet/json.hpp>

#include <chrono>
#include <map>
#include <string>

namespace fleet::test {

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers{};  // names in lower case
    std::string body{};

    Json json() const;         // throws when the body is not JSON
    std::string code() const;  // `code` of a problem document, else ""
};

using HttpHeaders = std::map<std::string, std::string>;

// A connection that may be used for several exchanges and for sending what no client would.
class HttpWire {
public:
    // Throws std::runtime_error when nobody listens.
    explicit HttpWire(std::string const& socket_path);
    ~HttpWire();
    HttpWire(HttpWire&& other) noexcept;
    HttpWire& operator=(HttpWire&&) = delete;

    void send(std::string_view bytes);  // throws when the daemon has closed
    // The next answer, its body complete. Throws on a closed connection and after `limit`.
    HttpAnswer read_answer(std::chrono::milliseconds limit = std::chrono::seconds{10});
    // Text up to and with `end`; for streams. Throws as `read_answer`.
    std::string read_until(std::string_view end, std::chrono::milliseconds limit = std::chrono::seconds{10});
    bool closed_within(std::chrono::milliseconds limit);

private:
    void fill(std::chrono::steady_clock::time_point deadline);
    std::string take(std::size_t count, std::chrono::steady_clock::time_point deadline);
    std::string take_line(std::chrono::steady_clock::time_point deadline);

    int socket_ = -1;
    std::string unread_;
};

// The text of a request with Host and Content-Length.
std::string http_request(std::string const& method, std::string const& target, std::string const& body = {},
                         HttpHeaders const& headers = {});

HttpAnswer http_call(std::string const& socket_path, std::string const& method, std::string const& target,
                     std::string const& body = {}, HttpHeaders const& headers = {},
                     std::chrono::milliseconds limit = std::chrono::seconds{10});

}  // namespace fleet::test
