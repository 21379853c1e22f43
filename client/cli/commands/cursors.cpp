// fleet cursors: durable positions of consumers.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

void show_table(Screen& screen, Json const& items, bool everywhere) {
    Time now = clock_now();
    Table table(everywhere ? std::vector<std::string>{"PROJECT", "CURSOR", "AT", "BEHIND", "MOVED"}
                           : std::vector<std::string>{"CURSOR", "AT", "BEHIND", "MOVED"});
    for (Json const& one : items) {
        auto lag = number_or(one, "lag", 0);
        auto behind =
            lag == 0 ? screen.style()(Ink::green, "0") : screen.style()(Ink::yellow, std::to_string(lag));
        std::vector<std::string> row{printable(text_or(one, "consumer", "?")),
                                     fmt::format("#{}", number_or(one, "seq", 0)), behind,
                                     ago_member(one, "moved_at", now)};
        if (everywhere) row.insert(row.begin(), printable(text_or(one, "project", "")));
        table.row(std::move(row));
    }
    screen.table(table, "no cursor; a subscription with --cursor NAME makes one");
}

int list(Context& context, bool everywhere) {
    Json answer = context.call("cursors.list",
                               everywhere ? Json::object() : Json{{"project", context.require_project()}});
    context.screen().document(answer);
    if (!context.is_json()) show_table(context.screen(), answer.at("items"), everywhere);
    return 0;
}

int show(Context& context, std::string const& name) {
    Json answer = context.call("cursors.show", {{"name", name}});
    context.screen().document(answer);
    if (!context.is_json()) show_table(context.screen(), Json::array({answer}), false);
    return 0;
}

// A name with a space in it would be another cursor than the one that was meant.
void check_name(std::string const& name) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-@";
    bool good = !name.empty() && name.size() <= 100 && name.find_first_not_of(allowed) == std::string::npos;
    if (good) return;
    refuse(ErrorCode::invalid_field, fmt::format("\"{}\" is no name of a cursor", name),
           "Up to 100 letters, digits and . _ : / - @, such as ci-runner.", "/name");
}

int ack(Context& context, std::string const& name, std::int64_t seq) {
    check_name(name);
    Json answer = context.call("cursors.advance", {{"name", name}, {"seq", seq}});
    context.screen().document(answer);
    bool moved = flag_or(answer, "moved", false);
    context.screen().say(fmt::format("{} {} at #{}", printable(name), moved ? "is now" : "stays: it is",
                                     number_or(answer, "at", seq)));
    return 0;
}

int drop(Context& context, std::string const& name) {
    Json answer = context.call("cursors.drop", {{"name", name}});
    context.screen().document(answer);
    context.screen().done(fmt::format("{} is forgotten", printable(name)));
    return 0;
}

}  // namespace

void add_cursors(Menu& menu) {
    auto& cursors = menu.group("cursors", "Durable positions of consumers", "Log");
    auto everywhere = std::make_shared<bool>(false);
    menu.command(cursors, "list", "All of them, and how far each is behind",
                 [=](Context& context) { return list(context, *everywhere); })
        .add_flag("--all-projects", *everywhere, "Those of every project");
    auto name = std::make_shared<std::string>();
    menu.command(cursors, "show", "One of them", [=](Context& context) { return show(context, *name); })
        .add_option("name", *name, "The cursor")
        ->required()
        ->type_name("NAME");
    auto seq = std::make_shared<std::int64_t>(0);
    auto& moving = menu.command(cursors, "ack", "Move it forward; makes it when it is new",
                                [=](Context& context) { return ack(context, *name, *seq); });
    moving.alias("advance");
    moving.add_option("name", *name, "The cursor")->required()->type_name("NAME");
    moving.add_option("seq", *seq, "The last seq that was dealt with")->required()->type_name("SEQ");
    menu.command(cursors, "drop", "Forget it, for a consumer that is gone or must start again",
                 [=](Context& context) { return drop(context, *name); })
        .add_option("name", *name, "The cursor")
        ->required()
        ->type_name("NAME");
}

}  // namespace fleet::cli
