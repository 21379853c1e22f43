#include "support/http.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace fleet::test {

namespace {

using Clock = std::chrono::steady_clock;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// False when the socket is not ready by the deadline.
bool wait_for(int socket, short event, Clock::time_point deadline) {
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{.fd = socket, .events = event, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
}

}  // namespace

Json HttpAnswer::json() const {
    return Json::parse(body);
}

std::string HttpAnswer::code() const {
    auto const document = Json::parse(body, nullptr, false);
    return document.is_object() ? text_or(document, "code", "") : "";
}

HttpWire::HttpWire(std::string const& socket_path)
    : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof(address.sun_path))
        throw std::runtime_error{"socket path too long: " + socket_path};
    std::copy(socket_path.begin(), socket_path.end(), address.sun_path);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
        auto const reason = std::string{std::strerror(errno)};
        ::close(std::exchange(socket_, -1));
        throw std::runtime_error{"connect " + socket_path + ": " + reason};
    }
}

HttpWire::HttpWire(HttpWire&& other) noexcept
    : socket_{std::exchange(other.socket_, -1)}, unread_{std::move(other.unread_)} {}

HttpWire::~HttpWire() {
    if (socket_ >= 0) ::close(socket_);
}

void HttpWire::send(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw std::runtime_error{std::string{"send: "} + std::strerror(errno)};
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

void HttpWire::fill(Clock::time_point deadline) {
    if (!wait_for(socket_, POLLIN, deadline)) throw std::runtime_error{"no answer within the limit"};
    std::array<char, 65536> block{};
    auto const count = ::recv(socket_, block.data(), block.size(), 0);
    if (count <= 0) throw std::runtime_error{"the connection was closed"};
    unread_.append(block.data(), static_cast<std::size_t>(count));
}

std::string HttpWire::take(std::size_t count, Clock::time_point deadline) {
    while (unread_.size() < count) fill(deadline);
    auto text = unread_.substr(0, count);
    unread_.erase(0, count);
    return text;
}

std::string HttpWire::take_line(Clock::time_point deadline) {
    std::size_t end = 0;
    while ((end = unread_.find("\r\n")) == std::string::npos) fill(deadline);
    auto line = take(end, deadline);
    take(2, deadline);
    return line;
}

std::string HttpWire::read_until(std::string_view end, std::chrono::milliseconds limit) {
    auto const deadline = Clock::now() + limit;
    std::size_t at = 0;
    while ((at = unread_.find(end)) == std::string::npos) fill(deadline);
    return take(at + end.size(), deadline);
}

HttpAnswer HttpWire::read_answer(std::chrono::milliseconds limit) {
    auto const deadline = Clock::now() + limit;
    HttpAnswer answer;
    auto const status_line = take_line(deadline);
    if (status_line.size() < 12) throw std::runtime_error{"not an HTTP answer: " + status_line};
    answer.status = std::stoi(status_line.substr(9, 3));
    for (auto line = take_line(deadline); !line.empty(); line = take_line(deadline)) {
        auto const colon = line.find(':');
        auto const value = line.find_first_not_of(' ', colon + 1);
        answer.headers[lower(line.substr(0, colon))] = value == std::string::npos ? "" : line.substr(value);
    }
    if (answer.status < 200 || answer.status == 204) return answer;
    if (lower(answer.headers["transfer-encoding"]) == "chunked") {
        for (;;) {
            auto const size = std::stoul(take_line(deadline), nullptr, 16);
            answer.body += take(size, deadline);
            take_line(deadline);
            if (size == 0) return answer;
        }
    }
    auto const length = answer.headers.find("content-length");
    if (length != answer.headers.end()) answer.body = take(std::stoul(length->second), deadline);
    return answer;
}

bool HttpWire::closed_within(std::chrono::milliseconds limit) {
    auto const deadline = Clock::now() + limit;
    std::array<char, 65536> block{};
    while (wait_for(socket_, POLLIN, deadline)) {
        if (::recv(socket_, block.data(), block.size(), 0) <= 0) return true;
    }
    return false;
}

std::string http_request(std::string const& method, std::string const& target, std::string const& body,
                         HttpHeaders const& headers) {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: fleet\r\n";
    for (auto const& [name, value] : headers) text += name + ": " + value + "\r\n";
    if (!body.empty() || method == "POST" || method == "PATCH") {
        if (!headers.contains("Content-Type")) text += "Content-Type: application/json\r\n";
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return text + "\r\n" + body;
}

HttpAnswer http_call(std::string const& socket_path, std::string const& method, std::string const& target,
                     std::string const& body, HttpHeaders const& headers, std::chrono::milliseconds limit) {
    HttpWire wire{socket_path};
    wire.send(http_request(method, target, body, headers));
    return wire.read_answer(limit);
}

}  // namespace fleet::test
