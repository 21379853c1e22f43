#include "faces/hooks.hpp"
#include "faces/mcp_call.hpp"
#include "faces/otlp.hpp"
#include "faces/state.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

namespace fleet::faces {

namespace {

constexpr std::size_t parsed_here_max = 64 * 1024;
constexpr int unavailable = 503;

asio::awaitable<Result<Json>> parse_text(std::string text) { co_return parse_json(text); }

class NdjsonSink final : public ops::Sink {
public:
    explicit NdjsonSink(net::StreamWriter& writer) : writer_(writer) {}
    asio::awaitable<bool> write(Json document) override {
        std::string line = json_text(document);
        line += '\n';
        co_return co_await writer_.write(std::move(line));
    }
    bool is_open() const override { return writer_.is_open(); }
    void on_end(std::function<void()> act) override { writer_.on_end(std::move(act)); }

private:
    net::StreamWriter& writer_;
};

asio::awaitable<void> write_stream(ops::Stream stream, net::StreamWriter& writer) {
    NdjsonSink sink(writer);
    auto ended = co_await stream(sink);
    if (ended) co_return;
    Json const last{{"error", problem_from_error(ended.error())}};
    std::string line = json_text(last) + "\n";
    bool const sent = co_await writer.write_last(std::move(line));
    (void)sent;
}

std::string_view type_of_answer(Operation const& operation) {
    if (operation.name == "events.stream") return "text/event-stream";
    if (operation.name == "metrics") return "text/plain";
    if (operation.output.starts_with("ndjson")) return "application/x-ndjson";
    return "application/json";
}

}  // namespace

std::shared_ptr<ops::Leaving> leaving_of(std::shared_ptr<net::Departure> departure) {
    auto place = std::make_shared<std::weak_ptr<ops::Leaving>>();
    auto leaving = std::make_shared<ops::Leaving>([place, departure = std::move(departure)] {
        departure->then([place] {
            if (auto still_there = place->lock()) still_there->gone();
        });
    });
    *place = leaving;
    return leaving;
}

asio::awaitable<void> Ending::wait() {
    if (is_said_) co_return;
    auto [ignored] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    (void)ignored;
}

asio::awaitable<Result<Json>> Face::State::parse(std::string text) {
    if (text.size() <= parsed_here_max) co_return parse_json(text);
    if (!reader) reader.emplace(1u);
    auto elsewhere = asio::co_spawn(reader->get_executor(), parse_text(std::move(text)), asio::use_awaitable);
    co_return co_await std::move(elsewhere);
}

asio::awaitable<Result<ops::Answer>> Face::State::call(Operation const& operation, ops::Request request) {
    auto& duration = durations[operation.name];
    if (!duration) {
        observe::Labels labels{{"operation", std::string(operation.name)}};
        duration =
            &parts.metrics.histogram("fleet_operation_seconds", "How long operations take, waits included.",
                                     observe::latency_bounds, std::move(labels));
    }
    auto const begun = std::chrono::steady_clock::now();
    auto answer = co_await parts.operations.call(operation.name, std::move(request));
    duration->observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
    co_return answer;
}

asio::awaitable<Result<auth::Identity>> identify(Face::State& state, auth::Credentials credentials) {
    co_return co_await state.parts.authenticator.identify(std::move(credentials));
}

net::HttpResponse refusal(Error error) {
    int const status = http_status(error);
    if (status == unavailable && !error.retry_after_seconds) error.retry_after_seconds = 1;
    auto response = net::problem_response(error);
    if (status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"fleet\"");
    if (status == 405 && error.detail.is_object() && error.detail.contains("allow")) {
        std::string allow;
        for (Json const& method : error.detail["allow"])
            allow += (allow.empty() ? "" : ", ") + method.get<std::string>();
        response.headers.set("Allow", allow);
    }
    if (status == 426) response.headers.set("Upgrade", "websocket");
    return response;
}

net::HttpResponse response_of(ops::Answer answer) {
    net::HttpResponse response;
    response.status = answer.status;
    if (answer.location) response.headers.set("Location", "/api/v1" + *answer.location);
    if (answer.version) response.headers.set("ETag", fmt::format("\"{}\"", *answer.version));
    if (answer.seq) response.headers.set("Fleet-Seq", std::to_string(*answer.seq));
    if (answer.replayed) response.headers.set("Idempotency-Replayed", "true");
    if (!answer.stream) {
        response.body = std::move(answer.json);
        return response;
    }
    response.content_type = "application/x-ndjson";
    response.stream = [stream = std::move(answer.stream)](net::StreamWriter& writer) {
        return write_stream(stream, writer);
    };
    return response;
}

Face::Face(FaceParts parts) : state_(std::make_unique<State>(std::move(parts))) {}

Face::~Face() {
    if (state_->reader) state_->reader->join();
}

asio::awaitable<net::HttpResponse> Face::on_http(net::HttpRequest request, net::Peer peer) {
    State& state = *state_;
    auto route = state.router.find(request.method, request.path);
    if (!route) co_return refusal(std::move(route).error());
    Operation const& operation = *route->operation;
    if (operation.name == "mcp") co_return co_await mcp_exchange(state, std::move(request), std::move(peer));
    if (operation.name.starts_with("otlp."))
        co_return co_await otlp_exchange(state, operation, std::move(request), std::move(peer));
    if (!accepts(request.headers, type_of_answer(operation)))
        co_return refusal(make_error(ErrorCode::not_acceptable,
                                     fmt::format("this address answers {}", type_of_answer(operation))));
    if (auto answered = page(state, operation)) co_return *std::move(answered);
    if (operation.name == "websocket") co_return refusal(make_error(ErrorCode::upgrade_required));

    auto identity = co_await identify(state, credentials_of(request, peer));
    if (!identity) co_return refusal(std::move(identity).error());
    auto said = call_headers(request.headers);
    if (!said) co_return refusal(std::move(said).error());
    auto query = query_args(request.query);
    if (!query) co_return refusal(std::move(query).error());

    Json body = nullptr;
    bool const has_body = operation.method != "GET" && !request.body.empty();
    if (has_body) {
        if (auto error = check_content_type(request)) co_return refusal(std::move(*error));
        auto parsed = co_await state.parse(std::move(request.body));
        if (!parsed) co_return refusal(std::move(parsed).error());
        body = *std::move(parsed);
        if (body.is_null())
            co_return refusal(make_error(ErrorCode::invalid_field, "the body must be a JSON object"));
    }
    if (operation.name == "hooks.answer") body = hook_body(std::move(body), request.headers);
    auto args = arguments_of(operation, std::move(route->path_args), *std::move(query), std::move(body));
    if (!args) co_return refusal(std::move(args).error());
    if (operation.name == "events.stream")
        co_return co_await event_stream(state, *std::move(args), request, *std::move(identity),
                                        std::move(said->project));

    ops::Request call;
    call.args = *std::move(args);
    call.caller = *std::move(identity);
    call.project = std::move(said->project);
    call.idempotency_key = std::move(said->idempotency_key);
    call.fence = std::move(said->fence);
    call.if_match = said->if_match;
    call.leaving = leaving_of(request.departure);
    auto answer = co_await state.call(operation, std::move(call));
    if (!answer) co_return refusal(std::move(answer).error());
    co_return response_of(*std::move(answer));
}

asio::awaitable<std::optional<net::HttpResponse>> Face::refuse_websocket(net::HttpRequest request,
                                                                         net::Peer peer) {
    auto route = state_->router.find(request.method, request.path);
    if (!route) co_return refusal(std::move(route).error());
    if (route->operation->name != "websocket")
        co_return refusal(make_error(ErrorCode::bad_request, "WebSocket is spoken at /ws only"));
    auto identity = co_await identify(*state_, credentials_of(request, peer));
    if (!identity) co_return refusal(std::move(identity).error());
    auto said = call_headers(request.headers);
    if (!said) co_return refusal(std::move(said).error());
    co_return std::nullopt;
}

asio::awaitable<void> Face::on_websocket(net::HttpRequest request, std::shared_ptr<net::Channel> channel,
                                         net::Peer peer) {
    co_await converse(*state_, std::move(request), std::move(channel), std::move(peer));
}

}  // namespace fleet::faces
