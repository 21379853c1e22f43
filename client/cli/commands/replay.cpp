// fleet replay: a stretch of the past, played again; or the whole state, made again from the log.
#include "cli/commands/past.hpp"
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/event_line.hpp"
#include "cli/screen/full_screen.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

std::string value_text(Json const& object, char const* key) {
    if (!object.contains(key)) return "nothing";
    Json const& value = object.at(key);
    return value.is_string() ? value.get<std::string>() : json_text(value);
}

int verify(Context& context) {
    CallOptions options;
    options.answer = Millis(3'600'000);
    context.screen().passing("replaying the log beside the present state …");
    Json answer = context.call("replay", {{"verify", true}}, options);
    Screen& screen = context.screen();
    screen.passing("");
    screen.document(answer);
    bool ok = flag_or(answer, "ok", false);
    if (context.is_json()) return ok ? 0 : 1;
    if (answer.contains("differences") && answer.at("differences").is_array()) {
        for (Json const& one : answer.at("differences")) {
            screen.say(fmt::format(
                "{} {} {}: {} is {}, the log says {}", screen.style()(Ink::red, "✗"),
                text_or(one, "table", text_or(one, "table_name", "?")), printable(value_text(one, "key")),
                text_or(one, "column", text_or(one, "column_name", "?")), printable(value_text(one, "found")),
                printable(value_text(one, "expected"))));
        }
    }
    auto events = number_or(answer, "events", 0);
    screen.say(ok ? fmt::format("{} {} events replayed: the state is what the log says",
                                screen.style()(Ink::green, "✓"), events)
                  : fmt::format("{} the state is not what the log says", screen.style()(Ink::red, "✗")));
    return ok ? 0 : 1;
}

// Where there is no terminal: a line an event, each when it is due.
int play_lines(Context& context, ReplayFlags const& flags) {
    Stretch stretch = stretch_of(context, flags);
    Player player = player_of(flags);
    Screen& screen = context.screen();
    Teller teller;
    while (!stretch.at_end || player.waiting() > 0) {
        if (player.waiting() == 0) player.add(stretch.take(context.call("events.list", stretch.next_page())));
        auto due = player.due();
        if (!due) continue;
        auto left = std::chrono::ceil<Millis>(*due - std::chrono::steady_clock::now());
        if (left > Millis(0)) context.pause(left);
        auto event = player.take(std::chrono::steady_clock::now());
        if (!event) continue;
        screen.document(event_to_json(*event));
        screen.say(teller.line(*event, screen.style(), clock_now(), flags.everywhere));
    }
    return 0;
}

int replay(Context& context, ReplayFlags const& flags) {
    if (flags.verify) return verify(context);
    if (flags.from.empty())
        refuse(
            ErrorCode::usage, "replay needs --from or --verify",
            "`fleet replay --from 10m --speed 10` plays the last ten minutes, `--verify` compares the state "
            "with the log.");
    bool full = !flags.plain && !context.is_json() && FullScreen::is_possible();
    return full ? live_replay(context, flags) : play_lines(context, flags);
}

}  // namespace

void add_replay(Menu& menu) {
    auto flags = std::make_shared<ReplayFlags>();
    auto& app = menu.command("replay", "Play a stretch of the past; or make the state again and compare",
                             "Log", [flags](Context& context) { return replay(context, *flags); });
    app.add_option("--from", flags->from, "From this seq or time on; 10m: ten minutes ago")
        ->type_name("MOMENT");
    app.add_option("--to", flags->to, "Up to this seq or time; default: now")->type_name("MOMENT");
    app.add_option("--speed", flags->speed, "So many times as fast as it was; max: without waiting")
        ->type_name("N");
    app.add_option("--longest-gap", flags->gap, "No silence lasts longer; default 3s")->type_name("TIME");
    app.add_option("--filter", flags->filters,
                   "Only these: a type, a kind of thing (sortie), or actor=, type=, kind=, id=, about=")
        ->type_name("WHAT");
    app.add_flag("--plain", flags->plain, "Lines instead of the full screen (p pauses there, n steps)");
    app.add_flag("--all-projects", flags->everywhere, "Events of every project");
    app.add_flag("--verify", flags->verify, "Compare every column and name what differs (exit 1)");
    app.footer("\nExample: fleet replay --from 2h --to 1h --speed 60 --filter sortie\n");
}

}  // namespace fleet::cli
