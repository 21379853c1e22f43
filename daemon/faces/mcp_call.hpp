// One request of MCP on its way: who asks, in which project, and what stands behind it. Internal to this
// room.
#pragma once

#include "auth/bounds.hpp"
#include "faces/mcp_message.hpp"
#include "faces/state.hpp"

#include <fleet/id.hpp>
#include <fleet/mcp.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace fleet::faces {

// What a tool answers: a result for the model, or why there is none.
using McpOutcome = Result<Json>;
using McpReply = std::variant<Json, McpRefusal>;

// The session of an agent program that the request belongs to; empty where the client does not say.
struct McpSession {
    std::string client{};
    std::string id{};
    std::string cwd{};  // unix socket only
};

// Lives as long as its request. Every call is one coroutine on the loop thread.
class McpCall {
public:
    McpCall(Face::State& state, McpMessage message, auth::Identity caller, CallHeaders said,
            McpSession session, std::shared_ptr<ops::Leaving> leaving)
        : state_(state),
          message_(std::move(message)),
          caller_(std::move(caller)),
          project_(std::move(said.project)),
          key_(said.idempotency_key.empty() ? new_id("evt") : std::move(said.idempotency_key)),
          session_(std::move(session)),
          leaving_(std::move(leaving)) {}
    McpCall(McpCall const&) = delete;
    McpCall& operator=(McpCall const&) = delete;

    Face::State& state() const { return state_; }
    McpMessage const& message() const { return message_; }
    McpSession const& session() const { return session_; }
    std::string const& project() const { return project_; }
    std::string const& callsign() const { return caller_.callsign; }
    std::shared_ptr<ops::Leaving> const& leaving() const { return leaving_; }

    // Takes `project` and `callsign` out of `args`: what is said there counts more than headers, and those
    // more than the session. Errors: invalid_field, forbidden (a pilot's token with another callsign).
    // What begins a session is given its pilot by the session itself: a repeat asks the very same.
    asio::awaitable<Result<void>> settle(Json& args, bool begins = false);
    // From here on this pilot acts, in this project.
    void become(std::string project, std::string callsign);
    // May this caller look at that project? Fills it in where a pilot's token means its own. Errors:
    // forbidden.
    std::optional<Error> keep_to_project(std::string& project) const {
        return auth::keep_to_project(caller_, project);
    }
    // Errors: invalid_field with the way to a callsign.
    Result<void> need_callsign() const;

    // An operation of the catalogue as this caller, its input checked. The answer is one document.
    asio::awaitable<Result<Json>> operation(std::string_view name, Json args,
                                            std::optional<store::Fence> fence = std::nullopt);

private:
    asio::awaitable<Result<ops::Answer>> patiently(Operation const& known, ops::Request request);

    Face::State& state_;
    McpMessage message_;
    auth::Identity caller_;
    std::string project_;
    std::string key_;  // of the whole request: the same repeats nothing
    std::size_t operations_ = 0;
    McpSession session_;
    std::shared_ptr<ops::Leaving> leaving_;
};

// `tools/call`. Refusals of the protocol are those of the message itself; what a tool refuses is a result
// with `isError`, so that the model reads it.
asio::awaitable<McpReply> mcp_call_tool(McpCall& call);
// True when it may take long: with a progress token its answer is a stream.
bool mcp_may_wait(McpMessage const& message);

// The macros: tools that are made of several operations. Arguments are checked; project and callsign settled.
asio::awaitable<McpOutcome> mcp_start_session(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_end_session(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_release(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_read_message(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_claim_sortie(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_report_progress(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_finish_sortie(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_plan_mission(McpCall& call, Json args);
asio::awaitable<McpOutcome> mcp_wait(McpCall& call, Json args);

asio::awaitable<McpReply> mcp_read_resource(McpCall& call);
McpReply mcp_get_prompt(McpMessage const& message);
// `subscriptions/listen`: an answer that lasts.
asio::awaitable<std::variant<net::StreamBody, McpRefusal>> mcp_listen(std::shared_ptr<McpCall> call);

// `data: …` of a stream.
inline std::string mcp_event(std::string const& message) {
    return "event: message\ndata: " + message + "\n\n";
}

// POST /mcp.
asio::awaitable<net::HttpResponse> mcp_exchange(Face::State& state, net::HttpRequest request, net::Peer peer);

}  // namespace fleet::faces
