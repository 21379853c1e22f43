"""`fleet mcp` by hand: a process between a client's pipes and the daemon, without an SDK."""
import json
import os
import queue
import signal
import subprocess
import threading
import time
import unittest

import stage


class Client:
    """Speaks to one `fleet mcp`; answers are taken by their id."""

    def __init__(self, home, top, *flags, **environment):
        self.process = subprocess.Popen(["fleet", "mcp", *flags], cwd=top, env={**home.environment, **environment},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.messages = queue.Queue()
        self.kept = {}
        self.told = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.messages.put(line)
        self.messages.put(None)

    def say(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, number, method, **params):
        self.say(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))

    def call(self, number, tool, meta=None, **arguments):
        self.ask(number, "tools/call", name=tool, arguments=arguments, **({"_meta": meta} if meta else {}))

    def next(self, limit=30):
        line = self.messages.get(timeout=limit)
        return None if line is None else json.loads(line)

    def answer(self, number, limit=30):
        while number not in self.kept:
            message = self.next(limit)
            if message is None:
                raise AssertionError(f"ended without an answer to {number}: {self.process.stderr.read().decode()}")
            if "id" in message:
                self.kept[message["id"]] = message
            else:
                self.told.append(message)
        return self.kept.pop(number)

    def result(self, number, limit=30):
        answer = self.answer(number, limit)
        if "result" not in answer or answer["result"].get("isError"):
            raise AssertionError(answer)
        return answer["result"]["structuredContent"]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.end()

    def end(self, limit=10):
        self.process.stdin.close()
        status = self.process.wait(timeout=limit)
        self.reader.join(timeout=limit)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


class Stdio(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = stage.Home()
        cls.top = cls.home.repository()
        for words in (("services", "up"), ("init",)):
            answer = cls.home.fleet(*words, cwd=cls.top, limit=120)
            assert answer.status == 0, answer

    @classmethod
    def tearDownClass(cls):
        cls.home.close()

    def client(self, *flags, **environment):
        client = Client(self.home, self.top, *flags, **environment)
        self.addCleanup(client.kill)
        return client

    def test_1_it_starts_what_is_not_there(self):
        self.home.fleet("services", "down")
        client = self.client()
        client.ask(1, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "t", "version": "1"})
        self.assertEqual(client.answer(1)["result"]["serverInfo"]["name"], "fleet")
        client.say('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        client.call(2, "start_session", callsign="ann")
        self.assertEqual(client.result(2, limit=90)["callsign"], "ann")
        self.assertEqual(client.end(), 0)

    def test_2_answers_overtake_each_other_and_a_wait_can_be_cancelled(self):
        client = self.client()
        client.call(1, "start_session", callsign="ann")
        client.result(1, limit=90)
        client.call("w", "wait", meta={"progressToken": "p"}, callsign="ann", until="mail", seconds=60)
        for number in range(2, 12):
            client.call(number, "inbox", callsign="ann")
            client.result(number)
        self.assertNotIn("w", client.kept)
        self.assertTrue(stage.eventually(lambda: not client.messages.empty() or client.told))
        client.say('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"w"}}')
        client.ask(12, "ping")
        client.answer(12)
        self.assertNotIn("w", client.kept)
        client.call(13, "send_message", callsign="ann", to=["ann"], subject="s", body="b")
        client.call("v", "wait", callsign="ann", until="mail", seconds=60)
        self.assertTrue(client.result("v")["happened"])
        # A wait that is left behind holds nobody up.
        client.call("x", "wait", meta={"progressToken": 1}, callsign="ann", until="file", path="nobody", seconds=1)
        client.result("x")
        client.call("y", "wait", meta={"progressToken": 1}, callsign="ann", until="sortie", seconds=200)
        began = time.monotonic()
        self.assertEqual(client.end(), 0)
        self.assertLess(time.monotonic() - began, 5)

    def test_3_what_is_no_message_is_answered(self):
        client = self.client()
        client.say("this is no JSON")
        self.assertEqual(client.next()["error"]["code"], -32700)
        client.say('[{"jsonrpc":"2.0","id":1,"method":"ping"}]')
        self.assertEqual(client.next()["error"]["code"], -32600)
        client.say("")
        client.ask(3, "no/such/method")
        self.assertEqual(client.answer(3)["error"]["code"], -32601)
        meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
        client.ask(4, "server/discover", _meta=meta)
        self.assertEqual(client.answer(4)["result"]["supportedVersions"], ["2026-07-28"])
        self.assertEqual(client.end(), 0)

    def test_4_a_session_is_a_pilot(self):
        here = {"FLEET_SESSION": "codex/one"}
        first, other = self.client(**here), self.client(FLEET_SESSION="codex/two")
        first.call(1, "start_session")
        other.call(1, "start_session")
        one, two = first.result(1, limit=90)["callsign"], other.result(1, limit=90)["callsign"]
        self.assertNotEqual(one, two)
        first.call(2, "reserve", patterns=["src/main.c"])
        self.assertEqual(first.result(2)["outcome"], "granted")
        other.call(2, "reserve", patterns=["src/main.c"])
        refused = other.answer(2)["result"]
        self.assertTrue(refused["isError"])
        self.assertIn(one, refused["content"][0]["text"])
        first.end()
        # The program comes back with its session: it is the same pilot.
        again = self.client(**here)
        again.call(1, "start_session")
        self.assertEqual(again.result(1, limit=90)["callsign"], one)
        again.call(2, "end_session")
        again.result(2)
        again.end()
        other.end()

    def test_5_a_daemon_that_is_started_anew_is_not_noticed(self):
        client = self.client()
        client.call(1, "start_session", callsign="ann")
        client.result(1, limit=90)
        os.kill(self.home.fleet("status", "--json").json()["daemon"]["pid"], signal.SIGKILL)
        client.call(2, "send_message", callsign="ann", to=["ann"], subject="once", body="kingfisher")
        up = self.home.fleet("services", "up")
        self.assertEqual(up.status, 0, up)
        message = client.answer(2)
        client.call(3, "search_messages", q="kingfisher", callsign="ann")
        found = client.result(3)["items"]
        # Told as sent: there once. Told as not sent: not there.
        self.assertEqual(len(found), 1 if "result" in message else 0, message)
        self.assertEqual(client.end(), 0)


if __name__ == "__main__":
    stage.main()
