"""How strict the guard is, and what it does when nobody answers."""
import os
import signal
import time

import guard_stage
import stage


class Policies(guard_stage.Fleet):
    def settings(self, text):
        self.write(".fleet/config.toml", f'project = "{self.key}"\n{text}\n')

    def test_warn_and_off(self):
        self.project("ann", "bob")
        self.reserve("bob", "a.c")
        self.settings('hook_policy = "warn"')
        self.change("a.c")
        said = self.commit("ann").err
        self.assertIn("it goes on, because hook_policy is warn", said)
        self.assertIn("a.c: bob holds a.c", said)
        self.assertIn("policy warn", self.push("ann").err)
        self.settings('hook_policy = "off"')
        self.change("a.c")
        self.assertEqual(self.commit("ann").err, "")
        self.change("a.c")
        self.assertIn("(FLEET_HOOK_POLICY)", self.commit("ann", status=1, FLEET_HOOK_POLICY="enforce").err)
        self.settings("")
        self.commit("ann", FLEET_HOOK_POLICY="off")
        self.settings('hook_policy = "strict"')
        self.change("a.c")
        said = self.commit("ann", status=1).err
        self.assertIn("config.toml:2", said)
        self.assertIn("enforce", said)

    def test_a_daemon_that_is_away(self):
        self.project("ann")
        away = {"FLEET_SOCKET": str(self.home.path / "nobody.sock")}
        for name, environment in {"folder": away, "session": {**away, "CODEX_THREAD_ID": "t-1", "FLEET_AS": ""}}.items():
            with self.subTest(name):
                self.settings('hook_on_failure = "closed"')
                self.change("a.c")
                before = time.monotonic()
                said = self.commit("ann" if name == "folder" else "", status=1, **environment).err
                self.assertLess(time.monotonic() - before, 5)
                self.assertIn("this commit was not looked at", said)
                self.assertIn("it is refused (hook_on_failure = closed)", said)
                self.assertIn("fleet services up", said)
                self.settings("")
                said = self.commit("ann" if name == "folder" else "", **environment).err
                self.assertIn("it goes on (hook_on_failure = open)", said)
        self.assertIn("was not looked at", self.push("ann", **away).err)

    def test_a_daemon_that_hangs(self):
        self.project("ann")
        pid = int((self.home.data / "run/fleetd.pid").read_text().split()[0])
        self.change("a.c")
        os.kill(pid, signal.SIGSTOP)
        try:
            before = time.monotonic()
            said = self.commit("ann").err
            self.assertLess(time.monotonic() - before, 10)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertIn("it goes on (hook_on_failure = open)", said)

    def test_the_program_is_gone(self):
        self.project("ann")
        hook = self.top / ".git/hooks/pre-commit"
        hook.write_text(hook.read_text().replace(str(stage.PREFIX), "/nonexistent"))
        path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not os.path.exists(p + "/fleet"))
        self.change("a.c")
        self.assertIn("the program fleet is not here", self.commit("ann", PATH=path).err)
        self.settings("hook_on_failure = 'closed'")
        self.change("a.c")
        self.assertIn("the program fleet is not here", self.commit("ann", PATH=path, status=1).err)
        self.assertIn("another version", self.ok(self.fleet("guard", "status")).out)
        self.assertIn("pre-commit: renewed", self.ok(self.fleet("guard", "install")).out)


if __name__ == "__main__":
    stage.main()
