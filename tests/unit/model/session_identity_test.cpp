#include <fleet/session_identity.hpp>

#include "support/catch.hpp"

#include <map>

using namespace fleet;
using fleet::test::code_of;
using fleet::test::must;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Environment of(Variables variables) {
    return [variables = std::move(variables)](std::string_view name) {
        auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    };
}

Parents parents(std::vector<Variables> all) {
    return [all = std::move(all)] {
        std::vector<Environment> out;
        for (Variables const& one : all) out.push_back(of(one));
        return out;
    };
}

std::string first(Variables variables, std::vector<Variables> before = {}) {
    auto found = must(sessions_of(of(std::move(variables)), parents(std::move(before))));
    return found.empty() ? std::string() : found.front().client + "/" + found.front().session_id;
}

}  // namespace

TEST_CASE("each variable of the table names a session of its program", "[unit][model]") {
    CHECK(first({}).empty());
    REQUIRE(!session_variables().empty());
    for (SessionVariable const& row : session_variables()) {
        auto found = must(sessions_of(of({{std::string(row.variable), "s-1"}}), parents({})));
        REQUIRE(found.size() == 1);
        CHECK(found.front() == SessionName{std::string(row.client), "s-1", std::string(row.variable)});
    }
}

TEST_CASE("FLEET_SESSION is stronger than every variable of a program", "[unit][model]") {
    CHECK(first({{"FLEET_SESSION", "opencode/ses_1/x"}, {"CODEX_THREAD_ID", "t-1"}}) == "opencode/ses_1/x");
    for (auto bad : {"opencode", "/ses_1", "opencode/", "Open Code/1", "-x/1", "codex/a b"}) {
        INFO(bad);
        CHECK(code_of(sessions_of(of({{"FLEET_SESSION", bad}}), parents({}))) == "invalid_field");
    }
}

TEST_CASE("what cannot be an id is not taken for one", "[unit][model]") {
    CHECK(first({{"CODEX_THREAD_ID", "two words"}}).empty());
    CHECK(first({{"CODEX_THREAD_ID", std::string(201, 'x')}}).empty());
    CHECK(first({{"CODEX_THREAD_ID", "line\nbreak"}, {"CODEX_SESSION_ID", "s-1"}}) == "codex/s-1");
    CHECK(first({{"CODEX_THREAD_ID", std::string(200, 'x')}}) == "codex/" + std::string(200, 'x'));
}

TEST_CASE("two ids of one program are both named, the more telling first", "[unit][model]") {
    auto found =
        must(sessions_of(of({{"CODEX_SESSION_ID", "parent"}, {"CODEX_THREAD_ID", "thread"}}), parents({})));
    REQUIRE(found.size() == 2);
    CHECK(found[0].session_id == "thread");
    CHECK(found[1].session_id == "parent");
    auto same = must(sessions_of(of({{"CODEX_SESSION_ID", "s"}, {"CODEX_THREAD_ID", "s"}}), parents({})));
    CHECK(same.size() == 1);
}

TEST_CASE("of programs in one another the innermost is at work", "[unit][model]") {
    Variables const claude{{"CLAUDE_CODE_SESSION_ID", "c-1"}};
    Variables const codex{{"CODEX_THREAD_ID", "t-1"}};
    Variables const both{{"CLAUDE_CODE_SESSION_ID", "c-1"}, {"CODEX_THREAD_ID", "t-1"}};
    CHECK(first(both, {both, claude, claude, {}}) == "codex/t-1");
    CHECK(first(both, {both, codex, {}}) == "claude-code/c-1");
    // Another session of the same program further out does not make the inner one old.
    CHECK(first(both, {{{"CLAUDE_CODE_SESSION_ID", "c-0"}, {"CODEX_THREAD_ID", "t-1"}}}) ==
          "claude-code/c-1");
    // Nothing is known of the parents: by the table.
    CHECK(first(both) == "claude-code/c-1");
}
