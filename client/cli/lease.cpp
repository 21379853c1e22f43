#include "cli/lease.hpp"

#include "cli/checkpoint_store.hpp"
#include "cli/context.hpp"
#include "cli/screen/words.hpp"
#include "cli/token_store.hpp"

#include <fleet/id.hpp>
#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {

LeaseKind const sortie_lease{.entity = sortie_entity,
                             .fence = "sortie",
                             .kept = &KeptPilot::sorties,
                             .open = "assigned in_progress blocked review"};
LeaseKind const order_lease{
    .entity = order_entity, .fence = "work_order", .kept = &KeptPilot::work_orders, .open = "claimed"};

namespace {

bool is_open(LeaseKind const& kind, Json const& answer) {
    auto status = text_or(answer, "status", "");
    return status.empty() || kind.open.find(status) != std::string_view::npos;
}

std::string kept_list(std::map<std::string, KeptLease> const& kept) {
    std::vector<std::string> lines;
    for (auto const& [id, one] : kept) lines.push_back(fmt::format("{} ({})", short_id(id), one.title));
    return joined(lines, ", ");
}

// Others may have ended what was claimed from here: a reviewer, an operator, time.
void forget_ended(Context& context, LeaseKind const& kind, KeptPilot& pilot) {
    auto& kept = pilot.*kind.kept;
    for (auto one = kept.begin(); one != kept.end();) {
        auto shown = context.try_call(
            std::string(kind.entity.show),
            {{"project", context.require_project()}, {std::string(kind.entity.id_field), one->first}});
        bool gone = shown ? !is_open(kind, *shown) : shown.error().code == ErrorCode::not_found;
        auto holder = shown ? text_or(*shown, "pilot", text_or(*shown, "claimed_by", pilot.callsign)) : "";
        if (shown && holder != pilot.callsign) gone = true;
        if (gone) forget_lease(context, kind, one->first);
        one = gone ? kept.erase(one) : std::next(one);
    }
}

// Whose it is says more than whose it is not.
void refuse_if_known(Context& context, LeaseKind const& kind, KeptPilot const& pilot, std::string const& id) {
    Json args{{"project", context.require_project()}};
    args[std::string(kind.entity.id_field)] = id;
    auto shown = context.try_call(std::string(kind.entity.show), std::move(args));
    if (!shown || !is_open(kind, *shown)) return;
    auto holder = text_or(*shown, "pilot", text_or(*shown, "claimed_by", ""));
    auto title = text_or(*shown, "title", text_or(*shown, "kind", short_id(id)));
    if (holder.empty()) return;
    if (holder == pilot.callsign) {
        refuse(ErrorCode::usage,
               fmt::format("{} ({}) is yours, but was claimed elsewhere", title, short_id(id)),
               "Add its token: --token N.");
    }
    refuse(ErrorCode::forbidden,
           fmt::format("{} has {} ({}), not {}", holder, title, short_id(id), pilot.callsign));
}

[[noreturn]] void none_held(LeaseKind const& kind, KeptPilot const& pilot, std::string const& typed) {
    auto const& kept = pilot.*kind.kept;
    auto word = kind.entity.word;
    auto claim = kind.fence == "sortie" ? "fleet sorties claim" : "fleet orders claim";
    if (kept.empty()) {
        refuse(ErrorCode::not_found,
               fmt::format("{} has no {} that was claimed from here", pilot.callsign, word),
               fmt::format("`{}` takes one; --token N proves one that was claimed elsewhere.", claim));
    }
    if (typed.empty()) {
        refuse(ErrorCode::usage, fmt::format("{} has several {}s", pilot.callsign, word),
               fmt::format("Name one of: {}", kept_list(kept)));
    }
    refuse(ErrorCode::not_found, fmt::format("{} has no {} called {}", pilot.callsign, word, typed),
           fmt::format("Name one of: {}", kept_list(kept)));
}

std::vector<Held> matching(std::map<std::string, KeptLease> const& kept, std::string const& typed) {
    std::vector<Held> found;
    for (auto const& [id, one] : kept) {
        if (typed.empty() || one.title == typed || id_matches(id, typed))
            found.push_back({id, one.token, one.title});
    }
    return found;
}

}  // namespace

void keep_lease(Context& context, LeaseKind const& kind, Json const& granted) {
    auto id = text_or(granted, kind.entity.id_field, "");
    KeptLease one{.token = number_or(granted, "token", 0),
                  .title = text_or(granted, "title", text_or(granted, "kind", "")),
                  .lease_until = text_or(granted, "lease_until", "")};
    must(context.store().change(context.require_callsign(), [&](KeptPilot& pilot) {
        if (pilot.project.empty()) pilot.project = context.project();
        (pilot.*kind.kept)[id] = one;
    }));
}

void forget_lease(Context& context, LeaseKind const& kind, std::string const& id) {
    must(context.store().change(context.require_callsign(),
                                [&](KeptPilot& pilot) { (pilot.*kind.kept).erase(id); }));
}

Held held_lease(Context& context, LeaseKind const& kind, std::string const& typed, std::int64_t token) {
    auto pilot = must(context.store().read(context.require_callsign()));
    auto found = matching(pilot.*kind.kept, typed);
    if (found.size() > 1) {
        forget_ended(context, kind, pilot);
        found = matching(pilot.*kind.kept, typed);
    }
    if (found.size() == 1) {
        if (token > 0) found.front().token = token;
        return found.front();
    }
    if (found.empty() && !typed.empty()) {
        auto id = id_of(context, kind.entity, typed);
        if (token > 0) return {id, token, typed};
        if (auto kept = (pilot.*kind.kept).find(id); kept != (pilot.*kind.kept).end())
            return {id, kept->second.token, kept->second.title};
        refuse_if_known(context, kind, pilot, id);
    }
    none_held(kind, pilot, typed);
}

std::string held_or_named(Context& context, LeaseKind const& kind, std::string const& typed) {
    if (typed.empty()) return held_lease(context, kind, typed, 0).id;
    return id_of(context, kind.entity, typed);
}

Json call_held(Context& context, LeaseKind const& kind, std::string operation, Json args, Held const& held) {
    args[std::string(kind.entity.id_field)] = held.id;
    args["fence"] = {{"kind", kind.fence}, {"id", held.id}, {"token", held.token}};
    auto answer = context.try_call(std::move(operation), std::move(args));
    bool gone =
        answer ? !is_open(kind, *answer)
               : answer.error().code == ErrorCode::stale_token || answer.error().code == ErrorCode::not_found;
    if (gone) forget_lease(context, kind, held.id);
    if (!answer && answer.error().code == ErrorCode::stale_token) {
        Error error = answer.error();
        error.hint = fmt::format("Stop: it is not yours any more. `fleet {} claim` takes another one.",
                                 kind.fence == "sortie" ? "sorties" : "orders");
        throw ErrorException(std::move(error));
    }
    Json done = must(std::move(answer));
    // The command was worth a checkpoint: its copy is made while there is a daemon to ask.
    if (auto id = text_or(done, "checkpoint", ""); !id.empty()) keep_copy(context, id);
    return done;
}

}  // namespace fleet::cli
