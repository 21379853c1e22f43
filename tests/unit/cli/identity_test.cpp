#include "cli/identity.hpp"
#include "support/catch.hpp"

#include <map>

using namespace fleet;
using namespace fleet::cli;

namespace {

// A session as sessions.show answers it; "" is one that nobody opened.
struct Known {
    std::string callsign{};
    std::string project = "shop";
    std::string status = "open";
};

struct Asker {
    std::map<std::string, Known> known{};
    std::vector<std::string> files{};
    std::optional<ErrorCode> broken{};
    int asked = 0;
    int looked = 0;

    IdentityQuestion question(std::vector<SessionName> sessions = {}) {
        IdentityQuestion out{.sessions = std::move(sessions), .project = "shop"};
        out.show_session = [this](SessionName const& name) -> Result<Json> {
            ++asked;
            if (broken) return make_error(*broken);
            auto found = known.find(name.session_id);
            if (found == known.end()) return make_error(ErrorCode::not_found);
            return Json{{"callsign", found->second.callsign},
                        {"project", found->second.project},
                        {"status", found->second.status}};
        };
        out.registered = [this] {
            ++looked;
            return files;
        };
        return out;
    }
};

SessionName const claude{"claude-code", "c-1", "CLAUDE_CODE_SESSION_ID"};
SessionName const thread{"codex", "t-1", "CODEX_THREAD_ID"};
SessionName const parent{"codex", "p-1", "CODEX_SESSION_ID"};

}  // namespace

TEST_CASE("what is said outright needs no question", "[unit][cli]") {
    Asker asker{.known = {{"c-1", {"viper-1"}}}, .files = {"raven-1"}};
    auto question = asker.question({claude});
    question.setting = "eagle-1";
    question.is_variable = true;
    auto set = identify(question);
    CHECK(set.callsign == "eagle-1");
    CHECK(set.words() == "by FLEET_AS");
    question.flag = "hawk-1";
    auto flagged = identify(question);
    CHECK(flagged.callsign == "hawk-1");
    CHECK(flagged.source == PilotSource::flag);
    CHECK(flagged.session == claude);
    CHECK(asker.asked + asker.looked == 0);
}

TEST_CASE("a session is its pilot, not the one of the folder", "[unit][cli]") {
    Asker asker{.known = {{"c-1", {"viper-1"}}}, .files = {"raven-1"}};
    auto mine = identify(asker.question({claude}));
    CHECK(mine.callsign == "viper-1");
    CHECK(mine.words() == "session c-1 of claude-code (CLAUDE_CODE_SESSION_ID)");
    CHECK(mine.json().at("session").at("session_id") == "c-1");

    auto other = identify(asker.question({thread}));
    CHECK_FALSE(other.is_pilot());
    CHECK(other.source == PilotSource::session);
    CHECK(other.words() == "session t-1 of codex (CODEX_THREAD_ID) has no pilot yet");
    CHECK(asker.looked == 0);
}

TEST_CASE("the first session that has a pilot is taken", "[unit][cli]") {
    Asker asker{.known = {{"p-1", {"viper-1"}}}};
    auto found = identify(asker.question({thread, parent}));
    CHECK(found.callsign == "viper-1");
    CHECK(found.session == parent);
}

TEST_CASE("a program without a pilot is not the one that started it", "[unit][cli]") {
    Asker asker{.known = {{"c-1", {"viper-1"}}}};
    auto found = identify(asker.question({thread, claude}));
    CHECK_FALSE(found.is_pilot());
    CHECK(found.words() == "session t-1 of codex (CODEX_THREAD_ID) has no pilot yet");
    CHECK(identify(asker.question({claude, thread})).callsign == "viper-1");
}

TEST_CASE("a session of another project, or one that ended, is nobody here", "[unit][cli]") {
    Asker asker{.known = {{"c-1", {"viper-1", "docs"}}, {"t-1", {"viper-2", "shop", "ended"}}}};
    CHECK(identify(asker.question({claude})).words() ==
          "session c-1 of claude-code (CLAUDE_CODE_SESSION_ID) is viper-1 in docs, not in shop");
    CHECK(identify(asker.question({thread})).why_not == "has ended; it was viper-2");
    auto anywhere = asker.question({claude});
    anywhere.project.clear();
    CHECK(identify(anywhere).callsign == "viper-1");
}

TEST_CASE("a daemon that is away leaves it open who one is", "[unit][cli]") {
    Asker asker{.files = {"raven-1"}, .broken = ErrorCode::daemon_away};
    auto unknown = identify(asker.question({claude}));
    CHECK_FALSE(unknown.is_pilot());
    REQUIRE(unknown.failure.has_value());
    CHECK(unknown.failure->code == ErrorCode::daemon_away);
}

TEST_CASE("without a session the only pilot of the folder acts", "[unit][cli]") {
    Asker asker{.files = {"raven-1"}};
    CHECK(identify(asker.question()).callsign == "raven-1");
    CHECK(identify(asker.question()).source == PilotSource::folder);
    asker.files.push_back("viper-1");
    auto several = identify(asker.question());
    CHECK_FALSE(several.is_pilot());
    CHECK(several.words() == "several pilots are registered here: raven-1, viper-1");
    asker.files.clear();
    CHECK(identify(asker.question()).words() == "no pilot is registered here");
}
