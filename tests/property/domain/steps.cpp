#include "domain/draws.hpp"

namespace fleet::walk {

Step step(std::string op, std::string actor, Json args) {
    Step made;
    made.op = std::move(op);
    made.actor = std::move(actor);
    made.args = std::move(args);
    return made;
}

Step fenced(std::string op, std::string actor, Json args, char const* kind, std::string const& id,
            std::int64_t token) {
    auto made = step(std::move(op), std::move(actor), std::move(args));
    made.fence = Json{{"kind", kind}, {"id", id}, {"token", std::max<std::int64_t>(token, 1)}};
    return made;
}

namespace {

Step on_pilot(Draws& draws, Model const& model) {
    auto callsign = draws.of(callsigns);
    auto const known = model.pilots.find(callsign);
    bool const gone = known == model.pilots.end() || known->second.state == "stale" ||
                      known->second.state == "deregistered";
    // Somebody has to be there.
    auto const what = gone && draws.chance(70) ? 0 : draws.below(5);
    switch (what) {
        case 0:
        case 1: {
            Json args{{"callsign", callsign}, {"program", "test"}, {"model", "none"}};
            if (draws.chance(40)) args["resume"] = true;
            // Always the same role: what a pilot may claim does not change under its hands.
            if (callsign == "bob" || callsign == "cid")
                args["role"] = callsign == "bob" ? roles[0] : roles[1];
            return step("register_pilot", callsign, args);
        }
        case 2:
        case 3: {
            Json args{{"callsign", callsign}, {"to", draws.chance(50) ? "active" : "idle"}};
            return step("set_pilot_status", callsign, args);
        }
        default: break;
    }
    return step("deregister_pilot", callsign, {{"callsign", callsign}, {"reason", "manual"}});
}

Step on_mail(Draws& draws, Model const& model) {
    auto actor = draws.of(callsigns);
    auto const what = draws.below(10);
    if (what < 5) {
        Json to = Json::array();
        if (draws.chance(10)) to.push_back("*");
        auto const drawn = draws.next();
        for (std::size_t i = 0; i < callsigns.size(); ++i) {
            // Nobody writes to himself, and "*" stands alone.
            bool const wanted =
                (drawn >> i) % 4 == 0 && callsigns[i] != actor && (to.empty() || to[0] != "*");
            if (wanted) to.push_back(callsigns[i]);
        }
        if (draws.chance(5) && (to.empty() || to[0] != "*")) to.push_back("nobody-9");
        if (to.empty()) to.push_back(actor == callsigns[0] ? callsigns[1] : callsigns[0]);
        Json args{{"to", to}, {"subject", "hello"}, {"body", "a text"}, {"message_id", new_id("msg")}};
        if (draws.chance(30)) args["ack_required"] = true;
        if (draws.chance(20)) args["in_reply_to"] = draws.one(model.letters, "msg");
        return step("send_message", actor, args);
    }
    auto const id = draws.one(model.letters, "msg");
    auto const letter = model.letters.find(id);
    // Mostly one of those it was written to.
    if (letter != model.letters.end() && draws.chance(80)) {
        auto at = letter->second.boxes.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(draws.below(letter->second.boxes.size())));
        actor = at->first;
    }
    return step(what < 8 ? "read_message" : "ack_message", actor, {{"message_id", id}});
}

Step on_halt(Draws& draws, Model const& model) {
    bool const lifts = !model.halts.empty() && draws.chance(85);
    std::array<std::string, 4> const kinds{"fleet", "project", "pilot", "mission"};
    Json args{{"scope_kind", draws.of(kinds)}, {"reason", "stop"}};
    if (args["scope_kind"] == "pilot") args["scope_id"] = draws.of(callsigns);
    if (args["scope_kind"] == "mission") args["scope_id"] = draws.one(model.missions, "msn");
    if (lifts && draws.chance(95)) {
        auto at = model.halts.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(draws.below(model.halts.size())));
        auto const space = at->find(' ');
        args = Json{{"scope_kind", at->substr(0, space)}, {"reason", "go on"}};
        if (space != std::string::npos) args["scope_id"] = at->substr(space + 1);
    }
    auto made = step(lifts ? "lift_halt" : "halt", "boss", args);
    made.as_operator = draws.chance(90);
    return made;
}

}  // namespace

std::vector<Choice> draw_choices(std::uint32_t seed, std::size_t count) {
    std::mt19937 random{seed};
    std::vector<Choice> choices(count);
    for (auto& choice : choices) {
        choice.kind = static_cast<std::uint32_t>(random());
        choice.seed = static_cast<std::uint32_t>(random());
    }
    return choices;
}

Event event_of(Choice const& choice, Model const& model) {
    Draws draws{choice};
    Event event;
    auto const kind = choice.kind % 1'000;
    // At first there has to be somebody.
    if (kind < 60 || model.pilots.size() < 3) {
        event.step = on_pilot(draws, model);
        return event;
    }
    if (kind < 75) {
        event.silent = draws.of(callsigns);
        return event;
    }
    // Time that really passes: seldom.
    if (kind < 77) {
        auto const ready = model.ready();
        if (!ready.empty() && model.halts.empty()) event.lapses = ready[draws.below(ready.size())];
    }
    if (!event.lapses.empty()) return event;
    // A halt does not last: nothing would happen.
    if (kind < 82 || (!model.halts.empty() && kind % 8 == 0))
        event.step = on_halt(draws, model);
    else if (kind < 220)
        event.step = on_mail(draws, model);
    else if (kind < 310)
        event.step = on_mission(draws, model);
    else if (kind < 400)
        event.step = new_sortie(draws, model);
    else if (kind < 500)
        event.step = claim_step(draws, model);
    else if (kind < 780)
        event.step = on_flight(draws, model);
    else if (kind < 810)
        event.step = on_sortie(draws, model);
    else
        event.step = on_orders(draws, model);
    return event;
}

}  // namespace fleet::walk
