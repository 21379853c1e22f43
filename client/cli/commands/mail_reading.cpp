// fleet mail read, show, ack, update, thread.
#include "cli/commands/mail_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

Json whole(Context& context, std::string const& id) {
    return context.call("messages.show", {{"message_id", id}, {"project", context.require_project()}});
}

// The state of one's own mailbox: whether an answer is wanted still.
bool waits_for_answer(Json const& message, std::string const& callsign) {
    if (!flag_or(message, "ack_required", false)) return false;
    for (Json const& one : message.value("recipients", Json::array()))
        if (text_or(one, "callsign", "") == callsign) return text_or(one, "status", "") != "acked";
    return false;
}

int read(Context& context, std::string const& typed) {
    auto callsign = context.require_callsign();
    auto id = id_of(context, message_entity, typed);
    // The command marks it; the text is never part of a command's answer, which is kept for a while.
    context.call("messages.read", {{"message_id", id}});
    Json message = whole(context, id);
    context.screen().document(message);
    show_message(context.screen(), message);
    if (waits_for_answer(message, callsign))
        context.screen().note(
            fmt::format("  → an answer is wanted: fleet mail ack {}", short_member(message, "message_id")));
    return 0;
}

int show(Context& context, std::string const& typed) {
    Json message = whole(context, id_of(context, message_entity, typed));
    context.screen().document(message);
    show_message(context.screen(), message);
    return 0;
}

int ack(Context& context, std::vector<std::string> const& typed, std::string const& response) {
    context.require_callsign();
    Json args = Json::object();
    put(args, "response", text_argument(response));
    for (std::string const& id : ids_of(context, message_entity, typed)) {
        args["message_id"] = id;
        Json answer = context.call("messages.ack", args);
        context.screen().document(answer);
        context.screen().done(fmt::format("acknowledged \"{}\" of {}",
                                          printable(text_or(answer, "subject", "")),
                                          printable(text_or(answer, "from", "?"))));
    }
    return 0;
}

int update(Context& context, std::string const& typed, std::string const& body, std::string const& reason) {
    Json args{{"message_id", id_of(context, message_entity, typed)}, {"body", text_argument(body)}};
    put(args, "reason", reason);
    Json answer = context.call("messages.update", std::move(args));
    context.screen().document(answer);
    context.screen().done(fmt::format("changed \"{}\"", printable(text_or(answer, "subject", ""))));
    return 0;
}

int threads(Context& context, bool mine) {
    Json args{{"project", context.require_project()}};
    if (mine) args["participant"] = context.require_callsign();
    Json answer = context.call("threads.list", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Table table({"ID", "MESSAGES", "LAST", "WITH", "TITLE"});
    for (Json const& one : answer.at("items")) {
        table.row({short_member(one, "thread_id"), std::to_string(number_or(one, "messages_count", 0)),
                   ago_member(one, "last_message_at", now), printable(list_member(one, "participants")),
                   printable(text_or(one, "title", ""))});
    }
    screen.table(table, "no conversation");
    return 0;
}

// The thread itself, or the one of a message.
std::string thread_of(Context& context, std::string const& typed) {
    if (!typed.starts_with("msg_")) return id_of(context, thread_entity, typed);
    return text_or(whole(context, id_of(context, message_entity, typed)), "thread_id", "");
}

int thread(Context& context, std::string const& typed, bool mine) {
    if (typed.empty()) return threads(context, mine);
    Json found = context.call(
        "threads.show", {{"thread_id", thread_of(context, typed)}, {"project", context.require_project()}});
    context.screen().document(found);
    show_conversation(context.screen(), found);
    return 0;
}

}  // namespace

void add_mail_reading(Menu& menu, CLI::App& mail) {
    auto id = std::make_shared<std::string>();
    auto text = std::make_shared<std::string>();
    auto named = [id](CLI::App& app) {
        app.add_option("message", *id, "Its id, or an end of it")->required()->type_name("MESSAGE");
    };
    named(menu.command(mail, "read", "Read a message; its sender gets a receipt",
                       [id](Context& context) { return read(context, *id); }));
    named(menu.command(mail, "show", "Look at a message, and who has read it; that does not count as reading",
                       [id](Context& context) { return show(context, *id); }));
    auto several = std::make_shared<std::vector<std::string>>();
    auto& answer = menu.command(mail, "ack", "Acknowledge a message, which includes having read it",
                                [=](Context& context) { return ack(context, *several, *text); });
    answer.add_option("message", *several, "Its id, or an end of it")->required()->type_name("MESSAGE");
    answer.add_option("--response", *text, "What the sender is told; - reads it")->type_name("TEXT");
    auto reason = std::make_shared<std::string>();
    auto& change =
        menu.command(mail, "update", "Put another text in place of yours, while nobody has read it",
                     [=](Context& context) { return update(context, *id, *text, *reason); });
    named(change);
    change.add_option("--body,-b", *text, "The new text; - reads it")->required()->type_name("TEXT");
    change.add_option("--reason", *reason, "Why")->type_name("TEXT");
    auto mine = std::make_shared<bool>(false);
    auto& talk =
        menu.command(mail, "thread", "A conversation from its beginning; without a name, all of them",
                     [=](Context& context) { return thread(context, *id, *mine); });
    talk.add_option("thread", *id, "Its id, an end of it, its title, or the id of a message in it")
        ->type_name("THREAD");
    talk.add_flag("--mine", *mine, "Those that you take part in");
}

}  // namespace fleet::cli
