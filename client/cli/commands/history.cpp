// fleet log, show, diff and why: looking back.
#include "cli/commands/past.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

struct HistoryFlags {
    std::string entity{};
    std::string at{};
    std::string from{};
    std::string to{};
    int limit = 0;
    bool everywhere = false;
};

Json args_of(Context& context, HistoryFlags const& flags) {
    Json args = Json::object();
    if (!flags.everywhere) args["project"] = context.require_project();
    put(args, "entity", flags.entity);
    put(args, "at", moment_of(flags.at, "--at"));
    if (flags.limit > 0) args["limit"] = flags.limit;
    return args;
}

std::string value_words(Json const& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return json_text(value);
    std::vector<std::string> parts;
    for (Json const& one : value) parts.push_back(one.is_string() ? one.get<std::string>() : json_text(one));
    return joined(parts, ", ");
}

std::string clock_member(Json const& object, std::string_view key) {
    auto time = time_member(object, key);
    return time ? local_clock(*time, clock_now()) : std::string();
}

// "#12  14:03:22  viper-1  file reserved: viper-1: src/**, exclusive, for 1h".
std::string event_words(Json const& event, Style const& style) {
    auto type = text_or(event, "type", "");
    std::ranges::replace(type, '_', ' ');
    return fmt::format("{}  {}  {}  {}", style(Ink::dim, fmt::format("#{:<6}", number_or(event, "seq", 0))),
                       style(Ink::dim, clock_member(event, "at")),
                       style(Ink::bold, printable(text_or(event, "actor", "?"))),
                       printable(fmt::format("{}: {}", type, text_or(event, "says", ""))));
}

void say_moment(Screen const& screen, Json const& answer, std::string_view words) {
    if (!answer.contains("at") || !answer.at("at").is_object()) return;
    Json const& at = answer.at("at");
    screen.note(fmt::format("{} #{} ({}); the log ends at #{}", words, number_or(at, "seq", 0),
                            clock_member(at, "at"), number_or(answer, "head", 0)));
}

int log(Context& context, HistoryFlags const& flags) {
    Json answer = context.call("history.log", args_of(context, flags));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    for (Json const& event : answer.at("items")) screen.say(event_words(event, screen.style()));
    if (answer.at("items").empty()) screen.note("nothing had happened");
    say_moment(screen, answer, "up to");
    return 0;
}

void say_item(Screen const& screen, Json const& item) {
    for (auto const& [key, value] : item.items()) {
        auto words = value_words(value);
        if (!words.empty()) say_member(screen, key, words);
    }
}

void say_list(Screen const& screen, Json const& answer, char const* member, char const* verb) {
    if (!answer.contains(member)) return;
    for (Json const& one : answer.at(member)) {
        auto what = text_or(one, "title", list_member(one, "patterns"));
        auto token = number_or(one, "token", 0);
        screen.say(printable(fmt::format(
            "  {} {}  {}{}{}", text_or(one, "holder", verb), what, text_or(one, "status", ""),
            token > 0 ? fmt::format(", token {}", token) : "",
            one.contains("progress") ? fmt::format(", {} %", number_or(one, "progress", 0)) : "")));
    }
}

int show(Context& context, HistoryFlags const& flags) {
    Json answer = context.call("history.show", args_of(context, flags));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    screen.say(screen.style()(Ink::bold, printable(fmt::format("{} {}", text_or(answer, "kind", ""),
                                                               text_or(answer, "name", "")))) +
               "  " + printable(text_or(answer, "entity", "")));
    if (answer.contains("item")) say_item(screen, answer.at("item"));
    if (answer.contains("body")) say_text(screen, "body", text_or(answer, "body", ""));
    bool is_file = text_or(answer, "kind", "") == "file";
    say_list(screen, answer, "holds", "holds");
    say_list(screen, answer, "waiting", "waits");
    say_list(screen, answer, "sorties", "sortie");
    if (is_file && answer.at("holds").empty()) screen.say("  held by nobody");
    if (answer.contains("last_event") && answer.at("last_event").is_object())
        screen.say("  " + event_words(answer.at("last_event"), screen.style()));
    say_moment(screen, answer, "as of");
    return 0;
}

void say_change(Screen const& screen, Json const& one) {
    auto change = text_or(one, "change", "");
    auto ink = change == "added" ? Ink::green : change == "gone" ? Ink::red : Ink::yellow;
    auto sign = change == "added" ? "+" : change == "gone" ? "-" : "~";
    auto kind = text_or(one, "kind", "");
    std::ranges::replace(kind, '_', ' ');
    std::string words;
    if (one.contains("columns")) {
        for (auto const& [name, column] : one.at("columns").items()) {
            auto side = [&](char const* key) {
                return column.contains(key) ? value_words(column.at(key)) : std::string("nothing");
            };
            words += fmt::format("{}{} {} → {}", words.empty() ? "  " : ", ", name, side("from"), side("to"));
        }
    } else if (one.contains("item")) {
        words = "  " + text_or(one.at("item"), "status", "");
    }
    screen.say(fmt::format("{} {} {}{}", screen.style()(ink, sign),
                           printable(fmt::format("{} {}", kind, text_or(one, "name", ""))),
                           screen.style()(Ink::dim, short_id(text_or(one, "stream_id", ""))),
                           printable(words)));
}

int diff(Context& context, HistoryFlags const& flags) {
    Json args = args_of(context, flags);
    put(args, "from", moment_of(flags.from, "FROM"));
    put(args, "to", moment_of(flags.to, "TO"));
    Json answer = context.call("history.diff", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    for (Json const& one : answer.at("items")) say_change(screen, one);
    if (answer.at("items").empty()) screen.note("the two states are the same");
    if (auto more = number_or(answer, "left_out", 0); more > 0)
        screen.note(fmt::format("and {} more; --limit shows them", more));
    return 0;
}

int why(Context& context, HistoryFlags const& flags) {
    Json answer = context.call("history.why", args_of(context, flags));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    screen.say(screen.style()(Ink::bold, printable(text_or(answer, "answer", ""))));
    std::int64_t before = 0;
    for (Json const& step : answer.at("steps")) {
        auto line = event_words(step, screen.style());
        auto from = text_or(step, "from", "");
        auto to = text_or(step, "to", "");
        if (!to.empty() && to != from)
            line += screen.style()(Ink::cyan, fmt::format("  [{}{}]", from.empty() ? "" : from + " → ", to));
        if (step.contains("holders")) {
            auto holders = list_member(step, "holders");
            line += screen.style()(
                Ink::cyan, fmt::format("  [held by {}]", holders.empty() ? "nobody" : printable(holders)));
        }
        screen.say(line);
        std::string indent = "    because of ";
        for (Json const& cause : step.at("because")) {
            // What stands in the line above need not be told again.
            if (number_or(cause, "seq", 0) == before) break;
            screen.say(indent + event_words(cause, screen.style()));
            indent.insert(0, "  ");
        }
        before = number_or(step, "seq", 0);
    }
    return 0;
}

void add_scope(CLI::App& app, HistoryFlags& flags, bool has_moment) {
    if (has_moment)
        app.add_option("--at", flags.at, "As of this seq or time; 10m: ten minutes ago; default: now")
            ->type_name("MOMENT");
    app.add_flag("--all-projects", flags.everywhere, "In every project");
}

CLI::Option* add_entity(CLI::App& app, HistoryFlags& flags) {
    return app
        .add_option(
            "entity", flags.entity,
            "An id or the end of one, a callsign, the name of a sortie, a path (file:NAME if unclear)")
        ->type_name("THING");
}

}  // namespace

void add_history(Menu& menu) {
    auto asked = std::make_shared<HistoryFlags>();
    auto& log_app = menu.command("log", "What had happened up to a moment, in words", "Log",
                                 [asked](Context& context) { return log(context, *asked); });
    add_entity(log_app, *asked);
    add_scope(log_app, *asked, true);
    log_app.add_option("--limit,-n", asked->limit, "How many events; default 20")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    auto shown = std::make_shared<HistoryFlags>();
    auto& show_app = menu.command("show", "Anything as it is, or as it was", "Log",
                                  [shown](Context& context) { return show(context, *shown); });
    add_entity(show_app, *shown)->required();
    add_scope(show_app, *shown, true);
    auto compared = std::make_shared<HistoryFlags>();
    auto& diff_app = menu.command("diff", "What changed between two moments", "Log",
                                  [compared](Context& context) { return diff(context, *compared); });
    diff_app.add_option("from", compared->from, "A seq or a time")->required()->type_name("FROM");
    diff_app.add_option("to", compared->to, "A seq or a time; default: now")->type_name("TO");
    diff_app.add_option("--limit,-n", compared->limit, "How many things; default 200")
        ->type_name("N")
        ->check(CLI::Range(1, 10000));
    add_scope(diff_app, *compared, false);
    auto asked_why = std::make_shared<HistoryFlags>();
    auto& why_app = menu.command("why", "Why a file, a sortie or a reservation is as it is", "Log",
                                 [asked_why](Context& context) { return why(context, *asked_why); });
    add_entity(why_app, *asked_why)->required();
    why_app.add_option("--limit,-n", asked_why->limit, "How many steps, the last ones; default 100")
        ->type_name("N")
        ->check(CLI::Range(1, 1000));
    add_scope(why_app, *asked_why, false);
}

}  // namespace fleet::cli
