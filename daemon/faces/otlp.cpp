#include "faces/otlp.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::faces {

namespace {

std::optional<Error> check_encoding(net::HttpRequest const& request) {
    auto const encoding = request.headers.get("Content-Encoding");
    if (encoding && !net::same_name(*encoding, "identity")) {
        auto error =
            make_error(ErrorCode::unsupported_media_type, fmt::format("the body is packed as {}", *encoding));
        error.hint = "Set OTEL_EXPORTER_OTLP_COMPRESSION=none.";
        return error;
    }
    auto error = check_content_type(request);
    if (error)
        error->hint =
            "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/json (Codex: protocol = \"json\"; Gemini CLI: "
            "telemetry.otlpProtocol \"http\").";
    return error;
}

}  // namespace

asio::awaitable<net::HttpResponse> otlp_exchange(Face::State& state, Operation const& operation,
                                                 net::HttpRequest request, net::Peer peer) {
    auto identity = co_await identify(state, credentials_of(request, peer));
    if (!identity) co_return refusal(std::move(identity).error());
    auto said = call_headers(request.headers);
    if (!said) co_return refusal(std::move(said).error());
    if (auto error = check_encoding(request)) co_return refusal(std::move(*error));
    if (request.body.empty()) request.body = "{}";   // nothing to tell
    auto body = co_await state.parse(std::move(request.body));
    if (!body) co_return refusal(std::move(body).error());
    if (!body->is_object())
        co_return refusal(make_error(ErrorCode::invalid_field, "the body must be a JSON object"));
    ops::Request call;
    call.args = *std::move(body);
    call.caller = *std::move(identity);
    call.project = std::move(said->project);
    call.leaving = leaving_of(request.departure);
    auto answer = co_await state.call(operation, std::move(call));
    if (!answer) co_return refusal(std::move(answer).error());
    co_return response_of(*std::move(answer));
}

}  // namespace fleet::faces
