#include "cli/commands/mail_screen.hpp"

#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

bool stands_out(std::string const& importance) {
    return importance == "urgent" || importance == "high";
}

// "viper-1 (pilot, codex gpt-5, tester, stale)": everything that is known, so that a name alone impresses
// nobody.
std::string sender_of(Json const& message) {
    auto from = text_or(message, "from", "?");
    if (!message.contains("sender") || !message.at("sender").is_object()) return from;
    Json const& sender = message.at("sender");
    std::vector<std::string> parts;
    auto add = [&](std::string part) {
        if (!part.empty()) parts.push_back(std::move(part));
    };
    add(text_or(sender, "kind", ""));
    auto program = text_or(sender, "program", "");
    auto model = text_or(sender, "model", "");
    add(program.empty() || model.empty() ? program + model : program + " " + model);
    add(text_or(sender, "role", ""));
    if (auto status = text_or(sender, "status", ""); status != "active") add(status);
    return parts.empty() ? from : fmt::format("{} ({})", from, joined(parts, ", "));
}

std::string recipient_words(Json const& one, Time now) {
    auto status = text_or(one, "status", "");
    auto words = fmt::format("{}: {}", text_or(one, "callsign", "?"), status);
    auto when = ago_member(one,
                           status == "acked"     ? "acked_at"
                           : status == "bounced" ? "bounced_at"
                                                 : "read_at",
                           now);
    if (!when.empty()) words += " " + when;
    if (auto why = text_or(one, "bounce_reason", ""); !why.empty()) words += " (" + why + ")";
    return words;
}

void say_body(Screen const& screen, Json const& message) {
    if (message.contains("redacted") && message.at("redacted").is_object()) {
        Json const& redacted = message.at("redacted");
        return screen.say("  " +
                          printable(fmt::format("the text was erased by {}: {}", text_or(redacted, "by", "?"),
                                                text_or(redacted, "reason", ""))));
    }
    say_text(screen, "", text_or(message, "body", ""));
    if (flag_or(message, "body_cut", false)) {
        screen.note(
            fmt::format("  … there is more of it: fleet mail show {}", short_member(message, "message_id")));
    }
}

void say_attachments(Screen const& screen, Json const& message) {
    if (!message.contains("attachments") || !message.at("attachments").is_array()) return;
    for (Json const& one : message.at("attachments"))
        say_member(screen, "attached",
                   fmt::format("{}  {}", text_or(one, "name", "?"), text_or(one, "uri", "")));
}

}  // namespace

void show_messages(Screen const& screen, Json const& items) {
    Time now = clock_now();
    Table table({"ID", "FROM", "WHEN", "", "SUBJECT"});
    for (Json const& one : items) {
        auto importance = text_or(one, "importance", "normal");
        auto status = text_or(one, "status", "");
        bool unread = status == "unread";
        bool wants = flag_or(one, "ack_required", false) && status != "acked";
        auto mark = stands_out(importance) ? screen.style()(Ink::red, importance) : std::string();
        auto subject = printable(text_or(one, "subject", ""));
        if (wants) subject += screen.style()(Ink::yellow, "  (wants an answer)");
        if (auto snippet = text_or(one, "snippet", ""); !snippet.empty())
            subject += screen.style()(Ink::dim, "  " + printable(snippet));
        table.row({short_member(one, "message_id"),
                   screen.style()(unread ? Ink::bold : Ink::plain, printable(text_or(one, "from", "?"))),
                   ago_member(one, "sent_at", now), mark, subject});
    }
    screen.table(table, "no mail");
}

void show_message(Screen const& screen, Json const& message) {
    if (screen.is_json()) return;
    Time now = clock_now();
    say_member(screen, "from", sender_of(message));
    say_member(screen, "to", list_member(message, "to"));
    say_member(screen, "subject", text_or(message, "subject", ""));
    say_member(screen, "sent", ago_member(message, "sent_at", now));
    if (auto importance = text_or(message, "importance", "normal"); importance != "normal")
        say_member(screen, "importance", importance);
    say_member(screen, "thread", short_member(message, "thread_id"));
    say_member(screen, "answers", short_member(message, "in_reply_to"));
    say_member(screen, "sortie", short_member(message, "sortie_id"));
    say_member(screen, "mission", short_member(message, "mission_id"));
    say_attachments(screen, message);
    if (message.contains("recipients") && message.at("recipients").is_array()) {
        for (Json const& one : message.at("recipients")) {
            say_member(screen, "reached", recipient_words(one, now));
            say_text(screen, "", text_or(one, "response", ""));
        }
    }
    screen.say("");
    say_body(screen, message);
}

void show_conversation(Screen const& screen, Json const& thread) {
    if (screen.is_json()) return;
    Time now = clock_now();
    screen.say(screen.style()(Ink::bold, printable(text_or(thread, "title", "?"))));
    say_member(screen, "id", text_or(thread, "thread_id", ""));
    say_member(screen, "with", list_member(thread, "participants"));
    if (!thread.contains("messages")) return;
    for (Json const& one : thread.at("messages")) {
        screen.say("");
        screen.say(fmt::format("{} to {}, {}  {}", screen.style()(Ink::bold, printable(sender_of(one))),
                               printable(list_member(one, "to")), ago_member(one, "sent_at", now),
                               screen.style()(Ink::dim, short_member(one, "message_id"))));
        say_body(screen, one);
    }
}

}  // namespace fleet::cli
