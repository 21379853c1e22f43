// What a project's file may make `fleet doctor` start: this program, called as a setup writes it.
#include "cli/setup/own_line.hpp"
#include "support/catch.hpp"

using namespace fleet::cli;

TEST_CASE("the program of a hook's line is told when a setup wrote the line", "[cli][setup]") {
    CHECK(program_of_hook("fleet hook codex/PreToolUse", "codex") == "fleet");
    CHECK(program_of_hook("/opt/a-b/fleet hook opencode/tool.execute.before", "opencode") ==
          "/opt/a-b/fleet");
    CHECK(program_of_hook("command -v fleet >/dev/null 2>&1 || exit 0; fleet hook codex/Stop", "codex") ==
          "fleet");
    CHECK(program_of_hook("command -v '/a b/fleet' >/dev/null 2>&1 || exit 0; '/a b/fleet' hook codex/Stop",
                          "codex") == "/a b/fleet");
    for (auto const* line :
         {"", "fleet", "fleet hook gemini/BeforeTool", "fleet hook codex/", "fleet hook codex/Stop; rm x",
          "fleet hook codex/Stop --as x", "rm x; fleet hook codex/Stop", "$(rm x)/fleet hook codex/Stop",
          "'a'rm'/fleet' hook codex/Stop", "command -v fleet || rm x; fleet hook codex/Stop",
          "command -v rm >/dev/null 2>&1 || exit 0; fleet hook codex/Stop",
          "fleet hook codex/Stop\nrm hook codex/Stop", "rm x # hook codex/Stop"}) {
        CAPTURE(line);
        CHECK_FALSE(program_of_hook(line, "codex"));
    }
}

TEST_CASE("only this program is this program, and what is not there starts nothing", "[cli][setup]") {
    CHECK(is_this_program("/proc/self/exe"));
    CHECK(is_this_program("/nowhere/fleet"));
    CHECK(is_this_program("no-such-program-in-path"));
    CHECK_FALSE(is_this_program("/bin/sh"));
    CHECK_FALSE(is_this_program("sh"));
    CHECK_FALSE(is_this_program("./fleet"));
    CHECK_FALSE(is_this_program("tools/fleet"));
    CHECK_FALSE(is_this_program(""));
}
