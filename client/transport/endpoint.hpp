#pragma once
// Where a daemon listens.
#include <fleet/result.hpp>

#include <string>
#include <string_view>

namespace fleet::transport {

struct Endpoint {
    std::string path{};  // of a unix socket; empty: TCP
    std::string host{};  // name or address, without brackets
    std::string port{};

    bool is_unix() const { return !path.empty(); }
    // What stands in the Host header.
    std::string authority() const;
    // "unix:/run/…" or "http://127.0.0.1:7433": what `parse_endpoint` reads.
    std::string text() const;

    friend bool operator==(Endpoint const&, Endpoint const&) = default;
};

// "/path", "unix:/path", "http://host:port", "tcp:host:port" or "host:port"; an IPv6 address stands in
// brackets. Errors: `usage` with what is wrong (no port, a unix path over 107 bytes, `https://`).
Result<Endpoint> parse_endpoint(std::string_view text);

// One segment of a path, percent-encoded: everything but unreserved characters.
std::string encode_segment(std::string_view text);

}  // namespace fleet::transport
