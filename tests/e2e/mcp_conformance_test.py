"""The official conformance suite (@modelcontextprotocol/conformance) on the MCP server, at the wire of each revision.

Scenarios that any server can pass must pass. The others ask for tools, resources and prompts of the suite's own (test_image_content and
so on), which a server at work does not have; of them only the judgement of all messages by the revision's schema counts. A single check
that needs such a tool says itself that it could not be made. Skipped where npm is not there.
"""
import json
import re

import mcp_stage
import stage

SCENARIOS = {
    "2026-07-28": ["server-stateless", "tools-list", "resources-list", "prompts-list", "caching", "sep-2164-resource-not-found",
                   "dns-rebinding-protection", "server-sse-multiple-streams", "http-header-validation"],
    "2025-11-25": ["server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection",
                   "server-session-lifecycle"],
    "2025-06-18": ["server-initialize", "ping", "tools-list", "resources-list", "prompts-list"],
}


class Conformance(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.place = mcp_stage.packages()
        cls.home = mcp_stage.Fleet()
        cls.addClassCleanup(cls.home.close)
        cls.home.up()

    def play(self, revision):
        """Every scenario of a revision in one run: {scenario: its checks}. The suite's own status says nothing: some cannot pass."""
        results = self.home.path / revision
        with mcp_stage.Recorder(self.home, self.home.path / f"{revision}.ndjson") as recorder:
            done = self.home.run("node", "--import", self.place / "node22.mjs",
                                 self.place / "node_modules/@modelcontextprotocol/conformance/dist/index.js", "server", "--url", recorder.url,
                                 "--suite", "all", "--spec-version", revision, "--output-dir", results, cwd=self.place, limit=120)
        played = {}
        for file in results.glob("server-*/checks.json"):
            scenario = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.*", file.parent.name).group(1)
            played[scenario] = json.loads(file.read_text())
        self.assertTrue(played, f"the suite left no results\n{done}")
        return played

    def every(self, revision):
        played = self.play(revision)
        self.assertEqual([name for name in SCENARIOS[revision] if name not in played], [], "scenarios that the suite does not know")
        wrong, passed, messages = [], 0, 0
        for scenario, checks in played.items():
            for check in checks:
                details = check.get("details") or {}
                is_of_schema = check["id"] == "wire-schema-valid"
                messages += details.get("messagesValidated", 0) if is_of_schema else 0
                if not is_of_schema and scenario not in SCENARIOS[revision]:
                    continue
                passed += check["status"] == "SUCCESS"
                if check["status"] == "FAILURE" and not details.get("untestable"):
                    wrong.append(f"{scenario} {check['id']}: {check.get('errorMessage')} {json.dumps(details)[:400]}")
        self.assertEqual(wrong, [])
        self.assertGreater(passed, 20)
        self.assertGreater(messages, 20)
        print(f"{revision}: {len(SCENARIOS[revision])} scenarios whole, {passed} checks, {messages} messages of {len(played)} scenarios as the schema says")

    def test_2026_07_28(self):
        self.every("2026-07-28")

    def test_2025_11_25(self):
        self.every("2025-11-25")

    def test_2025_06_18(self):
        self.every("2025-06-18")


if __name__ == "__main__":
    mcp_stage.packages()
    stage.main()
