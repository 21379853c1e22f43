// Pilots and their mail.
#include "domain/model.hpp"

#include <fleet/json.hpp>

namespace fleet::walk {

Model::Answer Model::register_pilot(Step const& step) {
    auto const callsign = text_or(step.args, "callsign", "");
    auto const known = pilots.find(callsign);
    bool const at_work =
        known != pilots.end() && (known->second.state == "active" || known->second.state == "idle");
    if (at_work && !flag_or(step.args, "resume", false)) return "callsign_taken";
    pilots[callsign] = {"active", text_or(step.args, "role", "")};
    return "ok";
}

Model::Answer Model::set_status(Step const& step) {
    auto const known = pilots.find(step.actor);
    auto const to = text_or(step.args, "to", "");
    if (known == pilots.end()) return "not_found";
    auto& state = known->second.state;
    if (state == to) return "ok";
    if (state == "deregistered" || (state == "stale" && to != "active")) return "transition_refused";
    state = to;
    return "ok";
}

// What a pilot had in hands is pending again; what is in review waits for its verdict.
void Model::loses_work(std::string const& callsign) {
    std::set<std::string> over;
    for (auto& [id, sortie] : sorties) {
        if (sortie.pilot != callsign || !sortie.is_flown()) continue;
        put_back(sortie);
        if (sortie.has_ended()) over.insert(id);
    }
    follow(over);
    for (auto& [id, order] : orders) {
        if (order.pilot != callsign || order.state != "claimed") continue;
        order.lost += 1;
        order.state = order.lost >= 10 ? "dead" : "pending";
        // The lease is lost and nothing else: not the attempt, not the place in the line.
        if (order.state == "pending") order.attempts -= 1;
        if (order.state == "dead") cancel_followers(id);
    }
}

Model::Answer Model::deregister(Step const& step) {
    auto const callsign = text_or(step.args, "callsign", "");
    auto const known = pilots.find(callsign);
    if (known == pilots.end()) return "not_found";
    if (known->second.state == "deregistered") return "transition_refused";
    known->second.state = "deregistered";
    loses_work(callsign);
    // Unread mail comes back: each sender who still lives is told once.
    std::set<std::string> senders;
    for (auto& [id, letter] : letters) {
        auto const box = letter.boxes.find(callsign);
        if (box == letter.boxes.end() || box->second != "unread") continue;
        box->second = "bounced";
        senders.insert(letter.sender);
    }
    notices[callsign] = 0;
    for (auto const& sender : senders) {
        auto const pilot = pilots.find(sender);
        if (pilot != pilots.end() && pilot->second.state != "deregistered") notices[sender] += 1;
    }
    return "ok";
}

void Model::goes_stale(std::string const& callsign) {
    auto const known = pilots.find(callsign);
    if (known == pilots.end()) return;
    if (known->second.state != "active" && known->second.state != "idle") return;
    known->second.state = "stale";
    loses_work(callsign);
}

Model::Answer Model::send(Step const& step) {
    auto const sender = pilots.find(step.actor);
    if (sender != pilots.end() && sender->second.state == "deregistered") return "transition_refused";
    Letter letter;
    letter.id = text_or(step.args, "message_id", "");
    letter.sender = step.actor;
    auto const reply_to = text_or(step.args, "in_reply_to", "");
    if (!reply_to.empty() && !letters.contains(reply_to)) return "not_found";
    std::size_t reached = 0;
    for (auto const& one : step.args.at("to")) {
        auto const name = one.get<std::string>();
        if (name == "*") {
            for (auto const& [callsign, pilot] : pilots) {
                if (callsign == step.actor || (pilot.state != "active" && pilot.state != "idle")) continue;
                letter.boxes[callsign] = "unread";
                reached += 1;
            }
            continue;
        }
        auto const pilot = pilots.find(name);
        // A stale pilot finds its mail when it comes back.
        bool const gone = pilot == pilots.end() || pilot->second.state == "deregistered";
        letter.boxes[name] = gone ? "bounced" : "unread";
        reached += gone ? 0U : 1U;
    }
    if (reached == 0) return "not_found";
    letters[letter.id] = std::move(letter);
    return "ok";
}

Model::Answer Model::open_letter(Step const& step, bool acks) {
    auto const known = letters.find(text_or(step.args, "message_id", ""));
    if (known == letters.end()) return "not_found";
    auto& letter = known->second;
    auto const box = letter.boxes.find(step.actor);
    if (box == letter.boxes.end()) {
        // A sender looks at its receipts.
        return letter.sender == step.actor && !acks ? "ok" : "forbidden";
    }
    if (box->second == "bounced") {
        return letter.sender == step.actor ? "ok|transition_refused" : "transition_refused";
    }
    if (acks) box->second = "acked";
    if (box->second == "unread") box->second = "read";
    return "ok";
}

}  // namespace fleet::walk
