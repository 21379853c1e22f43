"""Who a command acts as: by flag, by setting, by the session of an agent's program, by the folder."""
import json

import guard_stage
import stage


class Identities(guard_stage.Fleet):
    def test_two_sessions_in_one_folder_are_two_pilots(self):
        self.project()
        ann = {"CLAUDE_CODE_SESSION_ID": "c-ann"}
        bob = {"CODEX_THREAD_ID": "t-bob"}
        self.assertIn("no pilot yet", self.refused(self.fleet("reserve", "a.c", **ann), 2).err)
        for name, environment in (("ann", ann), ("bob", bob)):
            said = self.ok(self.fleet("pilots", "register", name, "--program", "test", "--model", "m", **environment))
            self.assertIn(f"is {name} now", said.err)
        self.ok(self.fleet("reserve", "a.c", **ann))
        self.assertIn("ann holds a.c", self.refused(self.fleet("reserve", "a.c", **bob), 5).err)
        self.change("a.c")
        said = self.commit(status=1, **bob).err
        self.assertIn("a.c: ann holds a.c", said)
        self.assertIn("you are bob, session t-bob of codex (CODEX_THREAD_ID)", said)
        said = self.commit(status=1, CODEX_THREAD_ID="t-third").err
        self.assertIn("session t-third of codex (CODEX_THREAD_ID) has no pilot yet", said)
        self.assertIn("fleet pilots register", said)
        self.commit(**ann)
        # Who says who it is, is that one; nobody in particular is nobody.
        self.change("a.c")
        self.assertIn("you are bob, by FLEET_AS", self.commit("bob", status=1, **ann).err)
        self.assertIn("several pilots are registered here: ann, bob", self.commit(status=1).err)
        self.commit("ann", **bob)

    def test_what_a_hook_reserved_is_committed_by_its_session(self):
        self.project()
        session = {"CLAUDE_CODE_SESSION_ID": "c-hook"}

        def edit(path):
            return self.ok(self.fleet("hook", "claude-code", stdin=json.dumps({
                "session_id": "c-hook", "cwd": str(self.top), "hook_event_name": "PreToolUse", "tool_name": "Edit",
                "tool_input": {"file_path": str(self.top / path)}}), **session)).out

        self.assertNotIn("deny", edit("a.c"))
        self.change("a.c", "b.c")
        said = self.commit(status=1, **session).err
        self.assertIn("b.c: you do not hold it", said)
        self.assertNotIn("a.c:", said)
        self.git("restore", "--staged", "b.c")
        self.commit(**session)
        self.push(**session)
        self.change("a.c")
        self.assertRegex(self.commit(status=1, CODEX_THREAD_ID="t-1").err, r"a\.c: [a-z0-9-]+ holds a\.c")

    def test_who_am_i(self):
        self.project()
        self.assertEqual(self.ok(self.fleet("status", "--json")).json()["you"],
                         {"source": "nobody", "words": "no pilot is registered here"})
        for words in (("reserve", "x"), ("mail", "inbox")):
            self.refused(self.fleet(*words, FLEET_AS="nemo"), 4, "nemo", "(you are nemo, by FLEET_AS)")
        session = {"FLEET_SESSION": "opencode/ses_1"}
        self.assertIn("FLEET_SESSION=opencode", self.refused(self.fleet("status", FLEET_SESSION="opencode"), 2).err)
        self.ok(self.fleet("sessions", "open", "opencode", "ses_1", "--callsign", "carl"))
        self.assertEqual(self.ok(self.fleet("status", "--json", **session)).json()["you"],
                         {"callsign": "carl", "source": "session",
                          "words": "session ses_1 of opencode (FLEET_SESSION)",
                          "session": {"client": "opencode", "session_id": "ses_1", "variable": "FLEET_SESSION"}})
        self.assertIn("carl, session ses_1 of opencode (FLEET_SESSION)", self.ok(self.fleet("status", **session)).out)
        self.assertIn("session ses_1 of opencode", self.ok(self.fleet("pilots", "show", **session)).out)
        self.assertIn("by --as", self.ok(self.fleet("--as", "carl", "pilots", "show", **session)).out)
        self.ok(self.fleet("pilots", "register", "dora", "--program", "test", "--model", "m", **session))
        self.assertIn("carl, session", self.ok(self.fleet("status", **session)).out)
        self.ok(self.fleet("sessions", "close", "opencode", "ses_1"))
        self.assertIn("has ended; it was carl", self.refused(self.fleet("reserve", "x", **session), 2).err)
        key = self.key
        self.ok(self.fleet("sessions", "open", "opencode", "ses_1", "--callsign", "carl"))
        self.project()
        self.assertIn(f"is carl in {key}, not in {self.key}", self.ok(self.fleet("status", **session)).out)

    def test_the_innermost_program_is_at_work(self):
        self.project()
        self.ok(self.fleet("sessions", "open", "claude-code", "c-1", "--callsign", "ann"))
        self.ok(self.fleet("sessions", "open", "codex", "t-1", "--callsign", "bob"))
        both = 'CODEX_THREAD_ID=t-1 sh -c "fleet status; exit 0"'
        self.assertIn("bob, session t-1", self.ok(self.home.run("sh", "-c", f"{both}; exit 0", cwd=self.top,
                                                                CLAUDE_CODE_SESSION_ID="c-1")).out)
        both = 'CLAUDE_CODE_SESSION_ID=c-1 sh -c "fleet status; exit 0"'
        self.assertIn("ann, session c-1", self.ok(self.home.run("sh", "-c", f"{both}; exit 0", cwd=self.top,
                                                                CODEX_THREAD_ID="t-1")).out)



if __name__ == "__main__":
    stage.main()
