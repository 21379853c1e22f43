#include "cli/identity.hpp"

#include "cli/screen/style.hpp"
#include "cli/screen/words.hpp"

#include <fleet/json.hpp>

#include <fmt/format.h>

namespace fleet::cli {
namespace {

struct Answer {
    std::string callsign{};
    std::string why_not{};
    std::optional<Error> failure{};
};

Answer pilot_of(SessionName const& session, IdentityQuestion const& question) {
    auto shown = question.show_session(session);
    if (!shown && shown.error().code == ErrorCode::not_found) return {{}, "has no pilot yet", {}};
    if (!shown) return {{}, "could not be looked up", shown.error()};
    auto project = text_or(*shown, "project", "");
    auto callsign = text_or(*shown, "callsign", "");
    if (!question.project.empty() && project != question.project)
        return {{}, fmt::format("is {} in {}, not in {}", callsign, project, question.project), {}};
    if (text_or(*shown, "status", "") == "ended")
        return {{}, fmt::format("has ended; it was {}", callsign), {}};
    return {std::move(callsign), {}, {}};
}

Identity by_session(IdentityQuestion const& question) {
    Identity identity;
    identity.source = PilotSource::session;
    identity.session = question.sessions.front();
    for (SessionName const& session : question.sessions) {
        // The program that started this one is another pilot.
        if (session.client != identity.session->client) break;
        Answer answer = pilot_of(session, question);
        if (!answer.callsign.empty()) {
            identity.session = session;
            identity.callsign = std::move(answer.callsign);
            identity.why_not.clear();
            identity.failure.reset();
            return identity;
        }
        // What is said of the likeliest one says most.
        if (identity.why_not.empty()) {
            identity.why_not = std::move(answer.why_not);
            identity.failure = std::move(answer.failure);
        }
    }
    return identity;
}

std::string_view source_name(PilotSource source) {
    switch (source) {
        case PilotSource::nobody: return "nobody";
        case PilotSource::flag: return "flag";
        case PilotSource::setting: return "setting";
        case PilotSource::session: return "session";
        case PilotSource::folder: return "folder";
    }
    return "nobody";
}

}  // namespace

std::string session_words(SessionName const& session) {
    return fmt::format("session {} of {} ({})", printable(session.session_id), session.client,
                       session.variable);
}

std::string Identity::words() const {
    switch (source) {
        case PilotSource::flag: return "by --as";
        case PilotSource::setting: return is_variable ? "by FLEET_AS" : "by the setting callsign";
        case PilotSource::session:
            return why_not.empty() ? session_words(*session) : session_words(*session) + " " + why_not;
        case PilotSource::folder: return "the only pilot registered in .fleet/local";
        case PilotSource::nobody: break;
    }
    if (registered.empty()) return "no pilot is registered here";
    return fmt::format("several pilots are registered here: {}", joined(registered, ", "));
}

Json Identity::json() const {
    Json out{{"source", source_name(source)}, {"words", words()}};
    if (is_pilot()) out["callsign"] = callsign;
    if (session) {
        out["session"] = {{"client", session->client},
                          {"session_id", session->session_id},
                          {"variable", session->variable}};
    }
    return out;
}

Identity identify(IdentityQuestion const& question) {
    Identity identity;
    if (!question.sessions.empty()) identity.session = question.sessions.front();
    if (!question.flag.empty()) {
        identity.callsign = question.flag;
        identity.source = PilotSource::flag;
        return identity;
    }
    if (!question.setting.empty()) {
        identity.callsign = question.setting;
        identity.source = PilotSource::setting;
        identity.is_variable = question.is_variable;
        return identity;
    }
    if (!question.sessions.empty()) return by_session(question);
    identity.registered = question.registered();
    if (identity.registered.size() != 1) return identity;
    identity.callsign = identity.registered.front();
    identity.source = PilotSource::folder;
    return identity;
}

}  // namespace fleet::cli
