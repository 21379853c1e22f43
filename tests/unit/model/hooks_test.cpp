#include "support/catch.hpp"

#include <fleet/hooks.hpp>
#include <fleet/json.hpp>

#include <ctime>

using namespace fleet;

namespace {

using Files = std::vector<std::string>;

HookCall read(std::string_view client, std::string_view event, std::string_view text) {
    auto input = parse_json(text);
    REQUIRE(input);
    auto call = read_hook(client, event, *input);
    REQUIRE(call);
    return *call;
}

Json answered(HookCall const& call, HookReply const& reply) {
    return hook_answer(call, reply);
}

}  // namespace

TEST_CASE("a hook is known by any spelling of its name", "[unit][hooks]") {
    CHECK(hook_event_named("claude-code", "pre-tool-use") == "PreToolUse");
    CHECK(hook_event_named("copilot", "preToolUse") == "preToolUse");
    CHECK(hook_event_named("copilot", "PreToolUse") == "PreToolUse");
    CHECK(hook_event_named("opencode", "tool.execute.before") == "tool.execute.before");
    CHECK(hook_event_named("gemini", "before_tool") == "BeforeTool");
    CHECK(hook_event_named("gemini", "PreToolUse").empty());
    CHECK(hook_events("emacs").empty());
}

TEST_CASE("what is no hook is refused with what is known", "[unit][hooks]") {
    auto const client = read_hook("emacs", "PreToolUse", Json::object());
    REQUIRE_FALSE(client);
    CHECK(client.error().code == ErrorCode::not_found);
    CHECK(client.error().hint.find("claude-code") != std::string::npos);
    auto const event = read_hook("codex", "Before", Json{{"session_id", "s"}});
    REQUIRE_FALSE(event);
    CHECK(event.error().hint.find("PreToolUse") != std::string::npos);
    CHECK_FALSE(read_hook("codex", "PreToolUse", Json::array()));
    CHECK_FALSE(read_hook("codex", "PreToolUse", Json::object()));
    CHECK_FALSE(read_hook("copilot", "", Json{{"sessionId", "s"}}));
}

TEST_CASE("each client's edit names its files", "[unit][hooks]") {
    auto call = read("claude-code", "", R"({"session_id":"s","cwd":"/w","hook_event_name":"PreToolUse",
        "tool_name":"NotebookEdit","tool_input":{"notebook_path":"/w/a.ipynb","new_source":""}})");
    CHECK(call.moment == HookMoment::before_tool);
    CHECK(call.is_edit);
    CHECK(call.files == Files{"/w/a.ipynb"});
    call = read("codex", "",
                R"({"session_id":"s","cwd":"/w","hook_event_name":"PreToolUse","tool_name":"apply_patch",
        "tool_input":{"command":"*** Begin Patch\n*** Add File: a.c\n+x\n*** Update File: b.c\n)"
                R"(*** Move to: c.c\n*** Delete File: d.c"}})");
    CHECK(call.files == Files{"a.c", "b.c", "c.c", "d.c"});
    call = read("copilot", "preToolUse",
                R"({"sessionId":"s","cwd":"/w","toolName":"create",)"
                R"("toolArgs":"{\"path\":\"/w/a.c\",\"file_text\":\"\"}"})");
    CHECK(call.files == Files{"/w/a.c"});
    call = read("gemini", "",
                R"({"session_id":"s","cwd":"/w","hook_event_name":"BeforeTool","tool_name":"replace",
        "tool_input":{"file_path":"a.c","old_string":"","new_string":""}})");
    CHECK(call.files == Files{"a.c"});
    call =
        read("cursor", "", R"({"conversation_id":"s","workspace_roots":["/w"],"hook_event_name":"preToolUse",
        "tool_name":"Delete","tool_input":{"target_file":"a.c"}})");
    CHECK(call.session_id == "s");
    CHECK(call.cwd == "/w");
    CHECK(call.files == Files{"a.c"});
    call = read("opencode", "tool.execute.before",
                R"({"input":{"tool":"edit","sessionID":"s","callID":"c"},)"
                R"("output":{"args":{"filePath":"/w/a.c"}},"directory":"/w"})");
    CHECK(call.files == Files{"/w/a.c"});
    call = read("claude-code", "", R"({"session_id":"s","cwd":"/w","hook_event_name":"PreToolUse",
        "tool_name":"mcp__files__write_file","tool_input":{"path":"/w/a.c","content":""}})");
    CHECK(call.files == Files{"/w/a.c"});
}

TEST_CASE("a tool that reads names nothing", "[unit][hooks]") {
    for (auto const* tool : {"Read", "Grep", "Glob", "TodoWrite", "WebFetch", "view"}) {
        Json const input{{"session_id", "s"},
                         {"cwd", "/w"},
                         {"tool_name", tool},
                         {"tool_input", {{"file_path", "/w/a.c"}}}};
        auto const call = read_hook("claude-code", "PreToolUse", input);
        REQUIRE(call);
        CHECK(call->files.empty());
    }
}

TEST_CASE("OpenCode tells everything as an event; what matters of it is found inside", "[unit][hooks]") {
    auto call = read("opencode", "event",
                     R"({"input":{"event":{"type":"session.created",)"
                     R"("properties":{"info":{"id":"s","directory":"/w"}}}}})");
    CHECK(call.moment == HookMoment::session_start);
    CHECK(call.session_id == "s");
    CHECK(call.cwd == "/w");
    call = read("opencode", "event",
                R"({"input":{"event":{"type":"session.idle","properties":{"sessionID":"s"}}}})");
    CHECK(call.moment == HookMoment::stop);
    call = read("opencode", "event", R"({"input":{"event":{"type":"lsp.updated","properties":{}}}})");
    CHECK(call.moment == HookMoment::other);
}

TEST_CASE("a shell command's obvious writes are seen", "[unit][hooks]") {
    struct Example {
        std::string command;
        Files files;
    };
    for (auto const& [command, files] : std::vector<Example>{
             {"echo x > a.c", {"a.c"}},
             {"echo x>>a.c 2>&1", {"a.c"}},
             {"make 2> errors.txt >/dev/null", {"errors.txt", "/dev/null"}},
             {"cmd &> all.log", {"all.log"}},
             {"cat a | tee -a 'b c.txt' d", {"b c.txt", "d"}},
             {"sed -i 's/a/b/' a.c b.c", {"a.c", "b.c"}},
             {"sed -i.bak -e 's/a/b/' a.c", {"a.c"}},
             {"sed -n 's/a/b/p' a.c", {}},
             {"perl -pi -e 's/a/b/' a.c", {"a.c"}},
             {"rm -rf src/old && mv a.c b.c; cp -r x y", {"src/old", "a.c", "b.c", "y"}},
             {"cd src && touch new.c", {"src/new.c"}},
             {"cd src; cd ../lib; touch n", {"src/../lib/n"}},
             {"cd $WHERE && touch new.c", {}},
             {"touch $FILE *.c `x` lit.c", {"lit.c"}},
             {"cat > a.c <<'EOF'\nrm -rf not/this > neither\nEOF\ntouch b.c", {"a.c", "b.c"}},
             {"git mv a.c b.c; git rm -q c.c", {"a.c", "b.c", "c.c"}},
             {"git checkout -- a.c; git checkout main", {"a.c"}},
             {"git -C elsewhere rm a.c", {}},
             {"FOO=1 sudo tee /etc/x", {"/etc/x"}},
             {"dd if=/dev/zero of=disk.img", {"disk.img"}},
             {"chmod +x run.sh", {"run.sh"}},
             {"# rm a.c", {}},
             {"echo \"> a.c\" 'rm b.c'", {}},
             {"ls; cat a.c < b.c", {}},
             {"(cd src && touch a.c); touch b.c", {"src/a.c", "b.c"}},
             {"cd src; popd; touch a.c", {}},
             {"mv -t lib a.c; cp -t lib a.c b.c; install --target-directory=bin a.c", {"a.c", "lib", "bin"}},
             {"chmod -x run.sh; chmod --reference=a.c b.c", {"run.sh", "b.c"}},
             {"perl -i.bak fix.pl a.c; sed 's/a/b/' -i '' c.c", {"a.c", "c.c"}},
             {"echo \"$(cat <<'EOF'\nit's \"so\" > a.c\nEOF\n)\" > b.c", {"b.c"}},
             {"((1 > 2); rm a.c)", {"2", "a.c"}},
             {"", {}}}) {
        INFO(command);
        CHECK(shell_writes(command) == files);
    }
}

TEST_CASE("a shell command that writes nothing names nothing", "[unit][hooks]") {
    for (std::string const command :
         {"sed -es/a/in/ held.c", "sed -n -f script.sed held.c", "perl -Mstrict -ne 'print' held.c",
          "perl report.pl -i held.c", "(( count > 5 )) && echo $((3 > 2))", "[[ $a > held.c ]] && ls",
          "if [[ a < held.c ]]; then ls; fi", "git restore --staged -- held.c", "git rm --cached held.c",
          "git rm -n held.c", "git commit -m \"$(cat <<'EOF'\nSay \"a > b\" of held.c; rm held.c\nEOF\n)\"",
          "echo \"$(printf '%s' \"x > held.c\")\""}) {
        INFO(command);
        CHECK(shell_writes(command).empty());
    }
    // The value of an option is no file: two pilots that empty a file each do not meet at "0".
    CHECK(shell_writes("truncate -s 0 a.log; truncate --size 0 b.log") == Files{"a.log", "b.log"});
    CHECK(shell_writes("touch -d yesterday -r held.c a.c") == Files{"a.c"});
}

TEST_CASE("a shell command of any size is read in time", "[unit][hooks]") {
    std::string brackets, quotes, folders, names = "rm";
    for (int n = 0; n < 50'000; ++n) {
        brackets += "((";
        quotes += "\"$(";
        folders += "cd a;(>b;";
        names += " f" + std::to_string(n);
    }
    auto const began = std::clock();
    CHECK(shell_writes(brackets).empty());
    CHECK(shell_writes(quotes).empty());
    CHECK(shell_writes(folders).size() < 3'000);
    CHECK(shell_writes(names).size() == 50'000);
    // Of the processor: what looks at every word for every word takes half a minute.
    CHECK((std::clock() - began) / CLOCKS_PER_SEC < 10);
}

TEST_CASE("a command in words is those words, whatever they hold", "[unit][hooks]") {
    auto const files_of = [](Json const& command) {
        Json const input{{"session_id", "s"},
                         {"cwd", "/w"},
                         {"tool_name", "shell"},
                         {"tool_input", {{"command", command}}}};
        auto const call = read_hook("codex", "PreToolUse", input);
        REQUIRE(call);
        return call->files;
    };
    CHECK(files_of({"bash", "-lc", "echo x > a.c"}) == Files{"a.c"});
    CHECK(files_of({"rm", "-f", "it's a.c"}) == Files{"it's a.c"});
    CHECK(files_of({"rg", "-n", "rm -> held.c"}).empty());
    CHECK(files_of({"grep", "a > held.c", "-r", "src"}).empty());
}

TEST_CASE("a shell that is handed a patch writes what the patch names", "[unit][hooks]") {
    Json const input{
        {"session_id", "s"},
        {"cwd", "/w"},
        {"tool_name", "Bash"},
        {"tool_input",
         {{"command", "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: a.c\n*** End Patch\nEOF"}}}};
    auto const call = read_hook("codex", "PreToolUse", input);
    REQUIRE(call);
    CHECK(call->is_shell);
    CHECK(call->files == Files{"a.c"});
}

TEST_CASE("nothing to say is an empty object for everybody", "[unit][hooks]") {
    for (auto const client : hook_clients())
        for (auto const event : hook_events(client)) {
            HookCall call;
            call.client = client;
            call.event = event;
            call.moment = HookMoment::before_tool;
            CHECK(answered(call, {}) == Json::object());
        }
}

TEST_CASE("a denial has the form that each client reads, and never allows", "[unit][hooks]") {
    HookReply reply;
    reply.deny = "held";
    auto const said = [&](std::string client, std::string event) {
        HookCall call;
        call.client = std::move(client);
        call.event = std::move(event);
        call.moment = HookMoment::before_tool;
        return answered(call, reply);
    };
    Json const claude{{"hookSpecificOutput",
                       {{"hookEventName", "PreToolUse"},
                        {"permissionDecision", "deny"},
                        {"permissionDecisionReason", "held"}}}};
    CHECK(said("claude-code", "PreToolUse") == claude);
    CHECK(said("codex", "PreToolUse") == claude);
    CHECK(said("gemini", "BeforeTool") == Json{{"decision", "deny"}, {"reason", "held"}});
    CHECK(said("copilot", "preToolUse") ==
          Json{{"permissionDecision", "deny"}, {"permissionDecisionReason", "held"}});
    CHECK(said("cursor", "beforeShellExecution") ==
          Json{{"permission", "deny"}, {"user_message", "held"}, {"agent_message", "held"}});
    CHECK(said("opencode", "tool.execute.before") == Json{{"deny", "held"}});
}

TEST_CASE("text for the model goes only where the client reads it", "[unit][hooks]") {
    HookReply reply;
    reply.context = "mail";
    HookCall call;
    call.client = "copilot";
    call.event = "postToolUse";
    call.moment = HookMoment::after_tool;
    CHECK_FALSE(hook_takes_context(call));
    CHECK(answered(call, reply) == Json::object());
    call.event = "sessionStart";
    CHECK(answered(call, reply) == Json{{"additionalContext", "mail"}});
}
