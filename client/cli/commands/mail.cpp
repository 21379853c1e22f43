// fleet mail: squawks between pilots.
#include "cli/commands/mail_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"
#include "cli/waiting.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct SendFlags {
    std::vector<std::string> to{};
    std::string subject{};
    std::string body{};
    std::string reply_to{};
    std::string thread{};
    std::string importance{};
    std::string ack_within{};
    std::string sortie{};
    std::string mission{};
    std::vector<std::string> attachments{};
    bool ack = false;
    bool bounce_stale = false;
};

// "NAME=URI" or "URI", whose last part is the name then.
Json attachments_of(std::vector<std::string> const& typed) {
    Json out = Json::array();
    for (std::string const& one : typed) {
        auto border = one.find('=');
        bool named = border != std::string::npos && one.find("://") > border;
        auto uri = named ? one.substr(border + 1) : one;
        auto name = named ? one.substr(0, border) : uri.substr(uri.find_last_of('/') + 1);
        out.push_back({{"name", name.empty() ? uri : name}, {"uri", uri}});
    }
    return out;
}

Json send_args(Context& context, SendFlags const& flags) {
    Json args{{"body", text_argument(flags.body)}};
    put(args, "to", flags.to);
    put(args, "subject", flags.subject);
    put(args, "importance", flags.importance);
    if (!flags.reply_to.empty()) args["in_reply_to"] = id_of(context, message_entity, flags.reply_to);
    if (!flags.thread.empty()) args["thread_id"] = id_of(context, thread_entity, flags.thread);
    if (!flags.sortie.empty()) args["sortie_id"] = id_of(context, sortie_entity, flags.sortie);
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    if (flags.ack || !flags.ack_within.empty()) args["ack_required"] = true;
    put_seconds(args, "ack_seconds", flags.ack_within, "--ack-within");
    if (flags.bounce_stale) args["bounce_stale"] = true;
    if (!flags.attachments.empty()) args["attachments"] = attachments_of(flags.attachments);
    return args;
}

int send(Context& context, SendFlags const& flags) {
    bool reply = !flags.reply_to.empty();
    if (flags.to.empty() && !reply)
        refuse(ErrorCode::usage, "mail needs somebody to go to",
               "For example: fleet mail send viper-1 --subject Hello.");
    if (flags.subject.empty() && !reply)
        refuse(ErrorCode::usage, "mail needs a subject", "Add --subject \"…\".", "--subject");
    if (flags.body.empty()) {
        refuse(ErrorCode::usage, "mail needs a text",
               "Add --body \"…\", or --body - to read it from the standard input.", "--body");
    }
    Json answer = context.call("messages.send", send_args(context, flags));
    Screen& screen = context.screen();
    screen.document(answer);
    screen.done(fmt::format("sent to {} ({})", printable(list_member(answer, "to")),
                            short_member(answer, "message_id")));
    for (Json const& one : answer.value("bounced", Json::array())) {
        screen.note(fmt::format("  {} {} did not get it: {}", screen.note_style()(Ink::yellow, "!"),
                                printable(text_or(one, "callsign", "?")), text_or(one, "reason", "")));
    }
    return 0;
}

struct InboxFlags {
    std::string wait{};
    std::string importance{};
    std::string thread{};
    std::string sortie{};
    std::string whose{};
    bool all = false;
    int limit = 100;
};

void say_receipts(Screen const& screen, Json const& answer) {
    if (!answer.contains("receipts") || !answer.at("receipts").is_array()) return;
    for (Json const& one : answer.at("receipts")) {
        auto response = text_or(one, "response", "");
        screen.note(printable(fmt::format("  {} {} \"{}\"{}", text_or(one, "callsign", "?"),
                                          text_or(one, "status", "") == "acked" ? "acknowledged" : "has read",
                                          text_or(one, "subject", ""),
                                          response.empty() ? response : ": " + response)));
    }
}

int inbox(Context& context, InboxFlags const& flags) {
    Json args{{"callsign", flags.whose.empty() ? context.require_callsign() : flags.whose},
              {"limit", flags.limit}};
    args["project"] = context.require_project();
    if (flags.all) args["unread"] = false;
    put(args, "importance", flags.importance);
    if (!flags.thread.empty()) args["thread_id"] = id_of(context, thread_entity, flags.thread);
    if (!flags.sortie.empty()) args["sortie_id"] = id_of(context, sortie_entity, flags.sortie);
    Patience patience{.waiting = "waiting for mail"};
    if (!flags.wait.empty()) patience.wait = duration_flag(flags.wait, "--wait");
    auto has_mail = [](Result<Json> const& page) { return !page || !page->at("items").empty(); };
    Json answer = must(call_waiting(context, "messages.inbox", std::move(args), patience, has_mail));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    if (answer.at("items").empty())
        screen.note(flags.all ? "the mailbox is empty" : "no unread mail");
    else
        show_messages(screen, answer.at("items"));
    auto unread = number_or(answer, "unread", 0);
    if (auto shown = static_cast<std::int64_t>(answer.at("items").size()); unread > shown && !flags.all)
        screen.note(fmt::format("  {} unread in all", unread));
    if (auto open = number_or(answer, "unacked", 0); open > 0)
        screen.note(
            fmt::format("  {} wait{} for your answer: fleet mail ack ID", open, open == 1 ? "s" : ""));
    say_receipts(screen, answer);
    return 0;
}

int search(Context& context, std::vector<std::string> const& words, std::string const& from, bool mine) {
    Json args{{"q", joined(words, " ")}, {"project", context.require_project()}};
    put(args, "from", from);
    if (mine) args["callsign"] = context.require_callsign();
    Json answer = context.call("messages.search", std::move(args));
    context.screen().document(answer);
    if (!context.is_json()) show_messages(context.screen(), answer.at("items"));
    return 0;
}

void add_send(Menu& menu, CLI::App& mail) {
    auto flags = std::make_shared<SendFlags>();
    auto& app = menu.command(mail, "send", "Write to pilots",
                             [flags](Context& context) { return send(context, *flags); });
    app.add_option("to", flags->to,
                   "Callsigns; role:NAME, operator, or * for everybody; left out in a reply: its sender")
        ->type_name("CALLSIGN");
    app.add_option("--subject,-s", flags->subject, "One line")->type_name("TEXT");
    app.add_option("--body,-b", flags->body, "The text; - reads it from the standard input")
        ->type_name("TEXT");
    app.add_option("--reply-to", flags->reply_to, "The message it answers")->type_name("MESSAGE");
    app.add_option("--thread", flags->thread, "The conversation it continues")->type_name("THREAD");
    app.add_option("--importance", flags->importance, "low, normal (default), high or urgent")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "normal", "high", "urgent"}));
    app.add_flag("--ack", flags->ack, "Ask for an answer: fleet mail ack");
    app.add_option("--ack-within", flags->ack_within, "Ask for one within so long; default 15m")
        ->type_name("TIME");
    app.add_option("--sortie", flags->sortie, "The sortie it is about")->type_name("SORTIE");
    app.add_option("--mission", flags->mission, "The mission it is about")->type_name("MISSION");
    app.add_option("--attach", flags->attachments, "Where something lies, NAME=URI; may be given again")
        ->type_name("URI")
        ->allow_extra_args(false);
    app.add_flag("--bounce-stale", flags->bounce_stale,
                 "Let it come back from a pilot that gives no sign of life");
    app.footer(
        "\nExample: fleet mail send viper-1 -s \"May I have src/parser?\" -b \"For ten minutes.\" --ack\n");
}

void add_inbox(Menu& menu, CLI::App& mail) {
    auto flags = std::make_shared<InboxFlags>();
    auto& app = menu.command(mail, "inbox", "What you have not read, the most important first",
                             [flags](Context& context) { return inbox(context, *flags); });
    app.add_option("--wait", flags->wait, "When there is nothing, wait so long for the next one")
        ->type_name("TIME");
    app.add_flag("--all", flags->all, "What you have read, too, the newest first");
    app.add_option("--importance", flags->importance, "At least so important")
        ->type_name("WORD")
        ->check(CLI::IsMember({"low", "normal", "high", "urgent"}));
    app.add_option("--thread", flags->thread, "Of this conversation")->type_name("THREAD");
    app.add_option("--sortie", flags->sortie, "About this sortie")->type_name("SORTIE");
    app.add_option("--of", flags->whose, "Of this callsign, or operator; left out: yours")
        ->type_name("CALLSIGN");
    app.add_option("--limit,-n", flags->limit, "How many")->type_name("N")->check(CLI::Range(1, 1'000));
}

}  // namespace

void add_mail(Menu& menu) {
    auto& mail = menu.group("mail", "Messages between pilots", "Mail");
    add_send(menu, mail);
    add_inbox(menu, mail);
    add_mail_reading(menu, mail);
    auto words = std::make_shared<std::vector<std::string>>();
    auto from = std::make_shared<std::string>();
    auto mine = std::make_shared<bool>(false);
    auto& finding = menu.command(mail, "search", "Find words in subjects and texts, the best match first",
                                 [=](Context& context) { return search(context, *words, *from, *mine); });
    finding.add_option("words", *words, "All must occur; \"a phrase\", or, -not")
        ->required()
        ->type_name("WORDS");
    finding.add_option("--from", *from, "Of this sender")->type_name("CALLSIGN");
    finding.add_flag("--mine", *mine, "In your mailbox");
}

}  // namespace fleet::cli
