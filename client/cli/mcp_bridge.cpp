#include "cli/mcp_bridge.hpp"

#include <fleet/backoff.hpp>
#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace fleet::cli {

using transport::HttpAnswer;
using transport::HttpConnection;
using transport::HttpRequest;

namespace {

using Clock = std::chrono::steady_clock;
constexpr Millis connect_limit{2'000};
// How long a request whose connection broke is repeated: a daemon that is started anew is back by then.
constexpr Millis repeat_for{5'000};
constexpr std::size_t idle_max = 16;
constexpr int parse_error = -32700;
constexpr int invalid_request = -32600;
constexpr int not_served = -32000;

// What clients call themselves, and what the fleet calls them.
constexpr std::pair<std::string_view, std::string_view> clients[] = {
    {"claude", "claude-code"}, {"codex", "codex"},   {"gemini", "gemini"}, {"opencode", "opencode"},
    {"copilot", "copilot"},    {"cursor", "cursor"}, {"github", "copilot"}};

std::string client_word(std::string_view name) {
    std::string word;
    for (char const c : name) {
        bool const is_letter = c >= 'A' && c <= 'Z';
        char const small = is_letter ? static_cast<char>(c - 'A' + 'a') : c;
        bool const is_plain = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9');
        word += is_plain ? small : '-';
    }
    for (auto const& [start, known] : clients)
        if (word.starts_with(start)) return std::string(known);
    if (word.empty() || word.front() < 'a') return "mcp";
    return word.substr(0, 31);
}

Json const& member(Json const& object, std::string_view name) {
    static Json const nothing = nullptr;
    if (!object.is_object()) return nothing;
    auto const found = object.find(name);
    return found == object.end() ? nothing : *found;
}

// These may take long, and say something on the way.
bool may_stream(Json const& message) {
    if (text_or(message, "method", "") == "subscriptions/listen") return true;
    return !member(member(member(message, "params"), "_meta"), "progressToken").is_null();
}

bool needs_database(Json const& message) {
    auto const method = text_or(message, "method", "");
    return method == "tools/call" || method == "resources/read" || method == "subscriptions/listen";
}

}  // namespace

struct McpBridge::Exchange {
    explicit Exchange(asio::any_io_executor const& executor) : pause(executor) {}

    std::uint64_t number = 0;
    Json id = nullptr;  // null: a notification
    std::string text{};
    std::string key{};  // makes a repeat safe
    bool streams = false;
    bool waits_for_database = false;
    bool is_cancelled = false;
    bool has_spoken = false;  // a stream whose first message went out
    std::unique_ptr<HttpConnection> connection{};
    asio::steady_timer pause;
};

McpBridge::McpBridge(asio::any_io_executor executor, McpBridgeOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      database_(executor_, Clock::time_point::max()) {}

McpBridge::~McpBridge() = default;

void McpBridge::take(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    auto message = parse_json(line);
    if (!message) return fail(nullptr, parse_error, "Parse error: " + message.error().message);
    if (text_or(*message, "method", "") == "notifications/cancelled")
        return cancel(member(member(*message, "params"), "requestId"));
    learn_client(*message);
    auto exchange = std::make_shared<Exchange>(executor_);
    exchange->number = ++drawn_;
    exchange->id = member(*message, "id");
    exchange->text = std::string(line);
    exchange->key = new_id("evt");
    exchange->streams = may_stream(*message);
    exchange->waits_for_database = needs_database(*message);
    requests_[exchange->number] = exchange;
    asio::co_spawn(executor_, carry(exchange), [this, exchange](std::exception_ptr const& failure) {
        requests_.erase(exchange->number);
        if (failure && !exchange->is_cancelled) fail(exchange->id, not_served, "the bridge failed");
    });
}

void McpBridge::refuse_line(std::size_t bytes_max) {
    fail(nullptr, invalid_request, fmt::format("the line is longer than {} bytes", bytes_max));
}

void McpBridge::learn_client(Json const& message) {
    if (!options_.session_client.empty()) return;
    Json const& params = member(message, "params");
    Json const& modern = member(member(params, "_meta"), "io.modelcontextprotocol/clientInfo");
    Json const& info = modern.is_null() ? member(params, "clientInfo") : modern;
    auto const name = text_or(info.is_object() ? info : Json::object(), "name", "");
    if (!name.empty()) options_.session_client = client_word(name);
}

void McpBridge::database_is_there(std::string trouble) {
    trouble_ = std::move(trouble);
    database_.cancel();
}

asio::awaitable<void> McpBridge::carry(ExchangePtr exchange) {
    while (exchange->waits_for_database && !trouble_ && !exchange->is_cancelled) {
        auto [ignored] = co_await database_.async_wait(asio::as_tuple(asio::use_awaitable));
        (void)ignored;
    }
    if (exchange->is_cancelled) co_return;
    auto answered = co_await ask(exchange);
    if (!exchange->is_cancelled) answer(*exchange, answered);
}

// With the same key, so that what was carried out is not carried out again.
asio::awaitable<Result<HttpAnswer>> McpBridge::ask(ExchangePtr exchange) {
    auto const until = Clock::now() + repeat_for;
    Backoff backoff{{Millis(20), Millis(500)}};
    for (;;) {
        auto answered = co_await ask_once(exchange);
        bool const is_over =
            answered || exchange->is_cancelled || exchange->has_spoken || Clock::now() >= until;
        if (is_over) co_return answered;
        idle_.clear();  // of the same daemon
        exchange->pause.expires_after(backoff.next(0.5));
        auto [ignored] = co_await exchange->pause.async_wait(asio::as_tuple(asio::use_awaitable));
        (void)ignored;
    }
}

asio::awaitable<Result<HttpAnswer>> McpBridge::ask_once(ExchangePtr exchange) {
    if (!idle_.empty()) {
        exchange->connection = std::move(idle_.back());
        idle_.pop_back();
    } else {
        exchange->connection = std::make_unique<HttpConnection>(executor_, options_.endpoint);
        auto connected = co_await exchange->connection->connect(connect_limit);
        if (!connected) co_return connected.error();
    }
    auto request = request_of(*exchange);
    Result<HttpAnswer> answered = make_error(ErrorCode::internal);
    if (exchange->streams) {
        auto line = [this, exchange](std::string_view text) {
            if (exchange->is_cancelled) return false;
            if (!text.starts_with("data: ")) {
                // An answer that is no stream comes as one line.
                if (text.starts_with('{')) options_.write(std::string(text));
                exchange->has_spoken = exchange->has_spoken || text.starts_with('{');
                return true;
            }
            exchange->has_spoken = true;
            options_.write(std::string(text.substr(6)));
            return true;
        };
        transport::LineSink sink = std::move(line);
        answered = co_await exchange->connection->stream(std::move(request), Millis(0), std::move(sink));
    } else {
        answered = co_await exchange->connection->exchange(std::move(request), Millis(0));
    }
    bool const is_reusable = answered && exchange->connection->is_open() && idle_.size() < idle_max;
    if (is_reusable) idle_.push_back(std::move(exchange->connection));
    co_return answered;
}

HttpRequest McpBridge::request_of(Exchange const& exchange) const {
    HttpRequest request{
        .method = "POST", .target = "/mcp", .headers = options_.headers, .body = exchange.text};
    request.headers.push_back({"Content-Type", "application/json"});
    request.headers.push_back(
        {"Accept", exchange.streams ? "application/json, text/event-stream" : "application/json"});
    request.headers.push_back({"Idempotency-Key", exchange.key});
    request.headers.push_back(
        {"Fleet-Client", options_.session_client.empty() ? "mcp" : options_.session_client});
    return request;
}

void McpBridge::answer(Exchange const& exchange, Result<HttpAnswer> const& answered) {
    if (!answered) {
        if (exchange.id.is_null()) return;
        auto const& error = answered.error();
        return fail(exchange.id, not_served, fmt::format("{} {}", error.message, error.hint));
    }
    if (exchange.has_spoken || answered->status == 202) return;
    auto const document = parse_json(answered->body);
    if (document && document->is_object() && document->contains("jsonrpc")) {
        options_.write(answered->body);
        return;
    }
    // A refusal of HTTP: who asks is not known, the message is too large, the daemon stops.
    if (!document || !document->is_object())
        return fail(exchange.id, not_served, fmt::format("the daemon answered {}", answered->status));
    auto const error = error_from_problem(*document);
    fail(exchange.id, not_served, fmt::format("{}. {}", error.message, error.hint));
}

void McpBridge::fail(Json const& id, int code, std::string message) {
    Json answer{{"jsonrpc", "2.0"}, {"error", {{"code", code}, {"message", std::move(message)}}}};
    if (!id.is_null()) answer["id"] = id;
    options_.write(json_text(answer));
}

void McpBridge::cancel(Json const& id) {
    for (auto const& [number, exchange] : requests_) {
        if (id.is_null() || exchange->id != id) continue;
        exchange->is_cancelled = true;
        exchange->pause.cancel();
        // The daemon sees that its client has left.
        if (exchange->connection) exchange->connection->close();
        database_.cancel();
    }
}

void McpBridge::finish() {
    auto const under_way = requests_;
    for (auto const& [number, exchange] : under_way)
        if (exchange->streams) cancel(exchange->id);
}

void McpBridge::cut() {
    auto const under_way = requests_;
    for (auto const& [number, exchange] : under_way) {
        exchange->is_cancelled = true;
        exchange->pause.cancel();
        if (exchange->connection) exchange->connection->close();
    }
    database_.cancel();
}

}  // namespace fleet::cli
