#pragma once
// Which pilot a command acts as, and who said so. Two sessions in one directory are two pilots: who runs in a
// session is never taken for the one pilot that happens to be registered in the folder.
#include <fleet/error.hpp>
#include <fleet/json_value.hpp>
#include <fleet/result.hpp>
#include <fleet/session_identity.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fleet::cli {

enum class PilotSource { nobody, flag, setting, session, folder };

struct Identity {
    std::string callsign{};  // "": nobody
    PilotSource source = PilotSource::nobody;
    std::optional<SessionName> session{};   // that this process runs in, when it was looked for
    std::vector<std::string> registered{};  // in the folder, when they were looked for
    std::string why_not{};                  // what a session lacks to be a pilot here
    bool is_variable = false;               // the setting is FLEET_AS
    std::optional<Error> failure{};         // the daemon could not be asked which pilot the session is

    bool is_pilot() const { return !callsign.empty(); }
    // "by --as", "session 3f2a of claude-code (CLAUDE_CODE_SESSION_ID)", …
    std::string words() const;
    // {callsign?, source, words, session?}
    Json json() const;
};

struct IdentityQuestion {
    std::string flag{};                   // --as
    std::string setting{};                // FLEET_AS, fleet.toml
    bool is_variable = false;             // the setting is FLEET_AS
    std::vector<SessionName> sessions{};  // likeliest first
    std::string project{};
    std::function<Result<Json>(SessionName const&)> show_session{};
    std::function<std::vector<std::string>()> registered{};
};

// The first of them that names one: flag, setting, session, the only pilot registered in the folder.
Identity identify(IdentityQuestion const& question);

// "session 3f2a of claude-code (CLAUDE_CODE_SESSION_ID)"
std::string session_words(SessionName const& session);

}  // namespace fleet::cli
