// `resources/read`.
#include "faces/mcp_address.hpp"

#include "faces/mcp_call.hpp"
#include "faces/mcp_shape.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::faces {

namespace {

constexpr std::int64_t fresh_ms = 1'000;

McpRefusal not_found(McpMessage const& message, std::string const& uri) {
    bool const is_modern = message.era == McpEra::modern;
    return {.code = is_modern ? rpc_invalid_params : mcp_resource_not_found,
            .message = "Resource not found",
            .data = Json{{"uri", uri}}};
}

McpRefusal refused(McpMessage const& message, Error const& error, std::string const& uri) {
    if (error.code == ErrorCode::not_found) return not_found(message, uri);
    return {.code = mcp_not_served, .message = describe(error), .data = problem_from_error(error)};
}

}  // namespace

asio::awaitable<McpReply> mcp_read_resource(McpCall& call) {
    auto const uri = text_or(call.message().params, "uri", "");
    if (uri.empty()) co_return McpRefusal{.code = rpc_invalid_params, .message = "uri is missing"};
    auto const address = read_mcp_address(uri);
    if (!address) co_return not_found(call.message(), uri);
    McpResource const& resource = *address->resource;
    Json said = Json::object();
    if (!address->project.empty()) said["project"] = address->project;
    auto settled = co_await call.settle(said);
    if (!settled) co_return refused(call.message(), settled.error(), uri);
    Json args = Json::parse(resource.defaults);
    if (!resource.parameter.empty()) args[std::string(resource.parameter)] = address->value;
    if (!call.project().empty()) args["project"] = call.project();
    auto answer = co_await call.operation(resource.operation, std::move(args));
    if (!answer) co_return refused(call.message(), answer.error(), uri);
    // A board of one mission that is not there is an empty board.
    bool const is_mission = resource.parameter == "mission_id";
    if (is_mission && answer->value("missions", Json::array()).empty())
        co_return not_found(call.message(), uri);
    auto text = resource.mime == "application/json" ? json_text(fitted(*std::move(answer), resource.budget))
                                                    : text_or(*answer, "text", "");
    Json result{{"contents",
                 Json::array({Json{{"uri", uri}, {"mimeType", resource.mime}, {"text", std::move(text)}}})}};
    co_return kept_for(call.message(), std::move(result), fresh_ms, false);
}

}  // namespace fleet::faces
