// fleet files: may I write this, and who has it.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/path_argument.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>
#include <fleet/pattern.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

// The token of what this pilot reserved from here and that covers the path; 0: nothing does.
std::int64_t kept_token(Context& context, std::string const& path) {
    auto pilot = must(context.store().read(context.require_callsign()));
    for (auto const& [id, kept] : pilot.reservations) {
        for (std::string const& text : kept.patterns) {
            auto pattern = Pattern::parse(text);
            if (pattern && pattern->matches(path)) return kept.token;
        }
    }
    return 0;
}

int check(Context& context, std::vector<std::string> const& typed, std::int64_t token) {
    std::vector<std::string> paths;
    for (std::string const& one : typed) paths.push_back(must(path_argument(context.place(), one)));
    if (token == 0) token = kept_token(context, paths.front());
    if (token == 0) {
        refuse(ErrorCode::stale_token, fmt::format("you hold nothing that covers {}", paths.front()),
               "`fleet reserve` it first, or give the token: --token N.");
    }
    Json answer = context.call("files.check", {{"paths", paths}, {"token", token}});
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return flag_or(answer, "ok", false) ? 0 : 5;
    for (Json const& one : answer.at("items")) {
        bool ok = flag_or(one, "ok", false);
        auto why = text_or(one, "reason", "");
        screen.say(
            fmt::format("{} {}{}", ok ? screen.style()(Ink::green, "✓") : screen.style()(Ink::red, "✗"),
                        printable(text_or(one, "path", "")), why.empty() ? "" : ": " + printable(why)));
    }
    return flag_or(answer, "ok", false) ? 0 : 5;
}

int who(Context& context, std::string const& typed) {
    auto argument = must(pattern_argument(context.place(), typed));
    Json answer = context.call("files.who", {{"path", argument.pattern}});
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    Time now = clock_now();
    if (answer.at("items").empty()) screen.say(fmt::format("nobody holds {}", argument.pattern));
    for (Json const& one : answer.at("items")) {
        auto why = text_or(one, "reason", "");
        screen.say(fmt::format(
            "{} holds {} ({}), {}{}", screen.style()(Ink::bold, printable(text_or(one, "holder", "?"))),
            printable(list_member(one, "patterns")), text_or(one, "mode", ""),
            left_member(one, "expires_at", now), why.empty() ? "" : ": " + printable(why)));
    }
    return 0;
}

int overlap(Context& context, std::string const& a, std::string const& b) {
    Json answer = context.call("files.explain_overlap", {{"a", a}, {"b", b}});
    context.screen().document(answer);
    auto witness = text_or(answer, "witness", text_or(answer, "path", ""));
    context.screen().say(flag_or(answer, "overlap", flag_or(answer, "collide", false))
                             ? fmt::format("both match {}", printable(witness))
                             : std::string("no path matches both"));
    return 0;
}

}  // namespace

void add_files(Menu& menu) {
    auto& files = menu.group("files", "May I write this, and who has it", "Files");
    auto paths = std::make_shared<std::vector<std::string>>();
    auto token = std::make_shared<std::int64_t>(0);
    auto& checking = menu.command(files, "check", "Whether a token still protects these paths (exit 5: no)",
                                  [=](Context& context) { return check(context, *paths, *token); });
    checking.add_option("path", *paths, "The files")->required()->type_name("PATH");
    checking.add_option("--token", *token, "The token; left out: of what you reserved from here")
        ->type_name("N");
    auto path = std::make_shared<std::string>();
    menu.command(files, "who", "Who holds a path, or what overlaps a pattern",
                 [=](Context& context) { return who(context, *path); })
        .add_option("path", *path, "A path or pattern")
        ->required()
        ->type_name("PATH");
    auto second = std::make_shared<std::string>();
    auto& both = menu.command(files, "overlap", "Whether two patterns share a path, and which",
                              [=](Context& context) { return overlap(context, *path, *second); });
    both.add_option("a", *path, "A pattern")->required()->type_name("PATTERN");
    both.add_option("b", *second, "Another")->required()->type_name("PATTERN");
}

}  // namespace fleet::cli
