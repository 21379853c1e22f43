// fleet replay: the state, made again from the log.
#include "cli/context.hpp"
#include "cli/menu.hpp"
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

}  // namespace

void add_replay(Menu& menu) {
    auto checks = std::make_shared<bool>(false);
    auto run = [checks](Context& context) {
        if (!*checks)
            refuse(ErrorCode::usage, "replay needs --verify",
                   "`fleet replay --verify` compares the state with the log.");
        return verify(context);
    };
    menu.command("replay", "Make the state again from the log, beside the present one", "Log", run)
        .add_flag("--verify", *checks, "Compare every column and name what differs (exit 1)");
}

}  // namespace fleet::cli
