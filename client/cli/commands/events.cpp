// fleet events: the log.
#include "cli/commands/follow.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/menu.hpp"
#include "cli/screen/event_line.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct ListFlags {
    std::string type{};
    std::string stream_type{};
    std::string stream{};
    std::string actor{};
    std::string correlation{};
    std::string causation{};
    std::string since{};
    std::string until{};
    std::string after{};
    std::string before{};
    int limit = 100;
    bool everywhere = false;
};

// "10m" means ten minutes ago; a point in time means itself.
std::string moment(std::string const& text, std::string_view flag) {
    if (auto time = parse_time(text)) return time_text(*time);
    if (auto ago = parse_duration(std::string_view(text))) return time_text(clock_now() - *ago);
    refuse(ErrorCode::usage, fmt::format("{} {} is not a time", flag, text),
           "Write 10m (ago) or 2026-01-31T12:00:00Z.", std::string(flag));
}

Json list_args(Context& context, ListFlags const& flags) {
    Json args{{"limit", flags.limit}};
    if (!flags.everywhere) args["project"] = context.require_project();
    put(args, "type", flags.type);
    put(args, "stream_type", flags.stream_type);
    put(args, "stream_id", flags.stream);
    put(args, "actor", flags.actor);
    put(args, "correlation_id", flags.correlation);
    put(args, "causation_id", flags.causation);
    put(args, "after", flags.after);
    put(args, "before", flags.before);
    if (!flags.since.empty()) args["since"] = moment(flags.since, "--since");
    if (!flags.until.empty()) args["until"] = moment(flags.until, "--until");
    // Without a start the last ones are meant.
    bool from_end = flags.after.empty() && flags.since.empty() && flags.before.empty();
    if (from_end) args["before"] = "999999999999999999";
    return args;
}

int list(Context& context, ListFlags const& flags) {
    Json answer = context.call("events.list", list_args(context, flags));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    Teller teller;
    for (Json const& one : answer.at("items")) {
        screen.say(teller.line(must(event_from_json(one)), screen.style(), now, flags.everywhere));
    }
    if (answer.at("items").empty()) screen.note("no event");
    return 0;
}

// By its id, or by its place in the log.
Json event_of(Context& context, std::string const& id) {
    if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos || id.size() > 18) {
        return context.call("events.show", {{"event_id", id}});
    }
    auto before = std::max<std::int64_t>(std::stoll(id), 1) - 1;
    Json page = context.call("events.list", {{"after", std::to_string(before)}, {"limit", 1}});
    for (Json const& one : page.at("items")) {
        if (number_or(one, "seq", 0) == before + 1) return one;
    }
    refuse(ErrorCode::not_found, fmt::format("there is no event #{}", id));
}

int show(Context& context, std::string const& id) {
    Json event = event_of(context, id);
    context.screen().document(event);
    if (context.is_json()) return 0;
    Teller teller;
    context.screen().say(
        teller.line(must(event_from_json(event)), context.screen().style(), clock_now(), true));
    context.screen().say(event.dump(2, ' ', false, Json::error_handler_t::replace));
    return 0;
}

struct AppendFlags {
    std::string type{};
    std::string data{};
    std::string batch{};
    std::string stream_type{};
    std::string stream{};
    std::string correlation{};
    std::string causation{};
    std::string event_id{};
    std::int64_t expected = -1;
};

Json one_event(AppendFlags const& flags) {
    Json event{{"type", flags.type}, {"data", Json::object()}};
    put(event, "stream_type", flags.stream_type);
    put(event, "stream_id", flags.stream);
    put(event, "correlation_id", flags.correlation);
    put(event, "causation_id", flags.causation);
    put(event, "event_id", flags.event_id);
    if (!flags.data.empty()) event["data"] = json_argument(flags.data, "--data");
    return event;
}

int append(Context& context, AppendFlags const& flags) {
    context.require_project();
    if (flags.type.empty() == flags.batch.empty()) {
        refuse(ErrorCode::usage, "append needs a type, or --batch FILE",
               "For example: fleet events append x.note --data '{}'.");
    }
    Json events = flags.batch.empty() ? Json::array({one_event(flags)}) : json_lines(flags.batch);
    Json args{{"events", std::move(events)}};
    if (flags.expected >= 0) {
        if (flags.stream.empty())
            refuse(ErrorCode::usage, "--expected-version needs --stream", {}, "--expected-version");
        args["expected_version"] = {{flags.stream, flags.expected}};
    }
    Json answer = context.call("events.append_batch", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    for (Json const& one : answer.at("events")) {
        screen.done(fmt::format("#{}  {}{}", number_or(one, "seq", 0), text_or(one, "event_id", ""),
                                flag_or(one, "is_new", true) ? "" : "  (was there already)"));
    }
    return 0;
}

struct TailFlags {
    FollowFlags follow{};
    int last = 10;
    bool stop = false;
};

int tail(Context& context, TailFlags const& flags) {
    ListFlags wanted;
    wanted.limit = flags.last;
    wanted.everywhere = flags.follow.everywhere;
    for (std::string const& type : flags.follow.types) wanted.type += (wanted.type.empty() ? "" : ",") + type;
    wanted.stream = flags.follow.stream;
    std::string from = "now";
    FollowLines lines(context, flags.follow);
    // Who names a start wants every event from there, once.
    bool const has_start = !flags.follow.after.empty() || !flags.follow.cursor.empty();
    if (flags.last > 0 && !has_start) {
        Json answer = context.call("events.list", list_args(context, wanted));
        for (Json const& one : answer.at("items")) lines.show(must(event_from_json(one)));
        if (!answer.at("items").empty()) from = text_or(answer.at("items").back(), "position", "now");
    }
    if (flags.stop) return 0;
    FollowFlags follow = flags.follow;
    if (follow.after.empty()) follow.after = from;
    return follow_events(context, follow, lines);
}

void add_list(Menu& menu, CLI::App& events) {
    auto flags = std::make_shared<ListFlags>();
    auto& app = menu.command(events, "list", "Events in log order; without a start, the last ones",
                             [flags](Context& context) { return list(context, *flags); });
    app.add_option("--type", flags->type, "One type, or several with commas")->type_name("TYPES");
    app.add_option("--stream-type", flags->stream_type, "Of this kind of entity")->type_name("WORD");
    app.add_option("--stream", flags->stream, "Of this entity")->type_name("ID");
    app.add_option("--actor", flags->actor, "By this pilot")->type_name("CALLSIGN");
    app.add_option("--correlation", flags->correlation, "Of this conversation or mission")->type_name("ID");
    app.add_option("--causation", flags->causation, "That this event led to")->type_name("ID");
    app.add_option("--since", flags->since, "10m (ago) or a time")->type_name("TIME");
    app.add_option("--until", flags->until, "10m (ago) or a time")->type_name("TIME");
    app.add_option("--after", flags->after, "Behind this position or seq")->type_name("POSITION");
    app.add_option("--before", flags->before, "In front of this position or seq")->type_name("POSITION");
    app.add_option("--limit,-n", flags->limit, "How many")->type_name("N")->check(CLI::Range(1, 1000));
    app.add_flag("--all-projects", flags->everywhere, "Of every project");
}

void add_append(Menu& menu, CLI::App& events) {
    auto flags = std::make_shared<AppendFlags>();
    auto& app = menu.command(events, "append", "Write an event of your own (x.…) or an open type",
                             [flags](Context& context) { return append(context, *flags); });
    app.add_option("type", flags->type, "x.NAME")->type_name("TYPE");
    app.add_option("--data", flags->data, "The payload, a JSON object; @FILE or - reads it")
        ->type_name("JSON");
    app.add_option("--batch", flags->batch, "Many events, one JSON object a line; all or none")
        ->type_name("FILE");
    app.add_option("--stream", flags->stream, "The entity it is about")->type_name("ID");
    app.add_option("--stream-type", flags->stream_type, "Its kind")->type_name("WORD");
    app.add_option("--correlation", flags->correlation, "The conversation it belongs to")->type_name("ID");
    app.add_option("--causation", flags->causation, "The event that led to it")->type_name("ID");
    app.add_option("--event-id", flags->event_id, "Its id, when you draw it yourself")->type_name("ID");
    app.add_option("--expected-version", flags->expected, "Only if the stream is at this version")
        ->type_name("N");
}

}  // namespace

void add_events(Menu& menu) {
    auto& events = menu.group("events", "The log", "Log");
    add_list(menu, events);
    add_append(menu, events);
    auto id = std::make_shared<std::string>();
    menu.command(events, "show", "One event, whole", [id](Context& context) { return show(context, *id); })
        .add_option("event", *id, "Its id or seq")
        ->required()
        ->type_name("ID");
    auto flags = std::make_shared<TailFlags>();
    auto& app = menu.command(events, "tail", "The last events, and then each new one",
                             [flags](Context& context) { return tail(context, *flags); });
    app.add_option("-n,--last", flags->last, "How many of the last ones first")
        ->type_name("N")
        ->check(CLI::Range(0, 1000));
    app.add_flag("--no-follow", flags->stop, "Only those");
    add_follow_flags(app, flags->follow);
}

}  // namespace fleet::cli
