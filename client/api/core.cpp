#include "api/core.hpp"

#include "api/request.hpp"
#include "transport/reconnect_plan.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <chrono>
#include <random>

namespace fleet {
namespace {

constexpr BackoffLimits repeat_pauses{Millis(50), Millis(1'000)};

Millis steady_now() {
    return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now().time_since_epoch());
}

double draw() {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(engine);
}

bool timed_out(Error const& error) {
    return error.detail.is_object() && flag_or(error.detail, "timed_out", false);
}

// A wait for files, mail or work prolongs the answer by itself.
Millis answer_limit(Operation const& operation, Json const& args, CallOptions const& options,
                    Timeouts const& timeouts) {
    Millis limit = options.answer.value_or(timeouts.answer);
    if (!operation.can_wait || !args.is_object() || !args.contains("wait_seconds")) return limit;
    auto wait = duration_from_json(args.at("wait_seconds"));
    return wait ? limit + *wait : limit;
}

asio::awaitable<void> sleep_for(asio::any_io_executor executor, Millis pause) {
    asio::steady_timer timer{executor, pause};
    co_await timer.async_wait(asio::use_awaitable);
}

Error unknown_operation(std::string_view name) {
    return make_error(ErrorCode::not_found, fmt::format("there is no operation {}", name));
}

}  // namespace

ClientCore::ClientCore(asio::any_io_executor executor, ClientOptions options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      endpoint_(
          transport::parse_endpoint(options_.endpoint.empty() ? default_endpoint() : options_.endpoint)) {}

std::vector<transport::Header> ClientCore::identity(std::string const& callsign) const {
    std::string const& acting = callsign.empty() ? options_.callsign : callsign;
    std::vector<transport::Header> headers;
    if (!options_.project.empty()) headers.push_back({"Fleet-Project", options_.project});
    if (!acting.empty()) headers.push_back({"Fleet-As", acting});
    if (!options_.token.empty()) headers.push_back({"Authorization", "Bearer " + options_.token});
    return headers;
}

asio::awaitable<Result<ClientCore::Connection>> ClientCore::connection() {
    if (!idle_.empty()) {
        Connection kept = std::move(idle_.back());
        idle_.pop_back();
        co_return Result<Connection>(std::move(kept));
    }
    auto fresh = std::make_unique<transport::HttpConnection>(executor_, *endpoint_);
    auto connected = co_await fresh->connect(options_.timeouts.connect);
    if (!connected) co_return connected.error();
    co_return Result<Connection>(std::move(fresh));
}

asio::awaitable<Result<transport::HttpAnswer>> ClientCore::once(transport::HttpRequest request, Millis limit,
                                                                bool& connected) {
    auto line = co_await connection();
    connected = line.has_value();
    if (!line) co_return line.error();
    Connection connection = std::move(*line);
    auto answer = co_await connection->exchange(std::move(request), limit);
    if (connection->is_open() && idle_.size() < options_.connections_kept)
        idle_.push_back(std::move(connection));
    co_return answer;
}

// A kept connection that the daemon has closed meanwhile, and a daemon that restarts, look alike: the request
// is repeated, with the key it has. A daemon that was never there is told at once.
asio::awaitable<Result<transport::HttpAnswer>> ClientCore::exchange(transport::HttpRequest request,
                                                                    Millis limit, bool waits) {
    transport::ReconnectPlan plan{{repeat_pauses, options_.timeouts.retry_for}};
    bool ever_connected = false;
    while (true) {
        bool kept = !idle_.empty();
        bool connected = false;
        transport::HttpRequest copy = request;
        auto answer = co_await once(std::move(copy), limit, connected);
        ever_connected = ever_connected || connected;
        bool broken = !answer && answer.error().code == ErrorCode::daemon_away && !timed_out(answer.error());
        if (!broken || !ever_connected) co_return answer;
        if (kept) {
            idle_.clear();
            continue;
        }
        if (!waits) co_return answer;
        auto pause = plan.failed(steady_now(), draw());
        if (!pause) co_return answer;
        co_await sleep_for(executor_, *pause);
    }
}

asio::awaitable<Result<Json>> ClientCore::call(std::string name, Json args, CallOptions options) {
    Operation const* operation = find_operation(name);
    if (operation == nullptr) co_return unknown_operation(name);
    if (!endpoint_) co_return endpoint_.error();
    Millis limit = answer_limit(*operation, args, options, options_.timeouts);
    bool const waits = options.waits_for_daemon;
    auto request = make_request(*operation, std::move(args), options);
    if (!request) co_return request.error();
    for (auto& header : identity(options.callsign)) request->headers.push_back(std::move(header));
    auto answer = co_await exchange(*std::move(request), limit, waits);
    if (!answer) co_return answer.error();
    co_return document_of(*answer);
}

asio::awaitable<Result<Json>> ClientCore::plain(char const* operation, Json args) {
    CallOptions options;
    std::string name = operation;
    co_return co_await call(std::move(name), std::move(args), std::move(options));
}

asio::awaitable<Result<Json>> ClientCore::fenced(char const* operation, Json args, Fence fence) {
    CallOptions options;
    options.fence = std::move(fence);
    std::string name = operation;
    co_return co_await call(std::move(name), std::move(args), std::move(options));
}

// A stream ends with an `error` document when the daemon could not finish what it had begun.
asio::awaitable<Result<Json>> ClientCore::stream(std::string name, Json args, JsonSink sink) {
    Operation const* operation = find_operation(name);
    if (operation == nullptr) co_return unknown_operation(name);
    if (!endpoint_) co_return endpoint_.error();
    CallOptions plain_options;
    auto request = make_request(*operation, std::move(args), plain_options);
    if (!request) co_return request.error();
    for (auto& header : identity()) request->headers.push_back(std::move(header));

    transport::HttpConnection connection{executor_, *endpoint_};
    auto connected = co_await connection.connect(options_.timeouts.connect);
    if (!connected) co_return connected.error();
    Json last = Json::object();
    std::optional<Error> broken;
    auto each = [&](std::string_view line) {
        if (line.empty()) return true;
        auto document = parse_json(line);
        if (!document) broken = document.error();
        if (document && document->is_object() && document->contains("error")) {
            broken = error_from_problem(document->at("error"));
        }
        if (broken) return false;
        last = *std::move(document);
        return sink(last);
    };
    transport::LineSink on_line = each;
    auto answer = co_await connection.stream(*std::move(request), Millis{0}, std::move(on_line));
    if (broken) co_return *broken;
    if (!answer) co_return answer.error();
    if (!answer->is_ok()) co_return document_of(*answer);
    co_return last;
}

}  // namespace fleet
