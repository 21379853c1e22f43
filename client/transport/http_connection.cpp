#include "transport/http_connection.hpp"

#include "transport/beast_stream.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace fleet::transport {
namespace {

namespace http = beast::http;

using Parser = http::response_parser<http::string_body>;

constexpr std::size_t line_bytes_max = std::size_t{8} << 20U;
constexpr std::uint32_t head_bytes_max = 64U << 10U;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

http::request<http::string_body> beast_request(HttpRequest request, Endpoint const& endpoint) {
    http::request<http::string_body> out;
    out.version(11);
    out.method_string(request.method);
    out.target(request.target);
    out.set(http::field::host, endpoint.authority());
    out.set(http::field::user_agent, "fleettools");
    for (Header const& header : request.headers) out.set(header.name, header.value);
    out.body() = std::move(request.body);
    if (!out.body().empty() || request.method != "GET") out.prepare_payload();
    return out;
}

HttpAnswer answer_from(http::response<http::string_body>& response) {
    HttpAnswer answer;
    answer.status = static_cast<int>(response.result_int());
    for (auto const& field : response) {
        auto name = field.name_string();
        auto value = field.value();
        answer.headers.push_back({lower({name.data(), name.size()}), {value.data(), value.size()}});
    }
    answer.body = std::move(response.body());
    return answer;
}

// Hands the whole lines in `text` to `line` and keeps the rest. False: the sink wants no more.
bool feed_lines(std::string& text, LineSink const& line) {
    std::size_t from = 0;
    bool more = true;
    for (auto at = text.find('\n'); more && at != std::string::npos; at = text.find('\n', from)) {
        std::string_view one = std::string_view(text).substr(from, at - from);
        if (one.ends_with('\r')) one.remove_suffix(1);
        more = line(one);
        from = at + 1;
    }
    text.erase(0, from);
    return more;
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view lower_case_name) const {
    auto same = [&](Header const& header) { return header.name == lower_case_name; };
    auto found = std::find_if(headers.begin(), headers.end(), same);
    return found == headers.end() ? std::string_view{} : std::string_view(found->value);
}

struct HttpConnection::Impl {
    Impl(asio::any_io_executor executor, Endpoint where)
        : endpoint(std::move(where)), stream(std::move(executor)) {}

    // Sends the request and reads the head of the answer into `parser`.
    asio::awaitable<SystemError> ask(HttpRequest request, Parser& parser, Millis limit) {
        auto message = beast_request(std::move(request), endpoint);
        if (limit > Millis{0}) stream.expires_after(limit);
        if (limit <= Millis{0}) stream.expires_never();
        auto [unsent, sent] = co_await http::async_write(stream, message, as_result);
        static_cast<void>(sent);
        // A daemon that refuses a body it has not read answers and closes: the answer is worth reading.
        if (unsent && unsent != asio::error::broken_pipe && unsent != asio::error::connection_reset)
            co_return unsent;
        auto [unread, bytes] = co_await http::async_read_header(stream, buffer, parser, as_result);
        static_cast<void>(bytes);
        co_return unread;
    }

    Error fail(SystemError const& error) {
        shut();
        return transport_error(error, endpoint, "broke off");
    }

    void shut() {
        open = false;
        stream.close();
        buffer.clear();
    }

    Endpoint endpoint;
    Stream stream;
    beast::flat_buffer buffer{};
    bool open = false;
};

HttpConnection::HttpConnection(asio::any_io_executor executor, Endpoint endpoint)
    : impl_(std::make_unique<Impl>(std::move(executor), std::move(endpoint))) {}

HttpConnection::~HttpConnection() = default;

asio::awaitable<Result<void>> HttpConnection::connect(Millis limit) {
    auto connected = co_await connect_stream(impl_->stream, impl_->endpoint, limit);
    impl_->open = connected.has_value();
    co_return connected;
}

bool HttpConnection::is_open() const {
    return impl_->open;
}

void HttpConnection::close() {
    impl_->shut();
}

asio::awaitable<Result<HttpAnswer>> HttpConnection::exchange(HttpRequest request, Millis limit) {
    Parser parser;
    parser.body_limit(answer_bytes_max);
    parser.header_limit(head_bytes_max);
    if (request.method == "HEAD") parser.skip(true);
    SystemError failed = co_await impl_->ask(std::move(request), parser, limit);
    if (failed) co_return impl_->fail(failed);
    auto [unread, bytes] = co_await http::async_read(impl_->stream, impl_->buffer, parser, as_result);
    static_cast<void>(bytes);
    if (unread) co_return impl_->fail(unread);
    if (!parser.get().keep_alive()) impl_->shut();
    co_return answer_from(parser.get());
}

asio::awaitable<Result<HttpAnswer>> HttpConnection::stream(HttpRequest request, Millis quiet_limit,
                                                           LineSink line) {
    Parser parser;
    parser.body_limit(boost::none);
    parser.header_limit(head_bytes_max);
    SystemError failed = co_await impl_->ask(std::move(request), parser, quiet_limit);
    if (failed) co_return impl_->fail(failed);

    bool ok = parser.get().result_int() / 100 == 2;
    bool wanted = true;
    while (wanted && !parser.is_done()) {
        if (quiet_limit > Millis{0}) impl_->stream.expires_after(quiet_limit);
        auto [unread, bytes] =
            co_await http::async_read_some(impl_->stream, impl_->buffer, parser, as_result);
        static_cast<void>(bytes);
        std::string& body = parser.get().body();
        if (ok) wanted = feed_lines(body, line);
        if (unread) co_return impl_->fail(unread);
        if (body.size() > line_bytes_max) co_return impl_->fail(http::error::body_limit);
    }
    std::string& rest = parser.get().body();
    if (ok && wanted && !rest.empty()) line(rest);
    if (ok) rest.clear();
    impl_->shut();
    co_return answer_from(parser.get());
}

asio::awaitable<Result<HttpAnswer>> HttpConnection::stream_bytes(HttpRequest request, Millis quiet_limit,
                                                                 BytesSink sink) {
    Parser parser;
    parser.body_limit(boost::none);
    parser.header_limit(head_bytes_max);
    SystemError failed = co_await impl_->ask(std::move(request), parser, quiet_limit);
    if (failed) co_return impl_->fail(failed);

    bool ok = parser.get().result_int() / 100 == 2;
    bool wanted = true;
    while (wanted && !parser.is_done()) {
        if (quiet_limit > Millis{0}) impl_->stream.expires_after(quiet_limit);
        auto [unread, bytes] =
            co_await http::async_read_some(impl_->stream, impl_->buffer, parser, as_result);
        static_cast<void>(bytes);
        std::string& body = parser.get().body();
        if (ok && !body.empty()) {
            auto piece = std::exchange(body, {});
            wanted = co_await sink(std::move(piece));
        }
        if (unread) co_return impl_->fail(unread);
        if (body.size() > line_bytes_max) co_return impl_->fail(http::error::body_limit);
    }
    impl_->shut();
    co_return answer_from(parser.get());
}

}  // namespace fleet::transport
