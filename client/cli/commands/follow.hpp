#pragma once
// Following the log line by line: `events tail`, and `watch` where there is no terminal.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/screen/event_line.hpp"

#include <fleet/subscription.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace fleet::cli {

struct FollowFlags {
    std::vector<std::string> types{};
    std::string stream{};
    std::string after{};   // position, "start"; "": now
    std::string cursor{};  // a durable cursor, moved as events are shown
    std::string direct{};  // a DSN: straight on Postgres
    std::int64_t max = 0;  // ends after so many; 0: never
    bool everywhere = false;
};

void add_follow_flags(CLI::App& app, FollowFlags& flags);

Subscription open_subscription(Context& context, FollowFlags const& flags);

// Shows events as lines; counts them.
class FollowLines {
public:
    FollowLines(Context& context, FollowFlags const& flags)
        : context_(context), with_project_(flags.everywhere) {}
    void show(Event const& event);
    // Who is on duty and what is held when it begins, so that what comes can be told by name.
    void learn_names();

private:
    void learn(Json const& page, char const* id, char const* name);

    Context& context_;
    bool with_project_;
    Teller teller_{};
};

// Until Ctrl-C (which is the way to end it: exit 0), `max` events, or an error that stays.
int follow_events(Context& context, FollowFlags const& flags, FollowLines& lines);

}  // namespace fleet::cli
