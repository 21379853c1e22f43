"""Official MCP clients on the MCP server: the TypeScript SDK v1 and v2, and the inspector's CLI, over stdio and HTTP.

Every message is recorded, and judged by the published JSON Schema of the revision it was spoken in. Skipped where npm is not there.
"""
import json
import os

import mcp_stage
import stage
from mcp_stage import LEGACY, MODERN

LONG = bool(os.environ.get("FLEET_TEST_LONG"))


class Clients(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.place = mcp_stage.packages()
        cls.home = mcp_stage.Fleet()
        cls.addClassCleanup(cls.home.close)
        cls.home.up()

    def record(self, name):
        return self.home.path / f"{name}.ndjson"

    def tee(self, record, *words):
        return ["node", str(self.place / "tee.mjs"), str(record), "fleet", "mcp", *words]

    def tour(self, sdk, revision, name, where):
        setting = {"sdk": sdk, "revision": revision, "project": self.home.project, "name": name, "where": where}
        done = self.ok(self.home.node("tour.mjs", json.dumps(setting)))
        print(done.out.strip())

    def judged(self, *records, **least):
        words = [word for name, count in least.items() for word in ("--least", f"{name.replace('_', '-').lstrip('r')}={count}")]
        done = self.ok(self.home.node("judge.mjs", *words, *records))
        return json.loads(done.out[:done.out.rindex("}") + 1])

    def test_sdk_v1_over_stdio(self):
        record = self.record("v1-stdio")
        self.tour("v1", None, "v1s", {"command": self.tee(record), "cwd": str(self.home.top)})
        self.judged(record, r2025_11_25=40)

    def test_sdk_v1_over_http(self):
        record = self.record("v1-http")
        with mcp_stage.Recorder(self.home, record) as recorder:
            self.tour("v1", None, "v1h", {"url": recorder.url})
        self.judged(record, r2025_11_25=40)

    def test_sdk_v2_over_stdio(self):
        record = self.record("v2-stdio")
        self.tour("v2", MODERN, "v2s", {"command": self.tee(record), "cwd": str(self.home.top)})
        self.judged(record, r2026_07_28=40)

    def test_sdk_v2_over_http(self):
        record = self.record("v2-http")
        with mcp_stage.Recorder(self.home, record) as recorder:
            self.tour("v2", MODERN, "v2h", {"url": recorder.url})
        self.judged(record, r2026_07_28=40)

    def test_sdk_v2_as_a_client_of_the_older_era(self):
        record = self.record("v2-legacy")
        self.tour("v2", "legacy", "v2l", {"command": self.tee(record), "cwd": str(self.home.top)})
        self.judged(record, r2025_11_25=40)

    def inspect(self, target, *words):
        """One call of the inspector's CLI, which connects, asks and ends."""
        inspector = self.place / "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        done = self.ok(self.home.run("node", inspector, "--cli", "--format", "json", "--quiet", *words, *target, cwd=self.home.top, limit=60))
        return json.loads(done.out)["result"]

    def inspected(self, target, era):
        """The inspector lists, calls and reads."""
        era = ["--protocol-era", era]
        tools = self.inspect(target, "--method", "tools/list", "--strict", *era)["tools"]
        self.assertIn("start_session", [tool["name"] for tool in tools])
        arguments = {"project": self.home.project, "callsign": "inspector-1", "program": "inspector", "model": "none"}
        called = self.inspect(target, "--method", "tools/call", "--tool-name", "start_session", "--tool-args-json", json.dumps(arguments), *era)
        self.assertEqual(called["structuredContent"]["callsign"], "inspector-1")
        read = self.inspect(target, "--method", "resources/read", "--uri", f"fleet://board?project={self.home.project}", *era)
        self.assertTrue(read["contents"][0]["text"])

    # Each call is a program that starts: both eras over both transports are left to the long form.
    def test_the_inspector_over_stdio(self):
        record = self.record("inspector-stdio")
        self.inspected(self.tee(record), "legacy")
        self.judged(record, r2025_11_25=5)
        if LONG:
            self.inspected(self.tee(record), "modern")
            self.judged(record, r2026_07_28=5)

    def test_the_inspector_over_http(self):
        record = self.record("inspector-http")
        with mcp_stage.Recorder(self.home, record) as recorder:
            target = ["--transport", "http", "--server-url", recorder.url]
            self.inspected(target, "modern")
            self.judged(record, r2026_07_28=5)
            if LONG:
                self.inspected(target, "legacy")
                self.judged(record, r2025_11_25=5)

    def test_every_revision_is_spoken(self):
        record = self.record("revisions")
        methods = [("tools/list", {}), ("resources/list", {}), ("resources/templates/list", {}), ("prompts/list", {}), ("ping", {}),
                   ("tools/call", {"name": "board", "arguments": {"project": self.home.project}}),
                   ("tools/call", {"name": "board", "arguments": {"limit": "x"}}), ("tools/call", {"name": "nothing"}),
                   ("resources/read", {"uri": f"fleet://board?project={self.home.project}"}), ("resources/read", {"uri": "fleet://x"}),
                   ("prompts/get", {"name": "nothing"}), ("no/such", {})]
        entries = []

        def note(via, connection, source, message, revision=None):
            entries.append({"via": via, "connection": connection, "from": source, "message": message, "revision": revision})

        for revision in LEGACY:
            with self.home.bridge() as bridge:
                self.assertEqual(bridge.initialize(revision)["protocolVersion"], revision)
                note("stdio", revision, "client", mcp_stage.legacy("initialize", 0, protocolVersion=revision, capabilities={},
                                                                   clientInfo={"name": "raw", "version": "1"}))
                note("stdio", revision, "server", bridge.seen[0])
                for number, (method, params) in enumerate(methods, 1):
                    answer = bridge.ask(number, method, params)
                    if method != "no/such":
                        note("stdio", revision, "client", mcp_stage.legacy(method, number, **params))
                    note("stdio", revision, "server", answer)
                self.assertEqual(bridge.end(), 0)
            for number, (method, params) in enumerate(methods, 1):
                status, headers, text = self.home.post(mcp_stage.legacy(method, number, **params), {"MCP-Protocol-Version": revision})
                self.assertEqual((status, headers["content-type"].split(";")[0]), (200, "application/json"), text)
                if method != "no/such":
                    note("http", f"http {revision} {number}", "client", mcp_stage.legacy(method, number, **params), revision)
                note("http", f"http {revision} {number}", "server", json.loads(text), revision)
        record.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        counts = self.judged(record, r2025_11_25=20, r2025_06_18=20, r2025_03_26=20, r2024_11_05=20)
        self.assertEqual(len(counts), 8, counts)

    def test_two_sessions_in_one_directory_are_two_pilots(self):
        with self.home.bridge(CLAUDE_CODE_SESSION_ID="one") as one, self.home.bridge(CLAUDE_CODE_SESSION_ID="two") as two:
            pilots = []
            for bridge in (one, two):
                bridge.initialize()
                started = bridge.call(1, "start_session")["result"]
                self.assertFalse(started.get("isError"), started)
                pilots.append(started["structuredContent"]["callsign"])
                self.assertEqual(started["structuredContent"]["project"], self.home.project)
            self.assertEqual(len(set(pilots)), 2)
            # Nobody says who acts from here on: the session does.
            one.call(2, "reserve", patterns=["both/a"])
            held = two.call(2, "reserve", patterns=["both/a"])["result"]
            self.assertTrue(held["isError"], held)
            self.assertIn(pilots[0], held["content"][0]["text"])
            again = one.call(3, "start_session")["result"]["structuredContent"]
            self.assertEqual(again["callsign"], pilots[0])
            self.assertIn("result", one.call(4, "end_session"))
            self.assertEqual(two.call(3, "reserve", patterns=["both/a"])["result"]["structuredContent"]["outcome"], "granted")

    def test_the_judge_refuses_what_the_schema_forbids(self):
        """A judge that accepts everything would prove nothing."""
        asked, _ = mcp_stage.modern("tools/list")
        good = {"tools": [], "resultType": "complete", "ttlMs": 1, "cacheScope": "public"}
        cases = [({**good, "ttlMs": None}, "ttlMs"), ({**good, "tools": [{"name": 1}]}, "name"), ({"tools": []}, "resultType")]
        for result, words in cases:
            record = self.record("broken")
            entries = [{"via": "stdio", "connection": "a", "from": "client", "message": asked},
                       {"via": "stdio", "connection": "a", "from": "server", "message": {"jsonrpc": "2.0", "id": 1, "result": result}}]
            record.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
            self.refused(self.home.node("judge.mjs", record), 1, words)
        record.write_text(json.dumps({"via": "stdio", "connection": "a", "from": "server", "unreadable": "Welcome!"}))
        self.refused(self.home.node("judge.mjs", record), 1, "no JSON")

    def test_the_list_of_tools_is_small_and_the_same(self):
        texts = set()
        for unix in (False, True, False):
            message, headers = mcp_stage.modern("tools/list")
            status, _, text = self.home.post(message, headers, unix=unix)
            self.assertEqual(status, 200, text)
            texts.add(text)
        self.assertEqual(len(texts), 1, "the list of tools is another one each time")
        place = self.home.path / "tools.json"
        place.write_text(texts.pop())
        counted = self.ok(self.home.node("tokens.mjs", place, "--most", 3000))
        print(counted.out.strip())

    def test_no_answer_is_over_the_budget_of_its_tool(self):
        tools = json.loads((stage.SOURCE / "client/catalogue/mcp.json").read_text())["tools"]
        setting = {"project": "crowded", "where": {"url": f"http://127.0.0.1:{self.home.port}/mcp", "headers": {"Authorization": f"Bearer {self.home.token}"}},
                   "budgets": {tool["name"]: tool["budget"] for tool in tools}}
        self.ok(self.home.fleet("init", "--project", "crowded", cwd=self.home.repository("crowded")))
        done = self.ok(self.home.node("budgets.mjs", json.dumps(setting)))
        print(done.out.strip())


if __name__ == "__main__":
    mcp_stage.packages()
    stage.main()
