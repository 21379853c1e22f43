"""fleet setup: what goes into the files of agent programs, what stays in them, and how it comes out again.

The files in setup/<client>/ are those of somebody who uses the client already: `before`, and `after` a setup.
"""
import json
import os
import pathlib
import shutil

import stage

GOLDEN = stage.SOURCE / "tests/e2e/setup"
CLIENTS = ["claude", "codex", "opencode", "gemini", "copilot", "cursor"]


def files_below(top):
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(top).parts}


class Setup(stage.Case):
    def setUp(self):
        self.home = stage.new_home(self)
        self.top = self.home.repository()

    def fleet(self, *words, **how):
        return self.home.fleet(*words, cwd=how.pop("cwd", self.top), **how)

    def furnish(self, client):
        before = GOLDEN / client / "before"
        shutil.copytree(before, self.top, dirs_exist_ok=True)
        return files_below(self.top)

    def test_each_client_is_merged_as_the_golden_files_say_and_out_again_to_the_byte(self):
        for client in CLIENTS:
            with self.subTest(client=client):
                self.setUp()
                before = self.furnish(client)
                self.ok(self.fleet("setup", client))
                after = files_below(self.top)
                wanted = {**before, **files_below(GOLDEN / client / "after")}
                if os.environ.get("FLEET_TEST_WRITE"):
                    for name in set(after) | set(before):
                        target = GOLDEN / client / "after" / name
                        if after.get(name) != before.get(name):
                            target.parent.mkdir(parents=True, exist_ok=True)
                            target.write_bytes(after[name])
                    continue
                self.assertEqual(sorted(after), sorted(wanted))
                for name in sorted(wanted):
                    self.assertEqual(after[name].decode(), wanted[name].decode(), name)
                again = self.ok(self.fleet("setup", client, "--json")).json()
                self.assertEqual(again["changes"], [])
                self.ok(self.fleet("setup", client, "--uninstall"))
                self.assertEqual(files_below(self.top), before)

    def test_a_dry_run_shows_the_lines_and_changes_nothing(self):
        before = self.furnish("claude")
        shown = self.ok(self.fleet("setup", "claude", "--dry-run"))
        self.assertIn('+       "command": "fleet"', shown.out)
        self.assertIn("nothing was changed", shown.out + shown.err)
        self.assertNotIn("s3cret", shown.out, "a token of a neighbour is not shown")
        self.assertEqual(files_below(self.top), before)
        changes = self.ok(self.fleet("setup", "claude", "--dry-run", "--json")).json()["changes"]
        self.assertEqual([one["action"] for one in changes], ["change", "change", "change", "change"])

    def test_all_six_live_together_and_the_last_one_takes_the_block(self):
        for client in CLIENTS:
            self.ok(self.fleet("setup", client))
        status = self.ok(self.fleet("setup", "status", "--json")).json()
        self.assertFalse(status["drift"])
        self.assertEqual({one["state"] for one in status["items"]}, {"fine"})
        for client in CLIENTS[:-1]:
            self.ok(self.fleet("setup", client, "--uninstall"))
            self.assertIn("BEGIN FLEETTOOLS", (self.top / "AGENTS.md").read_text())
        self.ok(self.fleet("setup", CLIENTS[-1], "--uninstall"))
        self.assertEqual(list(files_below(self.top)), ["src/main.c"])

    def test_status_tells_missing_from_changed_from_older(self):
        self.ok(self.fleet("setup", "claude"))
        settings = self.top / ".claude/settings.json"
        settings.write_text(settings.read_text().replace('"timeout": 5', '"timeout": 60', 1))
        agents = self.top / "AGENTS.md"
        agents.write_text(agents.read_text().replace("FLEETTOOLS v1", "FLEETTOOLS v0"))
        (self.top / ".mcp.json").unlink()
        status = self.ends(self.fleet("setup", "status", "--json"), 1).json()
        states = {one["what"]: one["state"] for one in status["items"] if one["client"] == "claude"}
        self.assertEqual(states, {"MCP server": "missing", "hooks": "changed", "instructions": "older version"})
        self.ok(self.fleet("setup", "claude"))
        self.assertFalse(self.ok(self.fleet("setup", "status", "--json")).json()["drift"])

    def test_a_file_that_cannot_be_read_is_named_with_line_and_column_and_nothing_is_written(self):
        for client, name, text, place in [
                ("claude", ".claude/settings.json", '{\n  "model": "opus"\n  "theme": 1\n}\n', "settings.json:3:3"),
                ("codex", ".codex/config.toml", 'model = "o3"\nmodel = "o4"\n', "config.toml:2:"),
                ("opencode", "opencode.jsonc", '{ // mine\n  "mcp": [}\n', "opencode.jsonc:2:11"),
                ("cursor", ".cursor/mcp.json", '{"mcpServers": 3}', "mcp.json:1:16")]:
            with self.subTest(client=client):
                self.setUp()
                file = self.top / name
                file.parent.mkdir(exist_ok=True)
                file.write_text(text)
                before = files_below(self.top)
                self.refused(self.fleet("setup", client), 1, place, "it was left as it is")
                self.assertEqual(files_below(self.top), before)

    def test_a_link_out_of_the_project_and_a_server_of_our_name_are_refused(self):
        outside = self.home.path / "dotfiles.json"
        outside.write_text("{}")
        (self.top / ".mcp.json").symlink_to(outside)
        self.refused(self.fleet("setup", "claude"), 7, "outside", "nothing outside is changed")
        self.assertEqual(outside.read_text(), "{}")
        (self.top / ".mcp.json").unlink()
        (self.top / ".mcp.json").write_text('{"mcpServers": {"fleet": {"command": "tracker"}}}')
        self.refused(self.fleet("setup", "claude"), 5, "runs another program", "another name")
        self.assertEqual(list(files_below(self.top)), [".mcp.json", "src/main.c"])

    def test_the_user_scope_writes_below_the_home_with_the_whole_path(self):
        for client in CLIENTS:
            self.ok(self.fleet("setup", client, "--user"))
        self.assertEqual(list(files_below(self.top)), ["src/main.c"])
        servers = json.loads((self.home.path / ".claude.json").read_text())["mcpServers"]
        self.assertEqual(servers["fleet"]["command"], str(stage.PREFIX / "bin/fleet"))
        hooks = json.loads((self.home.path / ".claude/settings.json").read_text())["hooks"]
        self.assertEqual(hooks["PreToolUse"][0]["hooks"][0]["command"],
                         f"{stage.PREFIX}/bin/fleet hook claude-code/PreToolUse")
        for client in CLIENTS:
            self.ok(self.fleet("setup", client, "--user", "--uninstall"))
        left = [name for name in files_below(self.home.path) if not name.startswith(("shop/", ".local/"))]
        self.assertEqual(left, [])

    def test_fail_closed_is_said_where_the_client_can_do_it(self):
        self.ok(self.fleet("setup", "claude", "--fail-closed"))
        hooks = json.loads((self.top / ".claude/settings.json").read_text())["hooks"]
        self.assertEqual(hooks["PreToolUse"][0]["hooks"][0]["onFailure"], "block")
        self.assertNotIn("onFailure", hooks["PostToolUse"][0]["hooks"][0])
        self.ok(self.fleet("setup", "cursor", "--fail-closed"))
        hooks = json.loads((self.top / ".cursor/hooks.json").read_text())["hooks"]
        self.assertTrue(hooks["preToolUse"][0]["failClosed"])
        self.assertFalse(self.ok(self.fleet("setup", "status", "--json")).json()["drift"])

    def test_a_hook_is_silent_where_fleet_is_not_installed(self):
        self.ok(self.fleet("setup", "copilot"))
        hooks = json.loads((self.top / ".github/hooks/fleet.json").read_text())["hooks"]
        line = hooks["preToolUse"][0]["bash"]
        done = self.home.run("/bin/sh", "-c", line, stdin="{}", cwd=self.top, PATH="/usr/bin:/bin")
        self.ok(done)
        self.assertEqual(done.out + done.err, "")


class Doctor(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)
        cls.top = cls.home.repository()
        started = cls.home.fleet("services", "up", limit=120)
        assert started.status == 0, started
        cls.home.fleet("init", cwd=cls.top)

    def doctor(self):
        answer = self.home.fleet("doctor", "--json", cwd=self.top)
        return answer.status, {one["name"]: one for one in answer.json()["checks"] if "(project)" in one["name"]}

    def test_doctor_speaks_as_each_client_would_and_leaves_nothing_behind(self):
        for client in CLIENTS:
            self.ok(self.home.fleet("setup", client, cwd=self.top))
        projects = self.home.fleet("projects", "list", "--json").json()["items"]
        status, checks = self.doctor()
        self.assertEqual(status, 0, checks)
        self.assertEqual(len(checks), 2 * len(CLIENTS))
        for name, check in checks.items():
            words = "lists" if name.endswith("MCP") else "an edit of a held file is refused in"
            self.assertIn(words, check["message"])
        self.assertEqual(self.home.fleet("projects", "list", "--json").json()["items"], projects)
        sessions = self.home.fleet("sessions", "list", "--json", cwd=self.top).json()
        self.assertEqual(sessions["items"], [])
        for client in CLIENTS:
            self.ok(self.home.fleet("setup", client, "--uninstall", cwd=self.top))
        self.assertEqual(self.doctor()[1], {})

    def test_doctor_starts_nothing_that_came_with_the_project(self):
        trap = self.home.path / "fallen-for"
        program = self.top / "tools/fleet"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\ntouch {trap}\n")
        program.chmod(0o755)
        for server, line in ((["./tools/fleet", "mcp"], f"touch {trap}; fleet hook claude-code/PreToolUse"),
                             ([str(program), "mcp"], f"{program} hook claude-code/PreToolUse"),
                             (["fleet", "--quiet", "mcp"], "fleet hook claude-code/PreToolUse --project x")):
            (self.top / ".mcp.json").write_text(json.dumps({"mcpServers": {"fleet": {"command": server[0], "args": server[1:]}}}))
            (self.top / ".claude").mkdir(exist_ok=True)
            (self.top / ".claude/settings.json").write_text(json.dumps({"hooks": {"PreToolUse": [
                {"hooks": [{"type": "command", "command": line}]}]}}))
            status, checks = self.doctor()
            self.assertEqual(status, 1)
            for name, words in (("Claude Code (project): MCP", " ".join(server)), ("Claude Code (project): hook", line)):
                self.assertIn("not tried", checks[name]["message"])
                self.assertIn(words, checks[name]["message"])
            self.assertFalse(trap.exists())
        # What a setup of this account has written is tried, whatever program it was told to name.
        for name in (".mcp.json", ".claude/settings.json"):
            (self.top / name).unlink()
        self.ok(self.home.fleet("setup", "claude", "--command", str(program), cwd=self.top))
        self.doctor()
        self.assertTrue(trap.exists())
        self.ok(self.home.fleet("setup", "claude", "--uninstall", cwd=self.top))
        shutil.rmtree(program.parent)
        trap.unlink()

    def test_doctor_says_what_is_wrong_with_what_is_configured(self):
        self.ok(self.home.fleet("setup", "gemini", cwd=self.top))
        file = self.top / ".gemini/settings.json"
        text = file.read_text()
        file.write_text(text.replace('"command": "fleet"', '"command": "/nowhere/fleet"')
                        .replace("fleet hook gemini/BeforeTool", "fleet hook gemini/NoSuchTool"))
        status, checks = self.doctor()
        self.assertEqual(status, 1)
        self.assertIn("No such file", checks["Gemini CLI (project): MCP"]["message"])
        self.assertIn("does not refuse", checks["Gemini CLI (project): hook"]["message"])
        file.write_text(text)
        self.ok(self.home.fleet("setup", "gemini", "--uninstall", cwd=self.top))


if __name__ == "__main__":
    stage.main()
