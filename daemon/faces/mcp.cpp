// POST /mcp: one message in, one answer out, or a stream of messages that ends with the answer.
#include "faces/mcp_call.hpp"

#include <fleet/json.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <chrono>

namespace fleet::faces {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t list_ttl_ms = 3'600'000;  // lists change with the program alone
constexpr Millis progress_every{2'000};

net::HttpResponse json_response(std::string text, int status = 200) {
    net::HttpResponse response;
    response.status = status;
    response.body = std::move(text);
    response.headers.set("Cache-Control", "no-store");
    return response;
}

net::HttpResponse refused(McpRefusal const& refusal) {
    return json_response(mcp_error_text(refusal), refusal.status);
}

net::HttpResponse stream_response(net::StreamBody body) {
    net::HttpResponse response;
    response.content_type = "text/event-stream";
    response.headers.set("Cache-Control", "no-store");
    response.headers.set("X-Accel-Buffering", "no");
    response.stream = std::move(body);
    return response;
}

McpRefusal no_method(McpMessage const& message) {
    // Only the modern era has a status for it.
    return {.status = message.era == McpEra::modern ? 404 : 200,
            .code = rpc_no_method,
            .message = fmt::format("Method not found: {}", message.method)};
}

McpReply list_of(McpMessage const& message, std::string_view name, std::string_view items) {
    if (message.params.contains("cursor"))
        return McpRefusal{.code = rpc_invalid_params, .message = "this list has one page, so no cursor"};
    Json result = Json::object();
    result[std::string(name)] = Json::parse(items);
    return kept_for(message, std::move(result), list_ttl_ms, true);
}

// What needs nobody but the program itself; nothing for any other method.
std::optional<McpReply> answer_at_once(McpMessage const& message) {
    auto const& method = message.method;
    bool const is_modern = message.era == McpEra::modern;
    if (method == "initialize" && !is_modern) return mcp_initialized(message);
    if (method == "ping" && !is_modern) return Json::object();
    if (method == "server/discover" && is_modern)
        return kept_for(message, mcp_discovered(), list_ttl_ms, true);
    if (method == "tools/list") return list_of(message, "tools", mcp_tools_json());
    if (method == "resources/list") return list_of(message, "resources", mcp_resources_json());
    if (method == "resources/templates/list")
        return list_of(message, "resourceTemplates", mcp_templates_json());
    if (method == "prompts/list") return list_of(message, "prompts", mcp_prompts_json());
    if (method == "prompts/get") return mcp_get_prompt(message);
    bool const takes_time = method == "tools/call" || method == "resources/read" ||
                            (method == "subscriptions/listen" && is_modern);
    if (takes_time) return std::nullopt;
    return no_method(message);
}

asio::awaitable<McpReply> answer(McpCall& call) {
    if (call.message().method == "resources/read") co_return co_await mcp_read_resource(call);
    co_return co_await mcp_call_tool(call);
}

std::string reply_text(McpMessage const& message, McpReply reply) {
    if (auto* const refusal = std::get_if<McpRefusal>(&reply)) {
        refusal->id = message.id;
        return mcp_error_text(*refusal);
    }
    return mcp_result_text(message, std::get<Json>(std::move(reply)));
}

net::HttpResponse replied(McpMessage const& message, McpReply reply) {
    auto const* const refusal = std::get_if<McpRefusal>(&reply);
    int const status = refusal ? refusal->status : 200;
    return json_response(reply_text(message, std::move(reply)), status);
}

// Says how long it has waited, of how long at most.
std::string progress_text(McpCall const& call, Clock::time_point began) {
    auto const waited = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - began).count();
    Json params{{"progressToken", call.message().progress_token}, {"progress", waited}};
    Json const args = call.message().params.value("arguments", Json::object());
    for (auto const* name : {"seconds", "wait_seconds"})
        if (args.is_object() && args.contains(name) && args[name].is_number()) params["total"] = args[name];
    params["message"] = fmt::format("waiting for {} s", waited);
    return mcp_event(mcp_notification_text("notifications/progress", std::move(params)));
}

asio::awaitable<McpReply> answer_and_say(McpCall& call, Ending& done) {
    auto reply = co_await answer(call);
    done.say();
    co_return reply;
}

asio::awaitable<void> tell_progress(McpCall& call, Ending& done, net::StreamWriter& writer) {
    using namespace asio::experimental::awaitable_operators;
    bool const is_wanted = !call.message().progress_token.is_null();
    auto const began = Clock::now();
    asio::steady_timer next(call.state().parts.loop);
    bool is_open = true;
    while (is_open && !done.is_said()) {
        auto text = is_wanted ? progress_text(call, began) : std::string(": waiting\n\n");
        is_open = co_await writer.write(std::move(text));
        next.expires_after(progress_every);
        auto first = co_await (next.async_wait(asio::as_tuple(asio::use_awaitable)) || done.wait());
        (void)first;
    }
}

asio::awaitable<void> stream_answer(std::shared_ptr<McpCall> call, net::StreamWriter& writer) {
    using namespace asio::experimental::awaitable_operators;
    Ending done(call->state().parts.loop);
    auto work = answer_and_say(*call, done);
    auto progress = tell_progress(*call, done, writer);
    auto reply = co_await (std::move(work) && std::move(progress));
    auto last = mcp_event(reply_text(call->message(), std::move(reply)));
    bool const sent = co_await writer.write_last(std::move(last));
    (void)sent;  // who has left does not hear it
}

McpSession session_of(net::Headers const& headers, bool is_unix) {
    McpSession session{.client = std::string(headers.get("Fleet-Client").value_or("mcp"))};
    if (auto id = percent_decoded(headers.get("Fleet-Session").value_or(""))) session.id = *std::move(id);
    // A path means something only on this machine, and only to who may read it.
    if (!is_unix) return session;
    auto cwd = percent_decoded(headers.get("Fleet-Cwd").value_or(""));
    if (cwd) session.cwd = *std::move(cwd);
    return session;
}

asio::awaitable<net::HttpResponse> listen(std::shared_ptr<McpCall> call) {
    auto begun = co_await mcp_listen(call);
    if (auto* const refusal = std::get_if<McpRefusal>(&begun)) {
        refusal->id = call->message().id;
        co_return refused(*refusal);
    }
    co_return stream_response(std::get<net::StreamBody>(std::move(begun)));
}

}  // namespace

asio::awaitable<net::HttpResponse> mcp_exchange(Face::State& state, net::HttpRequest request,
                                                net::Peer peer) {
    bool const is_unix = peer.credentials.has_value();
    if (!is_unix)
        if (auto why = foreign_origin(request.headers))
            co_return refused({.status = 403, .code = mcp_not_served, .message = *std::move(why)});
    bool const takes_json = accepts(request.headers, "application/json");
    bool const takes_stream = accepts(request.headers, "text/event-stream");
    if (!takes_json && !takes_stream)
        co_return refusal(make_error(ErrorCode::not_acceptable,
                                     "this address answers application/json or text/event-stream"));
    if (auto error = check_content_type(request)) co_return refusal(std::move(*error));
    auto identity = co_await identify(state, credentials_of(request, peer));
    if (!identity) co_return refusal(std::move(identity).error());
    auto said = call_headers(request.headers);
    if (!said) co_return refusal(std::move(said).error());

    auto body = co_await state.parse(std::move(request.body));
    if (!body)
        co_return refused(
            {.status = 400, .code = rpc_parse_error, .message = "Parse error: " + body.error().message});
    bool const over_stdio = is_unix && request.headers.get("Fleet-Mcp-Transport") == "stdio";
    auto read = read_mcp(*body, request.headers, over_stdio);
    if (auto const* const refusal = std::get_if<McpRefusal>(&read)) co_return refused(*refusal);
    auto message = std::get<McpMessage>(std::move(read));
    // What a client notifies of concerns a session or a request of its connection; both end by themselves.
    if (message.is_notification()) {
        auto taken = json_response({}, 202);
        taken.content_type.clear();
        co_return taken;
    }
    if (auto reply = answer_at_once(message)) co_return replied(message, *std::move(reply));

    auto const call =
        std::make_shared<McpCall>(state, std::move(message), *std::move(identity), *std::move(said),
                                  session_of(request.headers, is_unix), leaving_of(request.departure));
    if (call->message().method == "subscriptions/listen") co_return co_await listen(call);
    bool const tells_progress = mcp_may_wait(call->message()) && !call->message().progress_token.is_null();
    if (takes_stream && (tells_progress || !takes_json))
        co_return stream_response([call](net::StreamWriter& writer) { return stream_answer(call, writer); });
    auto reply = co_await answer(*call);
    co_return replied(call->message(), std::move(reply));
}

}  // namespace fleet::faces
