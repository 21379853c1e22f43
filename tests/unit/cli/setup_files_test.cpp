// Setups in directories of the moment: what goes in comes out again, byte for byte.
#include "setup_place.hpp"

#include <rapidcheck.h>

using namespace fleet;
using namespace fleet::cli;
using namespace fleet::cli::setup_test;

namespace {

// Files of every client as people have them; each is there or not, in one of several states.
void furnish(SetupPlace const& place, SetupChoice const& choice, std::uint32_t seed) {
    static std::vector<std::string> const json{
        "",
        "{}",
        "{ }\n",
        "{\n}",
        "{\n  \"theme\": \"dark\",\n  \"mcpServers\": { }\n}\n",
        "{\n\t\"mcpServers\": {\n\t\t\"db\": {\"command\": \"dbmcp\"}\n\t},\n\t\"hooks\": {}\n}",
        "// mine\n{\n  \"hooks\": {\n    \"PreToolUse\": [\n      {\"hooks\": [{\"type\": \"command\", "
        "\"command\": \"lint\"}]}, // x\n"
        "    ],\n    \"preToolUse\": [ ]\n  },\n}\n",
        "{\"version\":1,\"hooks\":{\"stop\":[{\"command\":\"beep\"}]}}",
        "\xEF\xBB\xBF{\r\n  \"$schema\": \"x\"\r\n}\r\n"};
    static std::vector<std::string> const toml{
        "",
        "model = \"o3\"",
        "# mine\n[mcp_servers.db]\ncommand = \"dbmcp\" # x\n\n# the end\n",
        "[mcp_servers]\ndb = { command = \"dbmcp\" }\n",
        "mcp_servers = { db = { command = \"dbmcp\" } }\nmodel = \"o3\"\n",
        "a = 1\r\n[projects.\"/x\"]\r\ntrust_level = \"trusted\"\r\n"};
    static std::vector<std::string> const prose{"", "# Rules\n", "# Rules", "Be kind.\r\n\r\nAlways.\r\n",
                                                "\xFC latin"};
    auto pick = [&seed](std::vector<std::string> const& texts) -> std::string const& {
        seed = seed * 1'664'525U + 1'013'904'223U;
        return texts[(seed >> 8U) % texts.size()];
    };
    auto is_there = [&seed] {
        seed = seed * 1'664'525U + 1'013'904'223U;
        return (seed >> 8U) % 3 != 0;
    };
    for (auto const& client : known_clients()) {
        auto const hooks = hook_file(client, choice);
        auto const server = mcp_file(client, choice);
        if (is_there()) place.write(server, pick(client.name == "codex" ? toml : json));
        if (hooks != server && client.name != "opencode" && is_there()) place.write(hooks, pick(json));
    }
    for (auto const* name : {"AGENTS.md", "CLAUDE.md", "GEMINI.md"})
        if (is_there()) place.write(place.project(name), pick(prose));
}

}  // namespace

TEST_CASE("any files, each client: out again is as before, twice is as once", "[cli][setup][property]") {
    CHECK(rc::check([](std::uint32_t seed, bool is_user, bool is_forgotten) {
        SetupPlace place;
        auto const choice = place.choice(is_user ? SetupScope::user : SetupScope::project);
        furnish(place, choice, seed);
        auto const& client = known_clients()[seed % known_clients().size()];
        auto const before = place.tree();
        set_up(place, client, choice);
        for (auto const& one : status_of(client_setup(client, choice), place.originals()))
            RC_ASSERT(one.state == PieceState::fine);
        RC_ASSERT(test::must(plan_setup(client_setup(client, choice))).empty());
        if (is_forgotten) return;
        take_out(place, client, choice);
        RC_ASSERT(place.tree() == before);
    }));
}

TEST_CASE("a setup that never was takes nothing out, not even an empty file", "[cli][setup]") {
    for (auto const& client : known_clients()) {
        SetupPlace place;
        auto const choice = place.choice();
        place.write(mcp_file(client, choice),
                    client.name == "codex" ? "# mine\n" : "{\n  \"mcpServers\": {}\n}\n");
        place.write(place.project("AGENTS.md"), "\n");
        auto const before = place.tree();
        take_out(place, client, choice);
        CHECK(place.tree() == before);
    }
}

TEST_CASE("without a note of what was there, what is ours comes out by its words", "[cli][setup]") {
    for (auto const& client : known_clients()) {
        SetupPlace place;
        auto const choice = place.choice();
        auto const server = mcp_file(client, choice);
        place.write(server, client.name == "codex" ? "# mine\na = 1\n" : "{\n  // mine\n  \"a\": 1\n}\n");
        place.write(place.project("AGENTS.md"), "# Rules\n");
        auto const before = place.tree();
        set_up(place, client, choice);
        for (auto const& piece : client_setup(client, choice).pieces) place.originals().forget(piece->file());
        take_out(place, client, choice);
        auto after = place.tree();
        // Folders that a setup made are not known any more.
        std::erase_if(
            after, [&](auto const& one) { return one.second == "directory" && !before.contains(one.first); });
        CHECK(after == before);
    }
}

TEST_CASE("what a person changed after the setup stays when it is taken out", "[cli][setup]") {
    SetupPlace place;
    auto const choice = place.choice();
    auto const& claude = *find_client("claude");
    auto const file = place.project(".claude/settings.json");
    place.write(file, "{\n  // mine\n  \"model\": \"opus\"\n}\n");
    set_up(place, claude, choice);
    auto text = text_of(file);
    text.replace(text.find("opus"), 4, "haiku");
    place.write(file, text);
    place.write(place.project("AGENTS.md"), text_of(place.project("AGENTS.md")) + "\nNew rule.\n");
    take_out(place, claude, choice);
    CHECK(text_of(file) == "{\n  // mine\n  \"model\": \"haiku\"\n}\n");
    CHECK(text_of(place.project("AGENTS.md")) == "\nNew rule.\n");
    CHECK_FALSE(fs::exists(place.project(".mcp.json")));
}

TEST_CASE("a server of our name that is somebody else's is left alone", "[cli][setup]") {
    SetupPlace place;
    place.write(place.project(".mcp.json"),
                R"({"mcpServers": {"fleet": {"command": "/opt/other/fleet-tracker"}}})");
    auto const plan = plan_setup(client_setup(*find_client("claude"), place.choice()));
    REQUIRE(!plan);
    CHECK(plan.error().code == ErrorCode::already_exists);
    CHECK(plan.error().hint == "Give that server another name, then run this again; nothing was changed.");
}

TEST_CASE("what somebody added to our server stays, what they broke is mended", "[cli][setup]") {
    SetupPlace place;
    auto const choice = place.choice();
    auto const& codex = *find_client("codex");
    auto const file = place.project(".codex/config.toml");
    place.write(
        file,
        "[mcp_servers.fleet] # ours\ncommand = \"/old/fleet\"\nstartup_timeout_sec = 20\n\n[tui]\nx = 1\n");
    auto const before = status_of(client_setup(codex, choice), place.originals());
    CHECK(before.front().state == PieceState::changed);
    set_up(place, codex, choice);
    auto const text = text_of(file);
    CHECK(text.find("command = \"fleet\"\nstartup_timeout_sec = 20\n\n[tui]\nx = 1\n") != std::string::npos);
    CHECK(status_of(client_setup(codex, choice), place.originals()).front().state == PieceState::fine);
}

TEST_CASE("a hook of ours that was edited is drift, and is put right beside the others", "[cli][setup]") {
    SetupPlace place;
    auto const choice = place.choice();
    auto const& cursor = *find_client("cursor");
    auto const file = place.project(".cursor/hooks.json");
    place.write(file,
                "{\n  \"version\": 1,\n  \"hooks\": {\n    \"stop\": [\n      {\"command\": \"beep\"}\n    "
                "]\n  }\n}\n");
    set_up(place, cursor, choice);
    auto text = text_of(file);
    auto const timeout = text.find("\"timeout\": 5");
    place.write(file, text.replace(timeout, 12, "\"timeout\": 50"));
    CHECK(status_of(client_setup(cursor, choice), place.originals())[1].state == PieceState::changed);
    set_up(place, cursor, choice);
    CHECK(status_of(client_setup(cursor, choice), place.originals())[1].state == PieceState::fine);
    CHECK(text_of(file).find("{\"command\": \"beep\"}") != std::string::npos);
}

TEST_CASE("what was mended in between goes all the same when it is taken out", "[cli][setup]") {
    for (auto const& client : known_clients())
        for (bool const was_there : {false, true}) {
            SetupPlace place;
            auto const choice = place.choice();
            auto const files = {mcp_file(client, choice), hook_file(client, choice)};
            for (auto const& file : files)
                if (was_there && client.name != "codex" && client.name != "opencode")
                    place.write(file, "{}\n");
            auto const before = place.tree();
            set_up(place, client, choice);
            // Drift in all that a setup wrote, then a second setup.
            for (auto const& [name, text] : place.tree()) {
                auto drifted = text;
                for (auto const& [was, is] :
                     std::map<std::string, std::string>{{"\"mcp\"\n", "\"mcp\", \"--json\"\n"},
                                                        {"[\"mcp\"]", "[\"mcp\", \"--json\"]"},
                                                        {"\"timeout\": 5", "\"timeout\": 50"},
                                                        {"\"timeoutSec\": 5", "\"timeoutSec\": 50"},
                                                        {"FLEETTOOLS v1", "FLEETTOOLS v0"},
                                                        {"limit = 5000", "limit = 9000"}})
                    if (auto const at = drifted.find(was); at != std::string::npos)
                        drifted.replace(at, was.size(), is);
                if (drifted != text) place.write(choice.top.parent_path() / name, drifted);
            }
            set_up(place, client, choice);
            take_out(place, client, choice);
            CAPTURE(client.name, was_there);
            CHECK(place.tree() == before);
        }
}

TEST_CASE("a link that leads out of the project is refused, one inside is followed", "[cli][setup]") {
    SetupPlace place;
    auto const choice = place.choice();
    auto const& codex = *find_client("codex");
    place.write(place.choice().home / "outside.md", "theirs\n");
    fs::create_symlink(place.choice().home / "outside.md", place.project("AGENTS.md"));
    auto const refused = plan_setup(client_setup(codex, choice));
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::forbidden);
    fs::remove(place.project("AGENTS.md"));

    place.write(place.project("docs/agents.md"), "ours\n");
    fs::create_symlink("docs/agents.md", place.project("AGENTS.md"));
    set_up(place, codex, choice);
    CHECK(fs::is_symlink(place.project("AGENTS.md")));
    CHECK(text_of(place.project("docs/agents.md")).find("BEGIN FLEETTOOLS") != std::string::npos);
    take_out(place, codex, choice);
    CHECK(text_of(place.project("docs/agents.md")) == "ours\n");
}

TEST_CASE("a marker that stands alone is refused with its line", "[cli][setup]") {
    SetupPlace place;
    place.write(place.project("AGENTS.md"), "# Rules\n\n<!-- END FLEETTOOLS -->\n");
    auto const plan = plan_setup(client_setup(*find_client("codex"), place.choice()));
    REQUIRE(!plan);
    CHECK(plan.error().message == place.project("AGENTS.md").string() + ":3:1: this marker has no beginning");
}

TEST_CASE("CLAUDE.md leads to AGENTS.md where it does not yet", "[cli][setup]") {
    SetupPlace place;
    auto const choice = place.choice();
    auto const& claude = *find_client("claude");
    place.write(place.project("CLAUDE.md"), "# Mine\n");
    set_up(place, claude, choice);
    CHECK(text_of(place.project("CLAUDE.md")).find("\n@AGENTS.md\n") != std::string::npos);
    take_out(place, claude, choice);
    place.write(place.project("CLAUDE.md"), "@AGENTS.md\n");
    set_up(place, claude, choice);
    CHECK(text_of(place.project("CLAUDE.md")) == "@AGENTS.md\n");
    // Who adds the line by hand later loses only our block.
    place.write(place.project("CLAUDE.md"), "# Mine\n");
    set_up(place, claude, choice);
    place.write(place.project("CLAUDE.md"), "@AGENTS.md\n" + text_of(place.project("CLAUDE.md")));
    take_out(place, claude, choice);
    CHECK(text_of(place.project("CLAUDE.md")) == "@AGENTS.md\n# Mine\n");
}

TEST_CASE("what the client wrote meanwhile is not lost, and nothing is half set up", "[cli][setup]") {
    SetupPlace place;
    auto const& claude = *find_client("claude");
    place.write(place.project(".claude/settings.json"), "{}");
    auto const setup = client_setup(claude, place.choice());
    auto const changes = test::must(plan_setup(setup));
    place.write(place.project(".claude/settings.json"), R"({"model": "opus"})");
    auto const before = place.tree();
    auto const done = carry_out(changes, setup, place.originals(), false);
    REQUIRE(!done);
    CHECK(done.error().code == ErrorCode::version_conflict);
    CHECK(place.tree() == before);
}
