#include "transport/endpoint.hpp"

#include <fmt/format.h>

#include <sys/un.h>
#include <algorithm>

namespace fleet::transport {
namespace {

constexpr std::size_t unix_path_max = sizeof(sockaddr_un::sun_path) - 1;

Error wrong(std::string_view text, std::string_view why) {
    Error error = make_error(ErrorCode::usage, fmt::format("the daemon's address \"{}\" {}", text, why));
    error.hint = "Write unix:/path/to/fleetd.sock or http://127.0.0.1:PORT.";
    return error;
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

Result<Endpoint> unix_endpoint(std::string_view path, std::string_view whole) {
    if (!path.starts_with('/')) return wrong(whole, "needs an absolute path");
    if (path.size() > unix_path_max) {
        return wrong(whole, fmt::format("is longer than the {} bytes a unix socket may have", unix_path_max));
    }
    Endpoint endpoint;
    endpoint.path = path;
    return endpoint;
}

bool is_port(std::string_view text) {
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), digit);
}

}  // namespace

std::string Endpoint::authority() const {
    if (is_unix()) return "fleetd";
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

std::string Endpoint::text() const {
    return is_unix() ? "unix:" + path : "http://" + authority();
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    std::string_view rest = text;
    if (take(rest, "unix://") || take(rest, "unix:")) return unix_endpoint(rest, text);
    if (rest.starts_with('/')) return unix_endpoint(rest, text);
    if (rest.starts_with("https:")) return wrong(text, "asks for TLS, which this version does not speak yet");
    if (!take(rest, "http://") && !take(rest, "tcp://")) take(rest, "tcp:");
    if (rest.ends_with('/')) rest.remove_suffix(1);

    auto colon = rest.rfind(':');
    if (colon == std::string_view::npos || !is_port(rest.substr(colon + 1)))
        return wrong(text, "needs a port");
    std::string_view host = rest.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host.empty() || host.find_first_of("/[]@ ") != std::string_view::npos)
        return wrong(text, "needs a host");
    Endpoint endpoint;
    endpoint.host = host;
    endpoint.port = rest.substr(colon + 1);
    return endpoint;
}

std::string encode_segment(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

}  // namespace fleet::transport
