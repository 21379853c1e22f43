"""The real clients, from npm, with what `fleet setup` wrote: they list the server, and their edit of a file that
another pilot holds is refused.

The far end of their network is model.py, which asks for the edit. Long form only (FLEET_TEST_LONG=1): the packages
of clients/package-lock.json are 1.4 GB.
"""
import json
import os
import pathlib
import re
import shutil
import sys
import unittest

import npm_packages
import stage

HERE = stage.SOURCE / "tests/e2e/clients"
sys.path.insert(0, str(HERE))
from model import Model  # noqa: E402  (it stands beside the lock file)

SKIPPED = 77
EDIT = {"old": "return 0", "new": "return 1"}


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def packages():
    """The folder with node_modules; without them this test says why and is not counted."""
    if os.environ.get("FLEET_TEST_CLIENTS"):
        return pathlib.Path(os.environ["FLEET_TEST_CLIENTS"])
    try:
        place = npm_packages.installed(HERE, "real-clients", limit=600)
    except unittest.SkipTest as why:
        skip(why)
    return place


def program(modules, *patterns):
    for pattern in patterns:
        for found in sorted(modules.glob(pattern)):
            if os.access(found, os.X_OK):
                return found
    return None


class Clients(stage.Case):
    @classmethod
    def setUpClass(cls):
        modules = packages() / "node_modules"
        # A loaded machine is no reason for a hook to give up.
        cls.home = stage.new_home(cls, FLEET_HOOK_TIMEOUT="5s")
        cls.programs = cls.home.path / "programs"
        cls.programs.mkdir()
        for name, patterns in {
                "claude": ["@anthropic-ai/claude-code-linux-*/claude"],
                "codex": [".bin/codex"],
                "opencode": ["opencode-linux-*/bin/opencode"],
                "gemini": [".bin/gemini"],
                "copilot": ["@github/copilot-linux-*/copilot"]}.items():
            found = program(modules, *patterns)
            if found is None:
                raise stage.unittest.SkipTest(f"npm brought no program of {name} for this machine")
            (cls.programs / name).symlink_to(found)
        cls.home.environment["PATH"] = f"{cls.programs}:{cls.home.environment['PATH']}"
        started = cls.home.fleet("services", "up", limit=120)
        assert started.status == 0, started

    def project(self, client):
        """A project with the client set up, and a file in it that somebody else holds."""
        top = self.home.repository(client)
        self.ok(self.home.fleet("init", cwd=top))
        self.ok(self.home.fleet("setup", client, cwd=top))
        self.ok(self.home.fleet("pilots", "register", "viper-1", "--program", "other", "--model", "m", cwd=top))
        self.ok(self.home.fleet("reserve", "src/main.c", "--as", "viper-1", "--reason", "new parser", cwd=top))
        return top

    def run_client(self, top, calls, *words, files=None, **environment):
        """What the client printed, and what its model was told."""
        model = Model([(name, json.loads(json.dumps(given).replace("@TOP", str(top)))) for name, given in calls])
        self.addCleanup(model.close)

        def fill(text):
            return text.replace("@URL", model.url).replace("@TOP", str(top))

        for name, text in (files or {}).items():
            file = self.home.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(fill(text))
        answer = self.home.run(*words, cwd=top, limit=120, PWD=str(top),
                               **{key: fill(value) for key, value in environment.items()})
        if os.environ.get("FLEET_TEST_SHOW"):
            print(f"\n$ {' '.join(words)}\n{answer.out}\n--- err\n{answer.err}\n--- told\n" + "\n".join(model.results))
        return answer, model

    def edit_is_refused(self, top, answer, model):
        told = [text for text in model.results if "viper-1" in text and "src/main.c" in text]
        self.assertTrue(told, f"\n{answer}\n{model.results}")
        self.assertRegex(told[0], r'src/main.c is held by viper-1 .*for another (1h|5\dm \d+s); viper-1 says: "new parser"')
        self.assertIn("return 0", (top / "src/main.c").read_text())

    def test_claude_code(self):
        top = self.project("claude")
        listed = self.ok(self.home.run("claude", "mcp", "list", cwd=top))
        self.assertRegex(listed.out, r"fleet: fleet mcp - .*Pending approval")
        self.ok(self.home.fleet("setup", "claude", "--user", cwd=top))
        listed = self.ok(self.home.run("claude", "mcp", "list", cwd=self.home.path))
        self.assertRegex(listed.out, r"fleet: .*fleet mcp - .*Connected")
        self.ok(self.home.fleet("setup", "claude", "--user", "--uninstall", cwd=top))
        answer, model = self.run_client(
            top, [("Read", {"file_path": "@TOP/src/main.c"}),
                  ("Edit", {"file_path": "@TOP/src/main.c", "old_string": EDIT["old"], "new_string": EDIT["new"]})],
            "claude", "-p", "make main return 1", "--permission-mode", "acceptEdits",
            ANTHROPIC_BASE_URL="@URL", ANTHROPIC_API_KEY="none", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
            DISABLE_AUTOUPDATER="1")
        self.edit_is_refused(top, answer, model)

    def test_codex(self):
        top = self.project("codex")
        provider = ('model = "gpt-5.6-sol"\nmodel_provider = "local"\n[model_providers.local]\nname = "local"\n'
                    'base_url = "@URL/v1"\nwire_api = "responses"\n[projects."@TOP"]\ntrust_level = "trusted"\n')
        patch = ("*** Begin Patch\n*** Update File: src/main.c\n@@\n-int main(void) { return 0; }\n"
                 "+int main(void) { return 1; }\n*** End Patch\n")
        answer, model = self.run_client(
            top, [("apply_patch", patch)], "codex", "exec", "--dangerously-bypass-hook-trust", "-s", "workspace-write",
            "make main return 1", files={".codex/config.toml": provider})
        self.edit_is_refused(top, answer, model)
        listed = self.ok(self.home.run("codex", "mcp", "list", "--json", cwd=top)).json()
        server = next(one for one in listed if one["name"] == "fleet")
        self.assertEqual((server["enabled"], server["transport"]["command"], server["transport"]["args"]),
                         (True, "fleet", ["mcp"]))
        self.assertIn("XDG_RUNTIME_DIR", server["transport"]["env_vars"])

    def test_opencode(self):
        top = self.project("opencode")
        listed = self.ok(self.home.run("opencode", "mcp", "list", cwd=top, PWD=str(top)))
        self.assertRegex(re.sub(r"\x1b\[[0-9;]*m", "", listed.out + listed.err), r"✓ fleet\s+connected")
        provider = json.dumps({"provider": {"local": {
            "npm": "@ai-sdk/openai-compatible", "name": "Local", "options": {"baseURL": "@URL/v1", "apiKey": "none"},
            "models": {"scripted": {"name": "Scripted"}}}}})
        answer, model = self.run_client(
            top, [("read", {"filePath": "@TOP/src/main.c"}),
                  ("edit", {"filePath": "@TOP/src/main.c", "oldString": EDIT["old"], "newString": EDIT["new"]}),
                  ("bash", {"command": "echo session=$FLEET_SESSION", "description": "Say who"})],
            "opencode", "run", "-m", "local/scripted", "make main return 1",
            files={".config/opencode/opencode.json": provider})
        self.edit_is_refused(top, answer, model)
        self.assertTrue([text for text in model.results if "session=opencode/ses_" in text], model.results)

        def all_counted():
            used = self.home.fleet("usage", "--json", cwd=top).json()["total"]
            return (used["calls"], used["input_tokens"], used["output_tokens"]) == (4, 400, 80)
        self.assertTrue(stage.eventually(all_counted), self.home.fleet("usage", "--json", cwd=top))

    def test_gemini(self):
        top = self.project("gemini")
        trust = {"GEMINI_CLI_TRUST_WORKSPACE": "true"}
        listed = self.ok(self.home.run("gemini", "mcp", "list", cwd=top, PWD=str(top), **trust))
        self.assertRegex(listed.out + listed.err, r"fleet: fleet mcp \(stdio\) - Connected")
        answer, model = self.run_client(
            top, [("read_file", {"file_path": "src/main.c"}),
                  ("replace", {"file_path": "src/main.c", "old_string": EDIT["old"], "new_string": EDIT["new"],
                               "instruction": "Return 1."})],
            "gemini", "-p", "make main return 1", "--approval-mode", "auto_edit", "-m", "gemini-2.5-pro",
            files={".gemini/settings.json": '{"security": {"auth": {"selectedType": "gemini-api-key"}}}'},
            GOOGLE_GEMINI_BASE_URL="@URL", GEMINI_API_KEY="none", **trust)
        self.edit_is_refused(top, answer, model)

    def test_copilot(self):
        top = self.project("copilot")
        self.ok(self.home.fleet("setup", "copilot", "--user", cwd=top))
        listed = self.ok(self.home.run("copilot", "mcp", "list", cwd=top))
        self.assertRegex(listed.out, r"fleet \(local\)")
        self.ok(self.home.fleet("setup", "copilot", "--user", "--uninstall", cwd=top))
        answer, model = self.run_client(
            top, [("view", {"path": "@TOP/src/main.c"}),
                  ("edit", {"path": "@TOP/src/main.c", "old_str": EDIT["old"], "new_str": EDIT["new"]})],
            "copilot", "-p", "make main return 1", "--allow-all-tools", "--trust-folder",
            COPILOT_OFFLINE="true", COPILOT_PROVIDER_BASE_URL="@URL/v1", COPILOT_MODEL="scripted",
            COPILOT_PROVIDER_MODEL_ID="gpt-4.1")
        self.edit_is_refused(top, answer, model)


if __name__ == "__main__":
    if not os.environ.get("FLEET_TEST_LONG"):
        skip("five real clients are 1.4 GB: FLEET_TEST_LONG=1 installs and drives them")
    for needed in ("node", "npm"):
        if not shutil.which(needed):
            skip(f"there is no {needed}")
    stage.main()
