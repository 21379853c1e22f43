"""The MCP server against what no honest client sends: strangers' origins, lies in headers, broken and huge messages, sudden ends.

Needs no npm: everything here is spoken by hand.
"""
import json
import socket
import time

import mcp_stage
import stage
from mcp_stage import legacy, modern


class Hostile(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = mcp_stage.Fleet()
        cls.addClassCleanup(cls.home.close)
        cls.home.up()

    def post(self, message, headers=None, **how):
        status, headers, text = self.home.post(message, headers, **how)
        return status, headers, json.loads(text) if text.strip() else None

    def error(self, status, code, message, headers=None, **how):
        """An error of JSON-RPC with this status and code, in words."""
        got, _, body = self.post(message, headers, **how)
        self.assertEqual((got, body and body.get("error", {}).get("code")), (status, code), f"{message}\n{body}")
        self.assertTrue(body["error"]["message"])
        self.assertIsNotNone(body.get("id", 0), "an id that is null is no id of MCP: it is left out")
        return body

    def started(self, callsign):
        status, _, body = self.post(legacy("tools/call", name="start_session", arguments={
            "project": self.home.project, "callsign": callsign, "program": "raw", "model": "none"}))
        self.assertEqual((status, body["result"].get("isError", False)), (200, False), body)

    def tool(self, name, **arguments):
        _, _, body = self.post(legacy("tools/call", name=name, arguments={"project": self.home.project, **arguments}))
        return body["result"]

    def waiting(self):
        """Places in line of the whole project."""
        return self.ok(self.home.fleet("reservations", "--waiting", "--json", cwd=self.home.top)).json()["items"]


class Http(Hostile):
    def test_strangers_are_turned_away(self):
        for origin in ("http://evil.example", "https://127.0.0.1.evil.example", "null", "http://localhost.evil.example:80", "file://",
                       "http://[::1].evil.example", "http://localhost:80@evil.example", "http://localhost:80.evil.example"):
            for message, headers in (modern("tools/list"), (legacy("tools/list"), {})):
                self.assertEqual(self.home.post(message, {**headers, "Origin": origin})[0], 403, origin)
        for host in ("evil.example", "evil.example:7433", "127.0.0.1.evil.example", "[::1].evil.example", ""):
            self.assertIn(self.home.post(legacy("tools/list"), {"Host": host})[0], (400, 403), host)
        port = self.home.port
        for own in ({"Origin": f"http://localhost:{port}"}, {"Origin": "http://127.0.0.1:3000"}, {"Origin": "http://[::1]:5"},
                    {"Host": f"localhost:{port}"}, {"Host": f"127.0.0.1:{port}"}, {"Host": "[::1]:1"}):
            self.assertEqual(self.home.post(legacy("tools/list"), own)[0], 200, own)

    def test_a_token_is_needed(self):
        for token in (None, "Bearer wrong", "Basic YTpi"):
            status, headers, _ = self.home.post(legacy("tools/list"), {"Authorization": token})
            self.assertEqual(status, 401, token)
            self.assertIn("www-authenticate", headers)
        self.assertEqual(self.home.post(legacy("tools/list"), unix=True)[0], 200)

    def test_headers_that_do_not_say_what_the_body_says(self):
        message, headers = modern("tools/call", name="board", arguments={})
        self.assertEqual(self.home.post(message, headers)[0], 200)
        for lie in ({"MCP-Protocol-Version": "2025-11-25"}, {"Mcp-Method": "tools/list"}, {"Mcp-Name": "inbox"}, {"Mcp-Method": None},
                    {"Mcp-Name": None}, {"MCP-Protocol-Version": None}):
            self.error(400, -32020, message, {**headers, **lie})
        message, headers = modern("resources/read", name="fleet://board")
        self.error(400, -32020, message, {**headers, "Mcp-Name": "fleet://inbox/x"})

    def test_a_revision_that_nobody_knows(self):
        message, headers = modern("tools/list", revision="2099-01-01")
        body = self.error(400, -32022, message, headers)
        self.assertEqual(body["error"]["data"]["requested"], "2099-01-01")
        self.assertIn(mcp_stage.MODERN, body["error"]["data"]["supported"])
        self.assertEqual(self.home.post(legacy("tools/list"), {"MCP-Protocol-Version": "1999-01-01"})[0], 400)
        _, _, body = self.post(legacy("initialize", protocolVersion="1999-01-01", capabilities={}, clientInfo={"name": "x", "version": "1"}))
        self.assertEqual(body["result"]["protocolVersion"], "2025-11-25")

    def test_a_method_that_nobody_knows(self):
        message, headers = modern("tools/dance")
        self.error(404, -32601, message, headers)
        self.error(200, -32601, legacy("tools/dance"))
        for gone in ("initialize", "ping", "logging/setLevel"):
            message, headers = modern(gone)
            self.error(404, -32601, message, headers)

    def test_what_is_no_message(self):
        self.error(400, -32700, "{")
        self.error(400, -32700, b"\xff\xfe{}")
        self.error(400, -32700, "[" * 5000 + "]" * 5000)
        for broken in ("[]", "7", '"text"', "null", [legacy("tools/list")], {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
                       {"id": 1, "method": "tools/list"}, {"jsonrpc": "2.0", "id": None, "method": "tools/list"},
                       {"jsonrpc": "2.0", "id": 1.5, "method": "tools/list"}, {"jsonrpc": "2.0", "id": {}, "method": "tools/list"},
                       {"jsonrpc": "2.0", "id": 1, "method": 7}, {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]}):
            self.error(400, -32600, broken)
        for broken in ({"name": 7}, {}, {"name": "board", "arguments": []}):
            self.error(200, -32602, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": broken})
        self.assertEqual(self.home.post("", None)[0], 400)

    def test_what_is_huge(self):
        huge = legacy("tools/call", name="send_message", arguments={"body": "x" * (1 << 20)})
        self.assertEqual(self.home.post(huge)[0], 413)
        large = legacy("tools/call", name="send_message", arguments={"project": self.home.project, "callsign": "nobody", "body": "x" * 900_000})
        self.assertEqual(self.home.post(large)[0], 200)
        self.assertIn(self.home.post(legacy("tools/list"), {"X-Filler": "y" * 20_000})[0], (400, 431))

    def test_other_methods_and_types(self):
        for method in ("GET", "DELETE", "PUT"):
            status, headers, _ = self.home.post(None, method=method)
            self.assertEqual((status, headers.get("allow")), (405, "POST"), method)
        self.assertEqual(self.home.post(legacy("tools/list"), {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.home.post(legacy("tools/list"), {"Accept": "text/html"})[0], 406)
        self.assertEqual(self.home.post(legacy("tools/list"), {"Accept": "*/*"})[0], 200)

    def test_notifications_are_taken_without_a_word(self):
        for message in ({"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "method": "notifications/nonsense"},
                        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}}):
            status, _, text = self.home.post(message)
            self.assertEqual((status, text), (202, ""), message)
        # It asks nothing, so it takes no answers.
        self.error(400, -32600, {"jsonrpc": "2.0", "id": 9, "result": {}})

    def test_who_hangs_up_does_not_keep_its_place_in_line(self):
        self.started("hang-1")
        self.started("hang-2")
        self.tool("reserve", callsign="hang-1", patterns=["hang/**"])
        message = json.dumps(legacy("tools/call", name="reserve", arguments={
            "project": self.home.project, "callsign": "hang-2", "patterns": ["hang/a"], "wait_seconds": 60}))
        with socket.create_connection(("127.0.0.1", self.home.port)) as raw:
            raw.sendall((f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.home.token}\r\nContent-Type: application/json\r\n"
                         f"Accept: application/json, text/event-stream\r\nContent-Length: {len(message)}\r\n\r\n{message}").encode())
            self.assertTrue(stage.eventually(lambda: len(self.waiting()) == 1))
        self.assertTrue(stage.eventually(lambda: not self.waiting()), "it still waits")


class Stdio(Hostile):
    def test_broken_lines_are_answered_and_the_next_is_heard(self):
        with self.home.bridge() as bridge:
            bridge.initialize()
            for line, code in ((b"{", -32700), (b"\xff\xfe", -32700), (b"[]", -32600), (json.dumps([legacy("ping")]).encode(), -32600),
                               (b'{"jsonrpc":"2.0","id":5}', -32600)):
                bridge.send(line)
                answer = bridge.next()
                self.assertEqual(answer.get("error", {}).get("code"), code, f"{line}: {answer}")
                self.assertIsNotNone(answer.get("id", 0))
            bridge.send(b"")
            bridge.send(b"   ")
            self.assertEqual(bridge.ask(9, "ping")["result"], {})
            self.assertEqual(bridge.end(), 0)

    def test_a_huge_line(self):
        with self.home.bridge() as bridge:
            bridge.initialize()
            answer = bridge.call(1, "send_message", body="x" * (1 << 20))
            self.assertIn("error", answer)
            bridge.send(b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"' + b"y" * (8 << 20) + b'"}}')
            self.assertIn("error", bridge.next())
            self.assertEqual(bridge.ask(3, "ping")["result"], {})
            self.assertEqual(bridge.end(), 0)

    def test_a_line_in_pieces(self):
        with self.home.bridge() as bridge:
            whole = json.dumps(legacy("ping", 4)).encode() + b"\r\n"
            for byte in whole:
                bridge.process.stdin.write(bytes([byte]))
                bridge.process.stdin.flush()
            self.assertEqual(bridge.answer(4)["result"], {})

    def test_unknown_revision_and_method(self):
        with self.home.bridge() as bridge:
            bridge.send(modern("tools/list", 1, revision="2099-01-01")[0])
            answer = bridge.answer(1)
            self.assertEqual((answer["error"]["code"], answer["error"]["data"]["requested"]), (-32022, "2099-01-01"))
            bridge.send(modern("tools/dance", 2)[0])
            self.assertEqual(bridge.answer(2)["error"]["code"], -32601)
            self.assertEqual(bridge.initialize("1999-01-01")["protocolVersion"], "2025-11-25")
            bridge.send(modern("server/discover", 3)[0])
            self.assertIn(mcp_stage.MODERN, bridge.answer(3)["result"]["supportedVersions"])

    def test_a_cancelled_call_says_nothing_and_leaves_the_line(self):
        self.started("cancel-1")
        self.started("cancel-2")
        self.tool("reserve", callsign="cancel-1", patterns=["cancel/**"])
        with self.home.bridge() as bridge:
            bridge.initialize()
            bridge.send(legacy("tools/call", 1, name="reserve", arguments={"project": self.home.project, "callsign": "cancel-2",
                                                                           "patterns": ["cancel/a"], "wait_seconds": 60}))
            self.assertTrue(stage.eventually(lambda: len(self.waiting()) == 1))
            bridge.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "no longer needed"}})
            self.assertTrue(stage.eventually(lambda: not self.waiting()), "it still waits")
            self.assertEqual(bridge.ask(2, "ping")["result"], {})
            bridge.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4711}})
            self.assertEqual(bridge.ask(3, "ping")["result"], {})
            self.assertNotIn(1, [message.get("id") for message in bridge.seen])
            self.assertEqual(bridge.end(), 0)

    def test_answers_overtake_a_call_that_waits(self):
        self.started("slow-1")
        with self.home.bridge() as bridge:
            bridge.initialize()
            bridge.send(legacy("tools/call", 1, name="wait", arguments={"project": self.home.project, "callsign": "slow-1", "until": "mail", "seconds": 60}))
            self.assertEqual(bridge.ask(2, "ping")["result"], {})
            self.tool("send_message", callsign="slow-1", to=["slow-1"], subject="Wake", body="up")
            self.assertIn("result", bridge.answer(1))
            self.assertEqual(bridge.end(), 0)

    def test_the_end_of_the_input_ends_it_within_a_call(self):
        self.started("end-1")
        self.started("end-2")
        self.tool("reserve", callsign="end-1", patterns=["end/**"])
        with self.home.bridge() as bridge:
            bridge.initialize()
            bridge.send(legacy("tools/call", 1, name="reserve", arguments={"project": self.home.project, "callsign": "end-2", "patterns": ["end/a"],
                                                                           "wait_seconds": 60}))
            self.assertTrue(stage.eventually(lambda: len(self.waiting()) == 1))
            began = time.monotonic()
            self.assertEqual(bridge.end(), 0)
            self.assertLess(time.monotonic() - began, 2)
        self.assertTrue(stage.eventually(lambda: not self.waiting()), "it still waits")

    def test_a_bridge_that_starts_disturbs_nobody(self):
        """Each one makes sure that the database is up: the others must not hear of it."""
        read = legacy("resources/read", uri=f"fleet://board?project={self.home.project}")
        bridges = []
        try:
            for _ in range(5):
                bridges.append(self.home.bridge())
                for _ in range(10):
                    _, _, body = self.post(read)
                    self.assertIn("result", body)
            for bridge in bridges:
                self.assertIn("result", bridge.call(1, "board", project=self.home.project))
        finally:
            self.assertEqual([bridge.end() for bridge in bridges], [0] * len(bridges))

    def test_nothing_at_all_is_an_end_too(self):
        with self.home.bridge() as bridge:
            self.assertEqual(bridge.end(), 0)
            self.assertEqual(bridge.next(), None)

    def test_a_daemon_that_comes_back_is_found_again(self):
        with self.home.bridge() as bridge:
            bridge.initialize()
            self.assertEqual(bridge.ask(1, "ping")["result"], {})
            self.ok(self.home.fleet("services", "restart", limit=120))
            self.assertIn("result", bridge.call(2, "board", limit=60, project=self.home.project))
            self.assertEqual(bridge.end(), 0)


del Hostile     # it has no tests of its own

if __name__ == "__main__":
    stage.main()
