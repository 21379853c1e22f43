// fleet sorties claim.
#include "cli/commands/waiting_line.hpp"
#include "cli/commands/work_screen.hpp"
#include "cli/context.hpp"
#include "cli/entity.hpp"
#include "cli/input.hpp"
#include "cli/lease.hpp"
#include "cli/menu.hpp"
#include "cli/screen/members.hpp"
#include "cli/screen/words.hpp"
#include "cli/waiting.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct ClaimFlags {
    std::string sortie{};
    std::string mission{};
    std::string role{};
    std::vector<std::string> capabilities{};
    std::string lease{};
    std::string wait{};
    bool reserve = false;
    bool start = false;
};

// What has ended will not be ready again; what waits or is another's may be.
bool comes_with_time(Error const& error) {
    if (error.code == ErrorCode::nothing_ready) return true;
    auto found = error.detail.is_object() ? text_or(error.detail, "found", "") : std::string();
    bool ended = found == "completed" || found == "failed" || found == "cancelled" || found == "skipped";
    return error.code == ErrorCode::transition_refused && !ended;
}

Json claimed(Context& context, ClaimFlags const& flags) {
    Json args = Json::object();
    put_seconds(args, "lease_seconds", flags.lease, "--lease");
    bool any = flags.sortie.empty();
    if (any) {
        if (!flags.mission.empty()) args["mission_id"] = id_of(context, mission_entity, flags.mission);
        put(args, "role", flags.role);
        put(args, "capabilities", flags.capabilities);
    } else {
        args["sortie_id"] = id_of(context, sortie_entity, flags.sortie);
    }
    Patience patience{.waiting = any ? "waiting until a sortie is ready" : "waiting until it can be claimed"};
    if (!flags.wait.empty()) patience.wait = duration_flag(flags.wait, "--wait");
    auto is_there = [](Result<Json> const& answer) { return answer || !comes_with_time(answer.error()); };
    if (any) return must(call_waiting(context, "sorties.claim_next", std::move(args), patience, is_there));
    return must(call_again(context, "sorties.claim", args, patience, is_there));
}

Json reserved(Context& context, Json const& sortie, std::string const& wait) {
    auto callsign = context.require_callsign();
    Json args{{"patterns", sortie.at("files")},
              {"sortie_id", text_or(sortie, "sortie_id", "")},
              {"reason", text_or(sortie, "title", "")},
              {"ttl_seconds", whole_seconds(Millis(context.settings().reservation_ttl))}};
    put_seconds(args, "wait_seconds", wait, "--wait");
    auto granted = reserve_waiting(context, callsign, std::move(args));
    if (granted) {
        keep_reservation(context, callsign, *granted);
        return *std::move(granted);
    }
    Error error = granted.error();
    error.hint = fmt::format(
        "You have the sortie, but not its files: `fleet sorties claim {} --reserve --wait 10m`, "
        "or `fleet sorties return`.",
        short_id(text_or(sortie, "sortie_id", "")));
    throw ErrorException(std::move(error));
}

bool has_files(Json const& sortie) {
    return sortie.contains("files") && sortie.at("files").is_array() && !sortie.at("files").empty();
}

void say_claimed(Screen& screen, Json const& sortie) {
    screen.done(fmt::format("you have {}, token {}{}", titled(screen, sortie, "sortie_id"),
                            number_or(sortie, "token", 0), [&] {
                                auto left = left_member(sortie, "lease_until", clock_now());
                                return left.empty() ? left : ": " + left;
                            }()));
    if (screen.is_json() || screen.is_quiet()) return;
    say_member(screen, "mission", text_or(sortie, "mission_title", short_member(sortie, "mission_id")));
    say_member(screen, "files", list_member(sortie, "files"));
    if (auto kept = number_or(sortie, "progress", 0); kept > 0)
        say_member(screen, "progress", fmt::format("{}%", kept));
    say_text(screen, "", text_or(sortie, "description", ""));
}

int claim(Context& context, ClaimFlags const& flags) {
    context.require_callsign();
    context.require_project();
    Screen& screen = context.screen();
    Json sortie = claimed(context, flags);
    keep_lease(context, sortie_lease, sortie);
    Held held{text_or(sortie, "sortie_id", ""), number_or(sortie, "token", 0)};
    say_claimed(screen, sortie);
    if (flags.reserve && has_files(sortie)) {
        Json granted = [&] {
            try {
                return reserved(context, sortie, flags.wait);
            } catch (ErrorException const&) {
                screen.document(sortie);
                throw;
            }
        }();
        screen.done(fmt::format("you hold {}, token {}", printable(list_member(granted, "patterns")),
                                number_or(granted, "token", 0)));
        sortie["reservation"] = std::move(granted);
    }
    if (flags.start) {
        Json begun = call_held(context, sortie_lease, "sorties.start", Json::object(), held);
        sortie.update(begun);
        screen.done("started");
    }
    screen.document(sortie);
    if (!flags.start) screen.note("  → next: fleet sorties start");
    return 0;
}

}  // namespace

void add_sortie_claim(Menu& menu, CLI::App& sorties) {
    auto flags = std::make_shared<ClaimFlags>();
    auto& app = menu.command(sorties, "claim", "Take one: without a name the best that is ready and fits you",
                             [flags](Context& context) { return claim(context, *flags); });
    app.add_option("sortie", flags->sortie, "Its id, an end of it, or its name")->type_name("SORTIE");
    app.add_option("--mission", flags->mission, "Only of this mission")->type_name("MISSION");
    app.add_option("--role", flags->role, "Only what wants this role")->type_name("ROLE");
    app.add_option("--capability", flags->capabilities, "Only what wants this; may be given again")
        ->type_name("WORD")
        ->allow_extra_args(false);
    app.add_option("--lease", flags->lease, "How long it stays yours without a sign of life; default 15m")
        ->type_name("TIME");
    app.add_option("--wait", flags->wait, "Wait so long for one to be ready")->type_name("TIME");
    app.add_flag("--reserve", flags->reserve, "Reserve its files, too, until it ends");
    app.add_flag("--start", flags->start, "Start it at once");
    app.footer("\nExample: fleet sorties claim --wait 10m --reserve --start\n");
}

}  // namespace fleet::cli
