#include "faces/mcp_message.hpp"

#include <fleet/json.hpp>
#include <fleet/mcp.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fleet::faces {

namespace {

constexpr std::string_view newest = "2026-07-28";
// Those that begin with `initialize`, newest first.
constexpr std::array<std::string_view, 4> older{"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
constexpr std::string_view version_key = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view client_key = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view capabilities_key = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view server_key = "io.modelcontextprotocol/serverInfo";
constexpr int bad_request = 400;

bool is_older(std::string_view revision) {
    return std::ranges::find(older, revision) != older.end();
}

Json server_info() {
    return Json{{"name", "fleet"}, {"title", "FleetTools"}, {"version", FLEET_VERSION}};
}

Json const& meta_of(Json const& params) {
    static Json const nothing = Json::object();
    auto const found = params.find("_meta");
    return found != params.end() && found->is_object() ? *found : nothing;
}

// What can be asked for instead, in the way that was tried: in _meta, or by the header of a handshake's
// client.
McpRefusal unknown_revision(std::string const& asked, McpEra era) {
    Json supported = Json::array();
    if (era == McpEra::modern)
        supported.push_back(newest);
    else
        for (auto const revision : older) supported.push_back(revision);
    return {.status = bad_request,
            .code = mcp_unknown_revision,
            .message = "Unsupported protocol version",
            .data = Json{{"supported", std::move(supported)}, {"requested", asked}}};
}

McpRefusal mismatch(std::string message) {
    return {.status = bad_request, .code = mcp_header_mismatch, .message = "Header mismatch: " + message};
}

McpRefusal invalid(std::string message) {
    return {.status = bad_request, .code = rpc_invalid_params, .message = std::move(message)};
}

std::string base64_decoded(std::string_view text, bool& is_good) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string plain;
    is_good = text.size() % 4 == 0;
    while (text.ends_with('=')) text.remove_suffix(1);
    unsigned bits = 0;
    unsigned held = 0;
    for (char const c : text) {
        auto const value = digits.find(c);
        if (value == std::string_view::npos) is_good = false;
        if (!is_good) return {};
        held = (held << 6U | static_cast<unsigned>(value)) & 0xffffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        plain += static_cast<char>(held >> bits & 0xffU);
    }
    return plain;
}

// A header that mirrors a value of the body: as it is, or =?base64?…?=.
std::optional<std::string> decoded(std::string_view value) {
    constexpr std::string_view start = "=?base64?";
    constexpr std::string_view end = "?=";
    if (!value.starts_with(start) || !value.ends_with(end) || value.size() < start.size() + end.size())
        return std::string(value);
    bool is_good = false;
    auto plain =
        base64_decoded(value.substr(start.size(), value.size() - start.size() - end.size()), is_good);
    if (!is_good) return std::nullopt;
    return plain;
}

// The member of params that Mcp-Name repeats; "" for methods without one.
std::string_view mirrored(std::string_view method) {
    if (method == "tools/call" || method == "prompts/get") return "name";
    if (method == "resources/read") return "uri";
    return {};
}

std::optional<McpRefusal> check_headers(McpMessage const& message, std::string_view revision,
                                        net::Headers const& headers) {
    auto const version = headers.get("MCP-Protocol-Version");
    if (!version) return mismatch("MCP-Protocol-Version is missing");
    if (*version != revision)
        return mismatch(fmt::format("MCP-Protocol-Version is '{}', the body says '{}'", *version, revision));
    auto const method = headers.get("Mcp-Method");
    if (!method) return mismatch("Mcp-Method is missing");
    if (*method != message.method)
        return mismatch(fmt::format("Mcp-Method is '{}', the body says '{}'", *method, message.method));
    auto const member = mirrored(message.method);
    if (member.empty()) return std::nullopt;
    auto const wanted = text_or(message.params, member, "");
    auto const name = headers.get("Mcp-Name");
    if (!name) return mismatch("Mcp-Name is missing");
    auto const plain = decoded(*name);
    if (!plain) return mismatch("Mcp-Name is not the base64 that it says it is");
    if (*plain != wanted)
        return mismatch(fmt::format("Mcp-Name is '{}', the body says '{}'", *plain, wanted));
    return std::nullopt;
}

std::optional<McpRefusal> check_modern(McpMessage const& message, net::Headers const& headers,
                                       bool over_stdio) {
    Json const& meta = meta_of(message.params);
    if (!meta.contains(version_key) || !meta.at(std::string(version_key)).is_string())
        return invalid(fmt::format("_meta lacks {}", version_key));
    auto const revision = text_or(meta, version_key, "");
    auto const capabilities = meta.find(capabilities_key);
    if (capabilities == meta.end() || !capabilities->is_object())
        return invalid(fmt::format("_meta lacks {}, an object", capabilities_key));
    if (!over_stdio) {
        auto const version = headers.get("MCP-Protocol-Version");
        if (version && *version != revision)
            return mismatch(
                fmt::format("MCP-Protocol-Version is '{}', the body says '{}'", *version, revision));
    }
    if (revision != newest) return unknown_revision(revision, McpEra::modern);
    return over_stdio ? std::nullopt : check_headers(message, revision, headers);
}

std::optional<McpRefusal> check_legacy(net::Headers const& headers, bool over_stdio) {
    auto const version = headers.get("MCP-Protocol-Version");
    if (over_stdio || !version || is_older(*version)) return std::nullopt;
    if (*version == newest) return invalid(fmt::format("revision {} needs params._meta", newest));
    return unknown_revision(std::string(*version), McpEra::legacy);
}

McpRefusal not_a_message(std::string message, Json id = nullptr) {
    return {.status = bad_request,
            .code = rpc_invalid_request,
            .message = std::move(message),
            .id = std::move(id)};
}

// HOST[:PORT] of this machine, whole: nothing may stand behind it that another reader takes for the host.
bool is_loopback(std::string_view authority) {
    auto const end = authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':');
    auto const host = authority.substr(0, end);
    auto const port = authority.substr(host.size());
    bool const is_port = port.starts_with(':') && port.find_first_not_of("0123456789", 1) == port.npos;
    return (port.empty() || is_port) && (host == "localhost" || host == "127.0.0.1" || host == "[::1]");
}

}  // namespace

std::variant<McpMessage, McpRefusal> read_mcp(Json const& body, net::Headers const& headers,
                                              bool over_stdio) {
    if (body.is_array()) return not_a_message("batches are not served: one message a request");
    if (!body.is_object()) return not_a_message("the body must be one JSON-RPC message");
    McpMessage message;
    auto const id = body.find("id");
    if (id != body.end()) {
        if (!id->is_string() && !id->is_number_integer())
            return not_a_message("id must be a string or an integer");
        message.id = *id;
    }
    if (text_or(body, "jsonrpc", "") != "2.0") return not_a_message("jsonrpc must be \"2.0\"", message.id);
    auto const method = body.find("method");
    if (method == body.end() || !method->is_string())
        return not_a_message("method is missing: this server asks nothing, so it takes no answers",
                             message.id);
    message.method = method->get<std::string>();
    auto const params = body.find("params");
    if (params != body.end() && !params->is_object())
        return not_a_message("params must be an object", message.id);
    if (params != body.end()) message.params = *params;

    Json const& meta = meta_of(message.params);
    if (meta.contains("progressToken")) message.progress_token = meta["progressToken"];
    bool const is_legacy_by_method = message.method == "initialize" && !meta.contains(version_key);
    message.era = meta.contains(version_key) && !is_legacy_by_method ? McpEra::modern : McpEra::legacy;
    auto const& client = message.era == McpEra::modern ? meta.value(std::string(client_key), Json::object())
                                                       : message.params.value("clientInfo", Json::object());
    if (client.is_object()) message.client = text_or(client, "name", "");

    std::optional<McpRefusal> refusal;
    if (message.era == McpEra::modern && !message.is_notification())
        refusal = check_modern(message, headers, over_stdio);
    if (message.era == McpEra::legacy && !message.is_notification())
        refusal = check_legacy(headers, over_stdio);
    if (!refusal) return message;
    refusal->id = message.id;
    return *std::move(refusal);
}

std::optional<std::string> foreign_origin(net::Headers const& headers) {
    auto const host = headers.get("Host").value_or("");
    if (!is_loopback(host)) return fmt::format("Host '{}' is not this machine's loopback", host);
    auto const origin = headers.get("Origin");
    if (!origin || origin->empty()) return std::nullopt;
    // By hand: Boost.URL reads 127.0.0.1 of https://127.0.0.1.example as the whole host.
    for (std::string_view const scheme : {"http://", "https://"})
        if (origin->starts_with(scheme) && is_loopback(origin->substr(scheme.size()))) return std::nullopt;
    return fmt::format("pages of '{}' may not ask this server", *origin);
}

std::string mcp_result_text(McpMessage const& message, Json result) {
    if (message.era == McpEra::modern) {
        if (!result.contains("resultType")) result["resultType"] = "complete";
        result["_meta"][std::string(server_key)] = server_info();
    }
    return json_text(Json{{"jsonrpc", "2.0"}, {"id", message.id}, {"result", std::move(result)}});
}

std::string mcp_error_text(McpRefusal const& refusal) {
    Json error{{"code", refusal.code}, {"message", refusal.message}};
    if (!refusal.data.is_null()) error["data"] = refusal.data;
    Json answer{{"jsonrpc", "2.0"}, {"error", std::move(error)}};
    // An answer to what could not be read has no id.
    if (!refusal.id.is_null()) answer["id"] = refusal.id;
    return json_text(answer);
}

std::string mcp_notification_text(std::string_view method, Json params) {
    return json_text(Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

Json mcp_initialized(McpMessage const& message) {
    auto const asked = text_or(message.params, "protocolVersion", "");
    // A client that knows only others is told the newest that a handshake can agree on; it decides.
    auto const agreed = is_older(asked) ? asked : std::string(older.front());
    return Json{{"protocolVersion", agreed},
                {"capabilities",
                 {{"tools", Json::object()}, {"resources", Json::object()}, {"prompts", Json::object()}}},
                {"serverInfo", server_info()},
                {"instructions", mcp_instructions()}};
}

Json mcp_discovered() {
    return Json{
        {"supportedVersions", {newest}},
        {"capabilities",
         {{"tools", Json::object()}, {"resources", {{"subscribe", true}}}, {"prompts", Json::object()}}},
        {"instructions", mcp_instructions()}};
}

Json kept_for(McpMessage const& message, Json result, std::int64_t ttl_ms, bool is_public) {
    if (message.era == McpEra::legacy) return result;
    result["ttlMs"] = ttl_ms;
    result["cacheScope"] = is_public ? "public" : "private";
    return result;
}

}  // namespace fleet::faces
