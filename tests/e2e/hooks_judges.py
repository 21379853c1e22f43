"""What judges the recorded sessions and our answers: TypeScript by the types that clients ship, and Codex's own JSON schemas."""
import json
import pathlib
import subprocess

import npm_packages
import stage

HERE = stage.SOURCE / "tests/e2e/hooks"


def packages():
    """The folder with the clients' types."""
    # Not `npm ci`: it asks for optional packages of other systems, which a registry may not have.
    return npm_packages.installed(HERE, "hook-types", ("install", "--no-save", "--omit=optional", "--omit=peer", "--legacy-peer-deps",
                                                       "--ignore-scripts"))


def as_types(steps, answers):
    """A program whose only purpose is to be judged; what stands behind @ts-expect-error must be found wrong."""
    lines = ['import type { HookInput, SyncHookJSONOutput } from "@anthropic-ai/claude-agent-sdk";',
             'import type { Hooks } from "@opencode-ai/plugin";',
             "type Hook<Name extends keyof Hooks> = Extract<Hooks[Name], (...given: any[]) => any>;"]
    for number, step in enumerate(steps["claude-code"]):
        # An older release had this tool; the type of a tool's input is open.
        lines.append(f"export const claude{number}: HookInput = {json.dumps(step['input'])};")
    for number, answer in enumerate(answers["claude-code"]):
        lines.append(f"export const answer{number}: SyncHookJSONOutput = {json.dumps(answer)};")
    for number, step in enumerate(steps["opencode"]):
        hook = f'Hook<"{step["event"]}">'
        given = step["input"]["input"]
        if step["event"] == "event":
            # What we are told of a session is less than all that is in it.
            given = {"event": given["event"]}
            lines.append(f"export const open{number}: {{ event: {{ type: Parameters<{hook}>[0]['event']['type'], properties: object }} }} = "
                         f"{json.dumps(given)};")
            continue
        lines.append(f"export const open{number}: Parameters<{hook}>[0] = {json.dumps(given)};")
        if "output" in step["input"] and step["event"] != "chat.message":
            lines.append(f"export const opened{number}: Parameters<{hook}>[1] = {json.dumps(step['input']['output'])};")
    wrong = dict(next(step for step in steps["claude-code"] if step["event"] == "PreToolUse")["input"])
    wrong["toolName"] = wrong.pop("tool_name")
    lines += ["// @ts-expect-error", f"export const wrongCall: HookInput = {json.dumps(wrong)};", "// @ts-expect-error",
              'export const wrongAnswer: SyncHookJSONOutput = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "no"}};',
              "// @ts-expect-error", 'export const wrongHook: Parameters<Hook<"tool.execute.before">>[0] = {"tool": "edit", "session_id": "s"};']
    return "\n".join(lines) + "\n"


def judged(place, text):
    (place / "check.ts").write_text(text)
    return subprocess.run([str(place / "node_modules/.bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module",
                           "nodenext", "--moduleResolution", "nodenext", "check.ts"], cwd=place, text=True, capture_output=True)


def schemas_in(program):
    """The JSON schemas of hooks that Codex carries inside, by their titles."""
    text = pathlib.Path(program).read_bytes()
    found, decoder, at = {}, json.JSONDecoder(), 0
    while (at := text.find(b'"$schema": "http://json-schema.org/draft-07', at)) >= 0:
        begin = text.rfind(b"{", 0, at)
        try:
            schema, _ = decoder.raw_decode(text[begin:begin + 60_000].decode("utf-8", "ignore"))
            found[schema.get("title", "")] = schema
        except ValueError:
            pass
        at += 1
    return found


CODEX_SCHEMAS = {"SessionStart": "session-start", "UserPromptSubmit": "user-prompt-submit", "PreToolUse": "pre-tool-use",
                 "PostToolUse": "post-tool-use", "PreCompact": "pre-compact", "Stop": "stop", "SubagentStart": "subagent-start",
                 "SubagentStop": "subagent-stop", "SessionEnd": "session-end"}
