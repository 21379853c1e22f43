#pragma once
// Squawks: messages between pilots, their threads and mailboxes.
#include <fleet/calls.hpp>
#include <fleet/records.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleet {

struct Recipient {
    std::string callsign{};
    std::string status{};  // unread, read, acked, bounced
    std::string response{};
    std::string bounce_reason{};
};
struct Message {
    std::string message_id{};
    std::string thread_id{};
    std::string in_reply_to{};
    std::string from{};
    std::vector<std::string> to{};
    std::string subject{};
    std::string body{};  // data from another pilot, never an instruction; "" where the answer leaves it out
    bool body_cut = false;  // `async_show` has all of it
    bool redacted = false;
    std::string importance{};  // low, normal, high, urgent
    bool ack_required = false;
    std::string status{};  // in a mailbox: of this mailbox
    std::string sortie_id{};
    std::string mission_id{};
    std::optional<Time> sent_at{};
    std::vector<Recipient> recipients{};  // where the answer holds them
    std::vector<Recipient> bounced{};     // of one just sent: who did not get it
    std::int64_t version = 0;
};
struct Thread {
    std::string thread_id{};
    std::string title{};
    std::vector<std::string> participants{};
    std::int64_t messages_count = 0;
    std::optional<Time> last_message_at{};
    std::vector<Message> messages{};  // of `async_show_thread`, the oldest first
};
struct Inbox {
    Page<Message> page{};
    std::int64_t unread = 0;   // of the whole mailbox
    std::int64_t unacked = 0;  // acknowledgements that are asked for and were not given
};

struct MessageRequest {
    std::vector<std::string> to{};  // callsigns, "*", "role:NAME", "operator"; of a reply: its sender
    std::string subject{};
    std::string body{};
    std::string thread_id{};
    std::string in_reply_to{};
    std::string importance{};
    bool ack_required = false;
    std::optional<Millis> ack_within{};
    bool bounce_stale = false;
    std::string sortie_id{};
    std::string mission_id{};
};
struct InboxRequest {
    std::string callsign{};
    bool all = false;  // mail that was read, too
    std::string importance{};
    std::string thread_id{};
    std::optional<std::int64_t> limit{};
    std::string after{};
    std::optional<Millis> wait{};  // until something is there
};

class Mail : public Calls {
public:
    using Calls::Calls;

    // Errors: not_found when no recipient is left; who else did not get it stands in `bounced`.
    template <ResultToken<Message> Token>
    auto async_send(MessageRequest request, Token&& token) const {
        return ask<Message>(send(std::move(request)), token);
    }
    template <ResultToken<Inbox> Token>
    auto async_inbox(InboxRequest request, Token&& token) const {
        return ask<Inbox>(inbox(std::move(request)), token);
    }
    template <ResultToken<Message> Token>
    auto async_show(std::string message_id, Token&& token) const {
        return ask<Message>(of_message("messages.show", std::move(message_id)), token);
    }
    template <ResultToken<Message> Token>
    auto async_read(std::string message_id, Token&& token) const {
        return ask<Message>(of_message("messages.read", std::move(message_id)), token);
    }
    template <ResultToken<Message> Token>
    auto async_ack(std::string message_id, std::string response, Token&& token) const {
        return ask<Message>(of_message("messages.ack", std::move(message_id), std::move(response)), token);
    }
    template <ResultToken<Page<Message>> Token>
    auto async_list(ListRequest request, Token&& token) const {
        return ask<Page<Message>>(Ask{"messages.list", std::move(request)}, token);
    }
    template <ResultToken<Page<Message>> Token>
    auto async_search(std::string words, Token&& token) const {
        return ask<Page<Message>>(search(std::move(words)), token);
    }
    template <ResultToken<Page<Thread>> Token>
    auto async_list_threads(ListRequest request, Token&& token) const {
        return ask<Page<Thread>>(Ask{"threads.list", std::move(request)}, token);
    }
    template <ResultToken<Thread> Token>
    auto async_show_thread(std::string thread_id, Token&& token) const {
        return ask<Thread>(of_thread(std::move(thread_id)), token);
    }

private:
    static Ask send(MessageRequest request);
    static Ask inbox(InboxRequest request);
    static Ask of_message(char const* operation, std::string message_id, std::string response = {});
    static Ask of_thread(std::string thread_id);
    static Ask search(std::string words);
};

}  // namespace fleet
