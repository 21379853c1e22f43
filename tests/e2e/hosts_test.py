"""Two hosts on one machine: the second joins by the DSN of the first, as docs/guide/hosts.md says."""
import os
import re
import signal
import unittest

import stage


class Hosts(stage.Case):
    def setUp(self):
        self.first = stage.new_home(self)
        self.ok(self.first.fleet("services", "up", limit=120))
        url = self.ok(self.first.fleet("services", "url")).out.strip()
        dsn = self.first.path / "dsn"
        dsn.write_text(url)
        dsn.chmod(0o600)
        self.second = stage.new_home(self, FLEET_PROVIDER="external", FLEET_DSN_FILE=str(dsn), FLEET_HOST_LEASE="2s")
        # Where the first one's password is, if its server asks for one.
        passwords = self.first.data / "postgres/password"
        if passwords.exists():
            self.second.environment["PGPASSWORD"] = passwords.read_text().strip()

    def test_hosts_see_each_other_join_stop_and_leave(self):
        self.ok(self.second.fleet("services", "up", limit=120))
        top = self.second.repository()
        self.ok(self.second.fleet("init", "--project", "shop", cwd=top))
        self.ok(self.second.fleet("pilots", "register", "ann", "--program", "t", "--model", "m", cwd=top))

        table = self.ok(self.first.fleet("hosts")).out
        head, *rows = table.rstrip().splitlines()
        self.assertEqual(re.split(r"  +", head.strip()),
                         ["HOST", "HOSTNAME", "VERSION", "PILOTS", "STATE", "LAST SIGN", "LEADS"])
        self.assertEqual(len(rows), 2, table)
        self.assertEqual(sum("alive" in row for row in rows), 2, table)
        self.assertEqual(sum("sweep" in row for row in rows), 1, table)
        self.assertTrue(all(len(line) <= 120 for line in table.splitlines()), table)

        hosts = self.ok(self.first.fleet("hosts", "--json")).json()["items"]
        leader = next(host for host in hosts if host["duties"])
        other = next(host for host in hosts if not host["duties"])
        self.assertEqual((leader["pilots"], other["pilots"]), (0, 1))

        # A frozen daemon shows no sign of life: late first, nobody's loss yet.
        pid = other["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            self.assertTrue(stage.eventually(lambda: "late" in self.first.fleet("hosts").out))
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertTrue(stage.eventually(lambda: "late" not in self.first.fleet("hosts").out))

        self.ok(self.second.fleet("services", "down"))
        self.assertEqual(len(self.ok(self.first.fleet("hosts", "--json")).json()["items"]), 1)
        self.assertIn("left", self.ok(self.first.fleet("hosts", "--all")).out)


if __name__ == "__main__":
    stage.main()
