// fleet board: missions, sorties and pilots on one page.
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/menu.hpp"
#include "cli/screen/board_lines.hpp"
#include "cli/screen/words.hpp"

#include <unistd.h>

namespace fleet::cli {
namespace {

struct BoardFlags {
    std::string mission{};
    bool all = false;
    bool plain = false;
    bool everywhere = false;
    int limit = 20;
};

int board(Context& context, BoardFlags const& flags) {
    Json args{{"limit", flags.limit}};
    if (!flags.everywhere) args["project"] = context.require_project();
    if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
    if (flags.all) args["all"] = true;
    Json answer = context.call("board", std::move(args));
    Screen& screen = context.screen();
    screen.document(answer);
    if (context.is_json()) return 0;
    bool terminal = ::isatty(1) == 1;
    Look look{screen.style(), terminal ? columns_of(1) : 200, clock_now(), flags.everywhere};
    auto lines = terminal && !flags.plain ? board_picture(answer, look) : board_plain(answer, look);
    for (std::string const& line : lines)
        screen.say(terminal && !flags.plain ? cut_to(line, look.columns) : line);
    if (lines.empty()) screen.note("nothing is going on; `fleet missions create TITLE` sets a goal");
    return 0;
}

}  // namespace

void add_board(Menu& menu) {
    auto flags = std::make_shared<BoardFlags>();
    auto& app = menu.command("board", "Missions, their sorties, and who works on what", "Work",
                             [flags](Context& context) { return board(context, *flags); });
    app.add_option("--mission", flags->mission, "Only this one")->type_name("MISSION");
    app.add_flag("--all", flags->all, "What has ended, too");
    app.add_option("--limit,-n", flags->limit, "How many missions")
        ->type_name("N")
        ->check(CLI::Range(1, 200));
    app.add_flag("--plain", flags->plain, "One line a thing, as where there is no terminal");
    app.add_flag("--all-projects", flags->everywhere, "Of every project");
}

}  // namespace fleet::cli
