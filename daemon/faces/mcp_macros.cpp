// Tools that are made of several operations: files and mail.
#include "faces/mcp_call.hpp"

#include <fleet/json.hpp>

namespace fleet::faces {

namespace {

Json only(Json const& args, std::initializer_list<char const*> names) {
    Json out = Json::object();
    for (auto const* name : names)
        if (args.contains(name)) out[name] = args.at(name);
    return out;
}

}  // namespace

asio::awaitable<McpOutcome> mcp_release(McpCall& call, Json args) {
    if (auto known = call.need_callsign(); !known) co_return known.error();
    if (!args.contains("reservation_id")) {
        Json none = Json::object();
        co_return co_await call.operation("reservations.release_all", std::move(none));
    }
    if (!args.contains("token"))
        co_return make_error(ErrorCode::invalid_field, "is needed with reservation_id", "/token");
    store::Fence fence{.kind = "reservation",
                       .id = text_or(args, "reservation_id", ""),
                       .token = number_or(args, "token", 0)};
    auto of = only(args, {"reservation_id"});
    co_return co_await call.operation("reservations.release", std::move(of), std::move(fence));
}

asio::awaitable<McpOutcome> mcp_read_message(McpCall& call, Json args) {
    if (auto known = call.need_callsign(); !known) co_return known.error();
    auto of = only(args, {"message_id"});
    auto shown = co_await call.operation("messages.show", std::move(of));
    if (!shown) co_return shown.error();
    bool const acknowledges = flag_or(args, "ack", false) || args.contains("response");
    auto noted = only(args, {"message_id"});
    Result<Json> done = make_error(ErrorCode::internal);
    if (acknowledges) {
        noted = only(args, {"message_id", "response"});
        done = co_await call.operation("messages.ack", std::move(noted));
    } else {
        done = co_await call.operation("messages.read", std::move(noted));
    }
    // Who reads the mail of others leaves no mark in their mailbox; that is no reason to hide it.
    bool const is_of_others = !done && !acknowledges && done.error().code != ErrorCode::away;
    if (!done && !is_of_others) co_return done.error();
    Json message = *std::move(shown);
    if (done) message["status"] = acknowledges ? "acked" : text_or(*done, "status", "read");
    co_return message;
}

}  // namespace fleet::faces
