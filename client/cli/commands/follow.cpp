#include "cli/commands/follow.hpp"

#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {

void add_follow_flags(CLI::App& app, FollowFlags& flags) {
    app.add_option("--type", flags.types, "Only events of this type; may be given again")
        ->type_name("TYPE")
        ->delimiter(',');
    app.add_option("--stream", flags.stream, "Only events of this entity")->type_name("ID");
    app.add_option("--after", flags.after, "From behind this position; start: from the first event")
        ->type_name("POSITION");
    app.add_option("--cursor", flags.cursor, "From where this durable cursor stands, and move it")
        ->type_name("NAME");
    app.add_option("--direct", flags.direct, "Straight on Postgres, without a daemon")->type_name("DSN");
    app.add_option("--max", flags.max, "End after so many events")->type_name("N");
    app.add_flag("--all-projects", flags.everywhere, "Events of every project");
}

Subscription open_subscription(Context& context, FollowFlags const& flags) {
    SubscriptionOptions options;
    if (!flags.everywhere) options.project = context.require_project();
    options.every_project = flags.everywhere;
    options.types = flags.types;
    options.stream_id = flags.stream;
    options.cursor = flags.cursor;
    if (!flags.after.empty()) options.after = flags.after;
    options.pauses.longest = Millis(2'000);
    if (flags.direct.empty()) return Subscription(context.client(), std::move(options));
    DirectOptions direct;
    direct.dsn = flags.direct;
    direct.subscription = std::move(options);
    return Subscription(context.loop().get_executor(), std::move(direct));
}

void FollowLines::show(Event const& event) {
    context_.screen().document(event_to_json(event));
    context_.screen().say(teller_.line(event, context_.screen().style(), clock_now(), with_project_));
}

void FollowLines::learn_names() {
    if (context_.is_json()) return;
    Json args{{"limit", 1'000}};
    if (!with_project_) args["project"] = context_.require_project();
    auto pilots = context_.try_call("pilots.list", args);
    if (pilots) learn(*pilots, "pilot_id", "callsign");
    auto sorties = args;
    sorties["status"] = "open";
    if (auto open = context_.try_call("sorties.list", std::move(sorties))) learn(*open, "sortie_id", "title");
    auto missions = args;
    missions["status"] = "pending,in_progress,review";
    if (auto open = context_.try_call("missions.list", std::move(missions)))
        learn(*open, "mission_id", "title");
    args["status"] = "active";
    auto held = context_.try_call("reservations.list", std::move(args));
    if (held) learn(*held, "reservation_id", "patterns");
}

void FollowLines::learn(Json const& page, char const* id, char const* name) {
    if (!page.contains("items")) return;
    for (Json const& one : page.at("items")) teller_.remember(text_or(one, id, ""), list_member(one, name));
}

int follow_events(Context& context, FollowFlags const& flags, FollowLines& lines) {
    // A daemon that was never there is told at once; one that goes away later is waited for.
    if (flags.direct.empty()) {
        context.call("healthz");
        lines.learn_names();
    }
    Subscription subscription = open_subscription(context, flags);
    for (std::int64_t seen = 0; flags.max == 0 || seen < flags.max; ++seen) {
        auto event =
            context.wait<Event>([&](Completion<Event> done) { subscription.async_next(std::move(done)); });
        if (context.was_interrupted()) return 0;
        lines.show(must(event));
        if (flags.cursor.empty()) continue;
        must(context.wait<Cursor>(
            [&](Completion<Cursor> done) { subscription.async_ack(event->seq, std::move(done)); }));
    }
    return 0;
}

}  // namespace fleet::cli
