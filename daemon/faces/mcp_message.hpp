// One message of MCP as a value: JSON-RPC 2.0 in either era of the protocol. Pure; internal to this room.
//
//   modern   revision 2026-07-28: each request says its revision and what its client is in params._meta; no
//            session, no handshake
//   legacy   2025-11-25 and before: `initialize` says it once. Nothing is remembered between two messages, so
//            that a client may as well begin without it
#pragma once

#include "net/http.hpp"

#include <fleet/json_value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fleet::faces {

enum class McpEra { modern, legacy };

inline constexpr int rpc_parse_error = -32700;
inline constexpr int rpc_invalid_request = -32600;
inline constexpr int rpc_no_method = -32601;
inline constexpr int rpc_invalid_params = -32602;
inline constexpr int rpc_internal = -32603;
inline constexpr int mcp_not_served = -32000;  // away, too many, not allowed: the text says which
inline constexpr int mcp_header_mismatch = -32020;
inline constexpr int mcp_unknown_revision = -32022;
inline constexpr int mcp_resource_not_found = -32002;  // legacy only; modern: rpc_invalid_params

struct McpMessage {
    Json id = nullptr;  // null: a notification
    std::string method{};
    Json params = Json::object();
    McpEra era = McpEra::legacy;
    std::string client{};  // what it calls itself; "" where it does not say
    Json progress_token = nullptr;

    bool is_notification() const { return id.is_null(); }
};

struct McpRefusal {
    int status = 200;  // over HTTP
    int code = rpc_internal;
    std::string message{};
    Json data = nullptr;
    Json id = nullptr;
};

// `over_stdio`: the headers are those of a bridge, not of the client; the body alone counts.
std::variant<McpMessage, McpRefusal> read_mcp(Json const& body, net::Headers const& headers, bool over_stdio);

// Why a browser's page, or a name that was bound anew to this machine, may not ask; empty: it may.
std::optional<std::string> foreign_origin(net::Headers const& headers);

// Complete JSON-RPC texts.
std::string mcp_result_text(McpMessage const& message, Json result);
std::string mcp_error_text(McpRefusal const& refusal);
std::string mcp_notification_text(std::string_view method, Json params);
// The answer to `initialize`.
Json mcp_initialized(McpMessage const& message);
// The answer to `server/discover`.
Json mcp_discovered();

// Adds how long a list may be kept. Modern clients ask for it, legacy ones do not know it.
Json kept_for(McpMessage const& message, Json result, std::int64_t ttl_ms, bool is_public);

}  // namespace fleet::faces
