// fleet watch: the fleet, live.
#include "cli/commands/follow.hpp"
#include "cli/commands/live_board.hpp"
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/full_screen.hpp"

#include <unistd.h>

namespace fleet::cli {
namespace {

int watch(Context& context, FollowFlags const& flags, bool plain) {
    bool full = !plain && !context.is_json() && flags.max == 0 && FullScreen::is_possible();
    if (full) return live_board(context, flags);
    if (::isatty(2) == 1) context.screen().note("following; Ctrl-C ends");
    FollowLines lines(context, flags);
    return follow_events(context, flags, lines);
}

}  // namespace

void add_watch(Menu& menu) {
    auto flags = std::make_shared<FollowFlags>();
    auto plain = std::make_shared<bool>(false);
    auto& app = menu.command("watch", "See each event as it happens (q ends)", "Log",
                             [=](Context& context) { return watch(context, *flags, *plain); });
    app.add_flag("--plain", *plain, "Lines instead of the full screen");
    add_follow_flags(app, *flags);
}

}  // namespace fleet::cli
