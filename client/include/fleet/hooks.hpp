// Hooks of agent programs: what each of them tells before and after it acts, in one form, and how it is
// answered in its own. Pure: no file is looked at, nobody is asked.
#pragma once

#include <fleet/json_value.hpp>
#include <fleet/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fleet {

// When in the life of a session.
enum class HookMoment {
    session_start,
    prompt,  // a person said something
    before_tool,
    after_tool,
    before_compaction,
    stop,  // the agent believes that it is done
    subagent_start,
    subagent_stop,
    session_end,
    other,  // nothing that the fleet has to do with
};
std::string_view hook_moment_word(HookMoment moment);

// What a client said, in one form for all of them.
struct HookCall {
    std::string client{};  // "claude-code"
    std::string event{};   // its own name of the hook: "PreToolUse", "preToolUse", …
    HookMoment moment = HookMoment::other;
    std::string session_id{};
    std::string cwd{};     // as given; absolute, or "" when the client does not say
    std::string source{};  // of session_start: startup, resume, clear, compact
    std::string reason{};  // of session_end
    std::string model{};
    std::string tool{};
    bool is_edit = false;  // of before_tool and after_tool: a tool that writes files
    bool is_shell = false;
    std::vector<std::string> files{};  // that it writes, as the client wrote them
    bool is_reminded = false;          // of stop: it goes on because a hook said so
};

// The clients whose hooks are known, in the order of the alphabet.
std::vector<std::string_view> hook_clients();
// The hooks of a client, by its own names. Empty for a client that is not known.
std::vector<std::string_view> hook_events(std::string_view client);
// The client's own spelling of an event that was written "pre-tool-use", "pretooluse" or so; "" when it has
// none like it.
std::string_view hook_event_named(std::string_view client, std::string_view event);

// `event` may be empty where the input says it. Errors: not_found (client or event, with those that are known
// in the hint), invalid_field (the input is not an object, or lacks what a hook of this client has).
Result<HookCall> read_hook(std::string_view client, std::string_view event, Json const& input);

// `fleet hook` adds to the input what its settings answer when nobody can be asked: open or closed.
inline constexpr std::string_view hook_on_failure_member = "fleet_on_failure";

// What the fleet has to say, in one form for all of them. Empty: nothing.
struct HookReply {
    std::string deny{};     // the reason, for the model; only before_tool
    std::string go_on{};    // why it should not stop yet; only stop
    std::string context{};  // for the model
    std::string notice{};   // for the person
};
// False where the client takes no text for the model at this hook: what is said there is lost.
bool hook_takes_context(HookCall const& call);
// In the client's own form; an empty object when there is nothing to say.
Json hook_answer(HookCall const& call, HookReply const& reply);

// The files that a shell command obviously writes: redirections, tee, sed -i, rm, mv, cp, touch, git mv and
// the like, with literal names. `cd` into a literal directory is followed. What is computed is not seen.
std::vector<std::string> shell_writes(std::string_view command);
// The files that a patch of apply_patch names.
std::vector<std::string> patched_files(std::string_view patch);

}  // namespace fleet
