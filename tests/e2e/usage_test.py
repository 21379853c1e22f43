"""What models use: reported by hand, by telemetry as the programs send it, once each; budgets that stop who has used them up."""
import csv
import http.client
import io
import json
import socket
import unittest

import stage

RECORDED = stage.SOURCE / "tests/support/telemetry"
AGENTS = ("CLAUDE", "CODEX", "GEMINI", "COPILOT", "OPENCODE", "CURSOR", "AI_AGENT")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Usage(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.home = stage.new_home(cls, FLEET_LISTEN_TCP=f"127.0.0.1:{cls.port}")
        for name in [name for name in cls.home.environment if name.startswith(AGENTS)]:
            del cls.home.environment[name]
        up = cls.home.fleet("services", "up", limit=120)
        assert up.status == 0, str(up)
        cls.token = (cls.home.state / "token").read_text().strip()

    def setUp(self):
        # A project each, so that what one test counts is nothing to another.
        self.key = self.id().rsplit(".", 1)[-1].replace("_", "-")
        self.top = self.home.repository(self.key)
        self.must("init", "--project", self.key)
        for callsign in ("viper-1", "raven-1"):
            self.must("pilots", "register", callsign, "--program", "test", "--model", "m", "--role", "coder")

    def fleet(self, *words, **how):
        return self.home.fleet(*words, cwd=self.top, **how)

    def must(self, *words, **how):
        return self.ok(self.fleet(*words, **how))

    def json(self, *words, **how):
        return self.must(*words, "--json", **how).json()

    def send(self, kind, body, headers=None, token=True):
        """As an exporter does: over TCP, in chunks."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.addCleanup(connection.close)
        said = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token}"} if token else {}), **(headers or {})}
        half = len(text) // 2
        connection.request("POST", f"/v1/{kind}", body=iter([text[:half], text[half:]]), headers=said, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def recorded(self, name, session):
        """With a session of this test, as the programs send it."""
        text = (RECORDED / f"{name}.json").read_text()
        return json.loads(text.replace({"claude-code": "0578ab36-533f-46c0-8a94-9de0265ed481",
                                        "codex": "01a1feac-08cc-7512-af0b-6267ad91a4d1",
                                        "gemini": "609d415a-0b2c-4097-bde2-6e95e91d57bd"}[name.split(".")[0]], session)
                          .replace("req_011test1", f"req_{session}"))

    def session(self, client, callsign="viper-1"):
        name = f"{self.key}-{client}"
        self.must("sessions", "open", client, name, "--callsign", callsign)
        return name

    def total(self, *words):
        return self.json("usage", *words)["total"]


class Reports:
    def test_a_call_counts_once_and_is_priced(self):
        first = self.json("usage", "record", "gpt-5", "--input", "12k", "--output", "850", "--call-id", "resp_1", "--as", "viper-1")
        self.assertEqual((first["counted"], first["cost_micros"], first["cost_from"]), (True, 23500, "price"))
        again = self.must("usage", "record", "gpt-5", "--input", "12k", "--output", "850", "--call-id", "resp_1", "--as", "viper-1")
        self.assertIn("known already", again.out + again.err)
        self.json("usage", "record", "mystery", "--input", "10", "--output", "5", "--as", "raven-1")
        total = self.total()
        self.assertEqual((total["calls"], total["tokens"], total["cost_micros"], total["unpriced_calls"]), (2, 12865, 23500, 1))
        table = self.must("usage").out
        self.assertIn("unknown", table)
        self.assertIn("≥ 0.0235 USD", table)
        self.assertIn("mystery", self.must("usage", "calls").out)

    def test_sums_by_everything_add_up_and_read_as_csv(self):
        for number, (pilot, model) in enumerate([("viper-1", "gpt-5"), ("viper-1", "o3"), ("raven-1", "gpt-5")]):
            self.json("usage", "record", model, "--input", str(1000 * (number + 1)), "--output", "10", "--pilot", pilot, "--cost", "0.25")
        for by in ("pilot", "role", "model", "mission", "day", "project", "pilot,model"):
            report = self.json("usage", "--by", by)
            self.assertEqual(sum(line["tokens"] for line in report["items"]), report["total"]["tokens"], by)
            self.assertEqual(sum(line["cost_micros"] for line in report["items"]), 750000, by)
        top = self.json("usage", "--by", "pilot,model", "--top", "1")["items"]
        self.assertEqual([line.get("rest") for line in top], [None, 2])
        rows = list(csv.DictReader(io.StringIO(self.must("usage", "--by", "pilot", "--csv").out)))
        self.assertEqual([(row["pilot"], row["calls"], row["cost"]) for row in rows], [("viper-1", "2", "0.500000"), ("raven-1", "1", "0.250000")])
        self.assertEqual(self.total("--since", "1d")["calls"], 3)
        self.assertEqual(self.total("--until", "2026-01-01")["calls"], 0)

    def test_what_is_wrong_is_said(self):
        self.refused(self.fleet("usage", "record", "gpt-5", "--input", "lots", "--as", "viper-1"), 2, "--input", "250k")
        self.refused(self.fleet("usage", "record", "gpt-5", "--input", "1", "--pilot", "nobody"), 4, "no pilot nobody", "pilots list")
        self.refused(self.fleet("usage", "--by", "moon"), 2, "/by")
        self.refused(self.fleet("usage", "--since", "last week"), 2, "/since", "7d")
        self.refused(self.fleet("budget", "set", "--pilot", "viper-1"), 2, "--tokens")
        self.refused(self.fleet("budget", "set", "--pilot", "nobody", "--tokens", "5"), 4, "nobody")
        self.refused(self.fleet("budget", "set", "--cost", "0.0000001"), 2, "--cost")
        self.refused(self.fleet("budget", "remove", "--day"), 4, "no such budget")
        self.refused(self.fleet("prices", "set", "m", "--input", "1", "--output", "1", "--from", "2026-02-30"), 2, "no such day")

    def test_prices_of_ones_own_come_first(self):
        model = self.key
        self.json("usage", "record", model, "--input", "1M", "--output", "0", "--as", "viper-1")
        self.assertIsNone(self.total()["cost_micros"])
        self.must("prices", "set", model, "--input", "1.25", "--output", "10", "--from", "2026-01-01")
        self.json("usage", "record", model, "--input", "1M", "--output", "100k", "--as", "viper-1")
        self.assertEqual(self.total()["cost_micros"], 2250000)
        self.assertIn("own", self.must("prices", "list", model).out)
        self.must("prices", "remove", model, "--from", "2026-01-01")
        self.assertEqual(self.json("prices", "list", model)["items"], [])


class Telemetry:
    def test_a_call_of_each_program_counts_for_the_pilot_of_its_session(self):
        for client in ("claude-code", "codex", "gemini"):
            session = self.session(client)
            for times in range(2):
                self.assertEqual(self.send("logs", self.recorded(f"{client}.logs", session)), (200, {}), client)
        calls = {call["client"]: call for call in self.json("usage", "calls")["items"]}
        self.assertEqual(sorted(calls), ["claude-code", "codex", "gemini"])
        for client, call in calls.items():
            self.assertEqual((call["pilot"], call["input_tokens"], call["output_tokens"], call["reports"]), ("viper-1", 100, 20, 1), client)
        self.assertEqual([calls[client]["cost_from"] for client in sorted(calls)], ["client", "price", "unknown"])

    def test_counters_add_nothing_to_calls_whichever_comes_first(self):
        for client, counters_first in (("claude-code", False), ("gemini", True)):
            session = self.session(client, "raven-1")
            kinds = ["metrics", "logs"] if counters_first else ["logs", "metrics"]
            for kind in kinds:
                self.assertEqual(self.send(kind, self.recorded(f"{client}.{kind}", session)), (200, {}))
        total = self.total()
        self.assertEqual((total["calls"], total["input_tokens"], total["output_tokens"]), (2, 200, 40))

    def test_counters_alone_are_counted(self):
        session = self.session("claude-code")
        for times in range(2):
            self.assertEqual(self.send("metrics", self.recorded("claude-code.metrics", session)), (200, {}))
        total = self.total()
        self.assertEqual((total["calls"], total["tokens"], total["cost_micros"]), (0, 120, 600))

    def test_hook_and_telemetry_report_one_call_once(self):
        session = self.session("claude-code")
        self.json("usage", "record", "claude-sonnet-4-5", "--input", "100", "--output", "20", "--call-id", f"req_{session}", "--as", "viper-1")
        self.send("logs", self.recorded("claude-code.logs", session))
        total = self.total()
        self.assertEqual((total["calls"], total["tokens"], total["cost_micros"]), (1, 120, 600))

    def test_a_transcript_is_read_where_a_turn_ends_and_telemetry_adds_nothing(self):
        session = self.session("claude-code")
        path = self.home.path / f"{session}.jsonl"
        entry = {"type": "assistant", "requestId": f"req_{session}", "timestamp": "2026-11-21T15:14:08.766Z", "sessionId": session,
                 "message": {"id": "msg_1", "model": "claude-sonnet-4-5", "role": "assistant", "content": [],
                             "usage": {"input_tokens": 100, "output_tokens": 20, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}}}
        path.write_text(json.dumps({"type": "user"}) + "\n" + json.dumps(entry) + "\n")
        stop = {"session_id": session, "cwd": str(self.top), "hook_event_name": "Stop", "transcript_path": str(path), "stop_hook_active": True}
        self.must("hook", "claude-code/Stop", stdin=json.dumps(stop))
        self.assertTrue(stage.eventually(lambda: self.total()["calls"] == 1))
        with path.open("a") as more:
            more.write(json.dumps({**entry, "requestId": f"req_{session}-2"}) + "\n" + '{"half": ')
        self.must("hook", "claude-code/Stop", stdin=json.dumps(stop))
        self.assertTrue(stage.eventually(lambda: self.total()["calls"] == 2))
        self.send("logs", self.recorded("claude-code.logs", session))
        total = self.total()
        self.assertEqual((total["calls"], total["tokens"], total["cost_micros"]), (2, 240, 1200))
        self.assertEqual({call["pilot"] for call in self.json("usage", "calls")["items"]}, {"viper-1"})

    def test_a_program_may_say_itself_who_it_is(self):
        body = self.recorded("codex.logs", "unknown-session")
        status, answer = self.send("logs", body)
        self.assertEqual(status, 200)
        self.assertEqual(answer["partialSuccess"]["rejectedLogRecords"], "1")
        self.assertIn("fleet.callsign", answer["partialSuccess"]["errorMessage"])
        body["resourceLogs"][0]["resource"]["attributes"] += [
            {"key": "fleet.project", "value": {"stringValue": self.key}}, {"key": "fleet.callsign", "value": {"stringValue": "raven-1"}}]
        self.assertEqual(self.send("logs", body), (200, {}))
        self.assertEqual(self.json("usage", "--by", "pilot")["items"][0]["pilot"], "raven-1")

    def test_what_cannot_be_read_says_which_setting_changes_it(self):
        status, problem = self.send("logs", b"\x0a\x00", {"Content-Type": "application/x-protobuf"})
        self.assertEqual((status, problem["code"]), (415, "unsupported_media_type"))
        self.assertIn("http/json", problem["hint"])
        status, problem = self.send("traces", b"\x1f\x8b", {"Content-Encoding": "gzip"})
        self.assertEqual(status, 415)
        self.assertIn("OTEL_EXPORTER_OTLP_COMPRESSION", problem["hint"])
        self.assertEqual(self.send("metrics", {}, token=False)[0], 401)
        self.assertEqual(self.send("metrics", b"[1]")[0], 422)
        self.assertEqual(self.send("metrics", b"{")[0], 400)


class Budgets:
    def test_a_warning_then_a_stop_of_claim_start_and_edit(self):
        self.must("sorties", "create", "One", "--name", "one")
        session = self.session("claude-code")
        self.must("budget", "set", "--pilot", "viper-1", "--day", "--tokens", "1000", "--warn", "50")
        self.must("usage", "record", "gpt-5", "--input", "600", "--output", "0", "--as", "viper-1")
        self.assertEqual([one["status"] for one in self.json("budget", "list")["items"]], ["warned"])
        self.assertIn("Budget warning", self.must("mail", "inbox", "--as", "viper-1").out)
        edit = {"session_id": session, "cwd": str(self.top), "hook_event_name": "PreToolUse", "tool_name": "Write",
                "tool_input": {"file_path": str(self.top / "src/main.c"), "content": "x"}}
        self.assertEqual(json.loads(self.must("hook", "claude-code/PreToolUse", stdin=json.dumps(edit)).out), {})
        self.must("usage", "record", "gpt-5", "--input", "400", "--output", "0", "--as", "viper-1")
        self.refused(self.fleet("sorties", "claim", "--as", "viper-1"), 5, "is used up: 1000 of 1000 tokens", "fleet budget set --pilot viper-1 --day")
        self.refused(self.fleet("orders", "claim", "--as", "viper-1"), 5, "used up")
        denied = json.loads(self.must("hook", "claude-code/PreToolUse", stdin=json.dumps(edit)).out)
        self.assertEqual(denied["hookSpecificOutput"]["permissionDecision"], "deny")
        self.assertIn("used up", denied["hookSpecificOutput"]["permissionDecisionReason"])
        self.must("sorties", "claim", "--as", "raven-1")
        self.must("budget", "set", "--pilot", "viper-1", "--day", "--tokens", "2k")
        self.assertEqual(json.loads(self.must("hook", "claude-code/PreToolUse", stdin=json.dumps(edit)).out), {})

    def test_a_mission_s_sorties_are_passed_over(self):
        mission = self.json("missions", "create", "Big")["mission_id"]
        self.must("sorties", "create", "Part", "--mission", mission, "--name", "part")
        self.must("missions", "start", mission)
        self.must("sorties", "claim", "--as", "viper-1")
        self.must("sorties", "create", "Other part", "--mission", mission, "--name", "other")
        self.must("budget", "set", "--mission", mission, "--cost", "1.50")
        self.must("usage", "record", "mystery", "--input", "5", "--output", "0", "--cost", "1.5", "--as", "viper-1")
        self.assertEqual(self.json("ready")["items"], [])
        self.assertIn("used up", self.must("ready", "--all").out)
        self.refused(self.fleet("sorties", "claim", "--as", "raven-1"), 5, "no work is ready")
        self.must("budget", "remove", "--mission", mission)
        self.must("sorties", "claim", "--as", "raven-1")
        self.assertEqual(self.json("budget", "list")["items"], [])


class All(Reports, Telemetry, Budgets, Usage):
    """On one server: none is in another's project."""


if __name__ == "__main__":
    stage.main()
