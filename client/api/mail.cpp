// Mail and safety: from requests to arguments.
#include "api/args.hpp"

#include <fleet/mail.hpp>
#include <fleet/safety.hpp>

namespace fleet {

Ask Mail::send(MessageRequest request) {
    Json args{{"body", request.body}};
    put(args, "to", request.to);
    put(args, "subject", request.subject);
    put(args, "thread_id", request.thread_id);
    put(args, "in_reply_to", request.in_reply_to);
    put(args, "importance", request.importance);
    put(args, "ack_seconds", request.ack_within);
    put_flag(args, "ack_required", request.ack_required);
    put_flag(args, "bounce_stale", request.bounce_stale);
    put(args, "sortie_id", request.sortie_id);
    put(args, "mission_id", request.mission_id);
    return {"messages.send", std::move(args)};
}

Ask Mail::inbox(InboxRequest request) {
    Json args{{"callsign", request.callsign}};
    if (request.all) args["unread"] = false;
    put(args, "importance", request.importance);
    put(args, "thread_id", request.thread_id);
    put(args, "limit", request.limit);
    put(args, "after", request.after);
    put(args, "wait_seconds", request.wait);
    return {"messages.inbox", std::move(args)};
}

Ask Mail::of_message(char const* operation, std::string message_id, std::string response) {
    Json args{{"message_id", std::move(message_id)}};
    put(args, "response", response);
    return {operation, std::move(args)};
}

Ask Mail::of_thread(std::string thread_id) {
    return {"threads.show", Json{{"thread_id", std::move(thread_id)}}};
}

Ask Mail::search(std::string words) {
    return {"messages.search", Json{{"q", std::move(words)}}};
}

Ask Safety::of_scope(char const* operation, Scope scope, std::string reason) {
    Json args{{"scope_kind", scope.kind}};
    put(args, "scope_id", scope.id);
    put(args, "reason", reason);
    return {operation, std::move(args)};
}

Ask Safety::redact(std::string event_id, std::string reason) {
    return {"events.redact", Json{{"event_id", std::move(event_id)}, {"reason", std::move(reason)}}};
}

}  // namespace fleet
