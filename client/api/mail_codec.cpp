#include "api/mail_codec.hpp"

#include "api/members.hpp"
#include "api/record_codec.hpp"

namespace fleet {
namespace {

Recipient recipient_from(Json const& value) {
    Recipient recipient;
    recipient.callsign = text(value, "callsign");
    recipient.status = text(value, "status");
    recipient.response = text(value, "response");
    recipient.bounce_reason = text_or(value, "bounce_reason", text(value, "reason"));
    return recipient;
}

}  // namespace

Message message_from_json(Json const& value) {
    Message message;
    message.message_id = text(value, "message_id");
    message.thread_id = text(value, "thread_id");
    message.in_reply_to = text(value, "in_reply_to");
    message.from = text(value, "from");
    message.to = texts(member(value, "to"));
    message.subject = text(value, "subject");
    message.body = text(value, "body");
    message.body_cut = flag_or(value, "body_cut", false);
    message.redacted = member(value, "redacted").is_object();
    message.importance = text(value, "importance");
    message.ack_required = flag_or(value, "ack_required", false);
    message.status = text(value, "status");
    message.sortie_id = text(value, "sortie_id");
    message.mission_id = text(value, "mission_id");
    message.sent_at = time_at(value, "sent_at");
    message.recipients = each(member(value, "recipients"), recipient_from);
    message.bounced = each(member(value, "bounced"), recipient_from);
    message.version = number_or(value, "stream_version", 0);
    return message;
}

Thread thread_from_json(Json const& value) {
    Thread thread;
    thread.thread_id = text(value, "thread_id");
    thread.title = text(value, "title");
    thread.participants = texts(member(value, "participants"));
    thread.messages_count = number_or(value, "messages_count", 0);
    thread.last_message_at = time_at(value, "last_message_at");
    thread.messages = each(member(value, "messages"), message_from_json);
    return thread;
}

Inbox inbox_from_json(Json const& value) {
    Inbox inbox;
    inbox.page = page_from_json(value, message_from_json);
    inbox.unread = number_or(value, "unread", 0);
    inbox.unacked = number_or(value, "unacked", 0);
    return inbox;
}

Halt halt_from_json(Json const& value) {
    Halt halt;
    halt.halt_id = text(value, "halt_id");
    halt.scope.kind = text(value, "scope_kind");
    halt.scope.id = text(value, "scope_id");
    halt.project = text(value, "project");
    halt.status = text(value, "status");
    halt.reason = text(value, "reason");
    halt.by = text(value, "by");
    halt.since = time_at(value, "since");
    halt.lifted_at = time_at(value, "lifted_at");
    return halt;
}

}  // namespace fleet
