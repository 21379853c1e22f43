#include "faces/mcp_message.hpp"

#include "support/catch.hpp"

#include <fleet/json.hpp>

using namespace fleet;
using namespace fleet::faces;

namespace {

constexpr auto version_key = "io.modelcontextprotocol/protocolVersion";
constexpr auto capabilities_key = "io.modelcontextprotocol/clientCapabilities";

Json request(std::string const& method, Json params = Json::object()) {
    return Json{{"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", std::move(params)}};
}

Json modern(std::string const& method, Json params = Json::object(),
            std::string const& revision = "2026-07-28") {
    params["_meta"] = Json{{version_key, revision}, {capabilities_key, Json::object()}};
    return request(method, std::move(params));
}

net::Headers headers_of(std::initializer_list<std::pair<char const*, char const*>> fields) {
    net::Headers headers;
    for (auto const& [name, value] : fields) headers.add(name, value);
    return headers;
}

int code_of(Json const& body, net::Headers const& headers = {}, bool over_stdio = false) {
    auto const read = read_mcp(body, headers, over_stdio);
    auto const* const refusal = std::get_if<McpRefusal>(&read);
    return refusal ? refusal->code : 0;
}

McpRefusal refusal_of(Json const& body, net::Headers const& headers) {
    auto read = read_mcp(body, headers, false);
    REQUIRE(std::holds_alternative<McpRefusal>(read));
    return std::get<McpRefusal>(std::move(read));
}

}  // namespace

TEST_CASE("a message says its era by its _meta, whatever its headers say", "[unit][faces][mcp]") {
    auto const headers = headers_of({{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/list"}});
    auto const now = read_mcp(modern("tools/list"), headers, false);
    REQUIRE(std::holds_alternative<McpMessage>(now));
    CHECK(std::get<McpMessage>(now).era == McpEra::modern);
    CHECK(std::get<McpMessage>(now).id == 7);

    auto const then = read_mcp(request("tools/list"), {}, false);
    REQUIRE(std::holds_alternative<McpMessage>(then));
    CHECK(std::get<McpMessage>(then).era == McpEra::legacy);
    CHECK(code_of(request("tools/list"), headers_of({{"MCP-Protocol-Version", "2025-06-18"}})) == 0);

    Json greeting = request("initialize", Json{{"clientInfo", {{"name", "codex-mcp-client"}}}});
    auto const hello = read_mcp(greeting, {}, true);
    REQUIRE(std::holds_alternative<McpMessage>(hello));
    CHECK(std::get<McpMessage>(hello).client == "codex-mcp-client");
    CHECK(std::get<McpMessage>(hello).era == McpEra::legacy);
}

TEST_CASE("over HTTP the headers of a modern request say what its body says", "[unit][faces][mcp]") {
    auto const call = modern("tools/call", Json{{"name", "reserve"}});
    auto const version = std::pair{"MCP-Protocol-Version", "2026-07-28"};
    auto const method = std::pair{"Mcp-Method", "tools/call"};
    CHECK(code_of(call, headers_of({version, method, {"Mcp-Name", "reserve"}})) == 0);
    CHECK(code_of(call, headers_of({version, method, {"Mcp-Name", "=?base64?cmVzZXJ2ZQ==?="}})) == 0);
    // Over stdio there are none.
    CHECK(code_of(call, {}, true) == 0);

    CHECK(code_of(call, {}) == mcp_header_mismatch);
    CHECK(code_of(call, headers_of({version, {"Mcp-Name", "reserve"}})) == mcp_header_mismatch);
    CHECK(code_of(call, headers_of({version, method})) == mcp_header_mismatch);
    CHECK(code_of(call, headers_of({version, method, {"Mcp-Name", "release"}})) == mcp_header_mismatch);
    CHECK(code_of(call, headers_of({version, method, {"Mcp-Name", "=?base64?!?="}})) == mcp_header_mismatch);
    CHECK(code_of(call, headers_of({version, {"Mcp-Method", "tools/list"}, {"Mcp-Name", "reserve"}})) ==
          mcp_header_mismatch);
    auto const other = headers_of({{"MCP-Protocol-Version", "2025-11-25"}, method, {"Mcp-Name", "reserve"}});
    auto const refusal = refusal_of(call, other);
    CHECK(refusal.code == mcp_header_mismatch);
    CHECK(refusal.status == 400);
    CHECK(refusal.id == 7);
}

TEST_CASE("a revision that is not served is refused with those that are", "[unit][faces][mcp]") {
    auto const refusal = refusal_of(modern("tools/list", Json::object(), "2031-01-01"),
                                    headers_of({{"MCP-Protocol-Version", "2031-01-01"}}));
    CHECK(refusal.code == mcp_unknown_revision);
    CHECK(refusal.status == 400);
    CHECK(refusal.data["requested"] == "2031-01-01");
    CHECK(refusal.data["supported"] == Json{"2026-07-28"});
    // A client of the handshake says it in the header.
    auto const older = refusal_of(request("ping"), headers_of({{"MCP-Protocol-Version", "1999-01-01"}}));
    CHECK(older.code == mcp_unknown_revision);
    CHECK(older.data["supported"].size() == 4);
    // The newest revision has no handshake: its messages carry _meta.
    CHECK(code_of(request("ping"), headers_of({{"MCP-Protocol-Version", "2026-07-28"}})) ==
          rpc_invalid_params);
    auto half = modern("tools/list");
    half["params"]["_meta"].erase(capabilities_key);
    CHECK(code_of(half, {}, true) == rpc_invalid_params);
}

TEST_CASE("what is no JSON-RPC message is refused", "[unit][faces][mcp]") {
    CHECK(code_of(Json::array({request("ping")})) == rpc_invalid_request);
    CHECK(code_of(Json("ping")) == rpc_invalid_request);
    CHECK(code_of(Json{{"id", 1}, {"method", "ping"}}) == rpc_invalid_request);
    CHECK(code_of(Json{{"jsonrpc", "2.0"}, {"id", nullptr}, {"method", "ping"}}) == rpc_invalid_request);
    CHECK(code_of(Json{{"jsonrpc", "2.0"}, {"id", 1}, {"result", Json::object()}}) == rpc_invalid_request);
    CHECK(code_of(Json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "ping"}, {"params", 3}}) ==
          rpc_invalid_request);
    auto const read = read_mcp(Json{{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}, {}, false);
    REQUIRE(std::holds_alternative<McpMessage>(read));
    CHECK(std::get<McpMessage>(read).is_notification());
}

TEST_CASE("pages of others and names of others do not reach the server", "[unit][faces][mcp]") {
    auto const asks = [](char const* host, char const* origin) {
        net::Headers headers;
        headers.add("Host", host);
        if (origin) headers.add("Origin", origin);
        return !foreign_origin(headers).has_value();
    };
    CHECK(asks("127.0.0.1:7433", nullptr));
    CHECK(asks("localhost", "http://localhost:3000"));
    CHECK(asks("[::1]:7433", "https://127.0.0.1"));
    CHECK_FALSE(asks("localhost:7433", "https://evil.example"));
    CHECK_FALSE(asks("localhost:7433", "null"));
    CHECK_FALSE(asks("localhost:7433", "http://localhost.evil.example"));
    CHECK_FALSE(asks("localhost:7433", "file://localhost"));
    CHECK_FALSE(asks("localhost:7433", "https://127.0.0.1.evil.example"));
    CHECK_FALSE(asks("localhost:7433", "http://[::1].evil.example"));
    CHECK_FALSE(asks("localhost:7433", "http://localhost:80@evil.example"));
    CHECK_FALSE(asks("[::1].evil.example", nullptr));
    CHECK_FALSE(asks("rebound.example:7433", nullptr));
    CHECK_FALSE(asks("localhost.evil.example", nullptr));
    CHECK_FALSE(asks("", nullptr));
}

TEST_CASE("answers have the shape of their era", "[unit][faces][mcp]") {
    McpMessage message{.id = "a", .era = McpEra::modern};
    auto const now =
        Json::parse(mcp_result_text(message, kept_for(message, Json{{"tools", Json::array()}}, 5, true)));
    CHECK(now["result"]["resultType"] == "complete");
    CHECK(now["result"]["ttlMs"] == 5);
    CHECK(now["result"]["cacheScope"] == "public");
    CHECK(now["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "fleet");
    message.era = McpEra::legacy;
    auto const then =
        Json::parse(mcp_result_text(message, kept_for(message, Json{{"tools", Json::array()}}, 5, true)));
    CHECK(then["result"] == Json{{"tools", Json::array()}});

    message.params = Json{{"protocolVersion", "2025-03-26"}};
    CHECK(mcp_initialized(message)["protocolVersion"] == "2025-03-26");
    message.params = Json{{"protocolVersion", "2099-01-01"}};
    CHECK(mcp_initialized(message)["protocolVersion"] == "2025-11-25");
    // An answer to what could not be read has no id.
    auto const unread = Json::parse(mcp_error_text({.code = rpc_parse_error, .message = "x"}));
    CHECK_FALSE(unread.contains("id"));
}
