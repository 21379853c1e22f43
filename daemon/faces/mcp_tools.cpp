// `tools/call`: checks the arguments, calls what stands behind the tool, and cuts the answer to its budget.
#include "faces/mcp_call.hpp"

#include "faces/mcp_shape.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fleet::faces {

namespace {

using Macro = asio::awaitable<McpOutcome> (*)(McpCall&, Json);

constexpr std::array<std::pair<std::string_view, Macro>, 9> macros{{
    {"start_session", &mcp_start_session},
    {"end_session", &mcp_end_session},
    {"release", &mcp_release},
    {"read_message", &mcp_read_message},
    {"claim_sortie", &mcp_claim_sortie},
    {"report_progress", &mcp_report_progress},
    {"finish_sortie", &mcp_finish_sortie},
    {"plan_mission", &mcp_plan_mission},
    {"wait", &mcp_wait},
}};

Macro macro_of(std::string_view name) {
    auto const* const found = std::ranges::find(macros, name, &std::pair<std::string_view, Macro>::first);
    return found == macros.end() ? nullptr : found->second;
}

bool takes(Operation const& operation, std::string_view field) {
    return std::ranges::find(operation.input, field, &Field::name) != operation.input.end();
}

// A tool that is one operation: its arguments, its defaults, and whose it is.
asio::awaitable<McpOutcome> call_directly(McpCall& call, McpTool const& tool, Json args) {
    Operation const& operation = *find_operation(tool.operation);
    auto const defaults = Json::parse(tool.defaults);
    for (auto const& [name, value] : defaults.items())
        if (!args.contains(name)) args[name] = value;
    if (takes(operation, "callsign") && !tool.is_everyones && !call.callsign().empty())
        args["callsign"] = call.callsign();
    bool const needs_pilot = operation.kind == OperationKind::write || tool.operation == "messages.inbox";
    if (needs_pilot)
        if (auto known = call.need_callsign(); !known) co_return known.error();
    // What names its project as a field of its own does not look at the header.
    if (!operation.needs_project && takes(operation, "project") && !call.project().empty())
        args["project"] = call.project();
    co_return co_await call.operation(tool.operation, std::move(args));
}

// Texts of many ids cost a model a little more than the estimate says; the budget is what the model pays.
constexpr std::int64_t room(std::int64_t budget) { return budget - budget / 20; }

Json text_content(std::string text) {
    return Json::array({Json{{"type", "text"}, {"text", std::move(text)}}});
}

Json failed(Error error, std::int64_t budget) {
    // Who acts must be registered, whatever the tool.
    if (error.code == ErrorCode::not_found && error.field == "/callsign")
        error.hint = "Call start_session with this callsign, or with none to get one.";
    return Json{{"content", text_content(told_error(error, room(budget)))}, {"isError", true}};
}

asio::awaitable<McpOutcome> carried_out(McpCall& call, McpTool const& tool, Json args) {
    if (auto error = check_fields(tool.input, args, "")) co_return std::move(*error);
    for (auto it = args.begin(); it != args.end();) it = it->is_null() ? args.erase(it) : std::next(it);
    auto settled = co_await call.settle(args, tool.name == "start_session");
    if (!settled) co_return settled.error();
    if (Macro const macro = macro_of(tool.name)) co_return co_await macro(call, std::move(args));
    co_return co_await call_directly(call, tool, std::move(args));
}

}  // namespace

bool mcp_may_wait(McpMessage const& message) {
    if (message.method != "tools/call") return false;
    if (text_or(message.params, "name", "") == "wait") return true;
    auto const args = message.params.find("arguments");
    return args != message.params.end() && args->is_object() && args->contains("wait_seconds");
}

asio::awaitable<McpReply> mcp_call_tool(McpCall& call) {
    Json const& params = call.message().params;
    auto const name = text_or(params, "name", "");
    McpTool const* const tool = find_mcp_tool(name);
    if (!tool)
        co_return McpRefusal{.code = rpc_invalid_params, .message = fmt::format("Unknown tool: {}", name)};
    Json args = params.value("arguments", Json::object());
    if (args.is_null()) args = Json::object();
    if (!args.is_object())
        co_return McpRefusal{.code = rpc_invalid_params, .message = "arguments must be an object"};
    auto answer = co_await carried_out(call, *tool, std::move(args));
    if (!answer) co_return failed(std::move(answer).error(), tool->budget);
    auto content = fitted(kept_members(*answer, tool->keep), room(tool->budget));
    Json result{{"content", text_content(told(content, room(tool->budget)))}};
    result["structuredContent"] = std::move(content);
    co_return result;
}

}  // namespace fleet::faces
