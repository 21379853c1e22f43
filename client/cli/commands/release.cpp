// fleet extend, release: with the tokens that were kept.
#include "cli/context.hpp"
#include "cli/menu.hpp"
#include "cli/path_argument.hpp"
#include "cli/screen/words.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace fleet::cli {
namespace {

void forget(Context& context, std::string const& callsign, std::string const& id) {
    must(context.store().change(callsign, [&](KeptPilot& pilot) { pilot.reservations.erase(id); }));
}

struct Named {
    std::string id;
    std::int64_t token = 0;
    std::vector<std::string> patterns{};
};

std::string kept_list(KeptPilot const& pilot) {
    std::vector<std::string> lines;
    for (auto const& [id, kept] : pilot.reservations) {
        lines.push_back(fmt::format("{} ({})", short_id(id), joined(kept.patterns, " ")));
    }
    return joined(lines, ", ");
}

// Somebody else's, or one that has ended: what is known of it says more than "nothing called so".
void refuse_if_known(Context& context, KeptPilot const& pilot, std::string const& typed) {
    auto shown = context.try_call("reservations.show", {{"reservation_id", typed}});
    if (!shown) return;
    auto holder = text_or(*shown, "holder", "");
    auto files = list_member(*shown, "patterns");
    auto status = text_or(*shown, "status", "active");
    auto name = short_id(text_or(*shown, "reservation_id", typed));
    if (status != "active")
        refuse(ErrorCode::not_found, fmt::format("{} ({}) is not held any more: {}", name, files, status));
    if (holder == pilot.callsign) {
        refuse(ErrorCode::usage, fmt::format("{} ({}) is yours, but was reserved elsewhere", name, files),
               "Add its token: --token N.");
    }
    refuse(ErrorCode::forbidden, fmt::format("{} holds {} ({}), not {}", holder, files, name, pilot.callsign),
           "Its holder gives it back; `fleet release ID --force --reason …` takes it away (operators).");
}

// The kept reservation that is meant: by id, by the end of one, or by what it covers; "" means the only one.
Named named(Context& context, KeptPilot const& pilot, std::string const& typed, std::int64_t token) {
    std::vector<Named> found;
    auto pattern = typed.empty() ? std::string() : typed;
    if (auto below = pattern_argument(context.place(), typed.empty() ? "." : typed);
        below && !typed.empty()) {
        pattern = below->pattern;
    }
    for (auto const& [id, kept] : pilot.reservations) {
        bool covers = std::find(kept.patterns.begin(), kept.patterns.end(), pattern) != kept.patterns.end();
        if (typed.empty() || covers || id_matches(id, typed))
            found.push_back({id, kept.token, kept.patterns});
    }
    if (found.empty() && token > 0 && !typed.empty()) return {typed, token};
    if (found.size() == 1) {
        if (token > 0) found.front().token = token;
        return found.front();
    }
    if (found.empty() && !typed.empty()) refuse_if_known(context, pilot, typed);
    if (pilot.reservations.empty()) {
        refuse(ErrorCode::not_found,
               fmt::format("{} holds nothing that was reserved from here", pilot.callsign),
               "`fleet reservations` lists what is held; --token N proves one that was reserved elsewhere.");
    }
    auto message = found.empty() ? fmt::format("{} holds nothing called {}", pilot.callsign, typed)
                                 : std::string("several reservations could be meant");
    refuse(found.empty() ? ErrorCode::not_found : ErrorCode::usage, std::move(message),
           fmt::format("Name one of: {}", kept_list(pilot)));
}

CallOptions fenced(Named const& one) {
    CallOptions options;
    options.fence = Fence{one.id, one.token};
    return options;
}

// A token that counts no longer is of no use to anybody.
Json call_fenced(Context& context, std::string const& callsign, std::string operation, Json args,
                 Named const& one) {
    auto answer = context.try_call(std::move(operation), std::move(args), fenced(one));
    bool gone = !answer && (answer.error().code == ErrorCode::stale_token ||
                            answer.error().code == ErrorCode::not_found);
    if (gone) forget(context, callsign, one.id);
    return must(std::move(answer));
}

int extend(Context& context, std::string const& typed, std::string const& ttl, std::int64_t token) {
    auto callsign = context.require_callsign();
    auto one = named(context, must(context.store().read(callsign)), typed, token);
    auto time = ttl.empty() ? Millis(context.settings().reservation_ttl) : duration_flag(ttl, "--ttl");
    Json args{{"reservation_id", one.id}, {"ttl_seconds", whole_seconds(time)}};
    Json answer = call_fenced(context, callsign, "reservations.extend", std::move(args), one);
    auto until = text_or(answer, "expires_at", "");
    must(context.store().change(callsign, [&](KeptPilot& pilot) {
        if (auto kept = pilot.reservations.find(one.id); kept != pilot.reservations.end())
            kept->second.expires_at = until;
    }));
    context.screen().document(answer);
    context.screen().done(
        fmt::format("{}: {}", one.patterns.empty() ? short_id(one.id) : printable(joined(one.patterns, " ")),
                    left_member(answer, "expires_at", clock_now())));
    return 0;
}

struct ReleaseFlags {
    std::vector<std::string> names{};
    std::int64_t token = 0;
    bool all = false;
    bool force = false;
    std::string reason{};
};

int release_all(Context& context, std::string const& callsign) {
    Json answer = context.call("reservations.release_all");
    must(context.store().change(callsign, [](KeptPilot& pilot) { pilot.reservations.clear(); }));
    context.screen().document(answer);
    auto count =
        answer.contains("released") && answer.at("released").is_array() ? answer.at("released").size() : 0;
    context.screen().done(count == 0
                              ? std::string("you hold nothing")
                              : fmt::format("released {} reservation{}", count, count == 1 ? "" : "s"));
    return 0;
}

int force_release(Context& context, ReleaseFlags const& flags) {
    if (flags.names.empty())
        refuse(ErrorCode::usage, "--force needs the reservation's id", "`fleet reservations` lists them.");
    if (flags.reason.empty()) {
        refuse(ErrorCode::usage, "--force needs a reason",
               "Add --reason \"…\": the holder will want to know.", "--reason");
    }
    for (std::string const& id : flags.names) {
        Json answer =
            context.call("reservations.force_release", {{"reservation_id", id}, {"reason", flags.reason}});
        context.screen().document(answer);
        context.screen().done(
            fmt::format("took {} from {}", short_id(id), text_or(answer, "holder", "its holder")));
    }
    return 0;
}

int release(Context& context, ReleaseFlags const& flags) {
    if (flags.force) return force_release(context, flags);
    auto callsign = context.require_callsign();
    if (flags.all) return release_all(context, callsign);
    auto names = flags.names.empty() ? std::vector<std::string>{""} : flags.names;
    for (std::string const& name : names) {
        auto one = named(context, must(context.store().read(callsign)), name, flags.token);
        Json answer =
            call_fenced(context, callsign, "reservations.release", {{"reservation_id", one.id}}, one);
        forget(context, callsign, one.id);
        context.screen().document(answer);
        context.screen().done(fmt::format(
            "released {}", one.patterns.empty() ? short_id(one.id) : printable(joined(one.patterns, " "))));
    }
    return 0;
}

}  // namespace

void add_release(Menu& menu) {
    auto flags = std::make_shared<ReleaseFlags>();
    auto& app = menu.command("release", "Give files back", "Files",
                             [flags](Context& context) { return release(context, *flags); });
    app.add_option("name", flags->names, "Its id, the end of it, or what it covers; left out: the only one")
        ->type_name("ID");
    app.add_flag("--all", flags->all, "All that you hold or wait for");
    app.add_option("--token", flags->token, "Its token, when it was reserved elsewhere")->type_name("N");
    app.add_flag("--force", flags->force, "Take it away from another pilot (operators)");
    app.add_option("--reason", flags->reason, "Why it is taken away")->type_name("TEXT");
    auto name = std::make_shared<std::string>();
    auto ttl = std::make_shared<std::string>();
    auto token = std::make_shared<std::int64_t>(0);
    auto& longer = menu.command("extend", "Hold files longer", "Files",
                                [=](Context& context) { return extend(context, *name, *ttl, *token); });
    longer.add_option("name", *name, "Its id, the end of it, or what it covers; left out: the only one")
        ->type_name("ID");
    longer.add_option("--ttl", *ttl, "For how long from now; default 1h")->type_name("TIME");
    longer.add_option("--token", *token, "Its token, when it was reserved elsewhere")->type_name("N");
}

}  // namespace fleet::cli
