"""fleet backup, restore, export: copies that are whole or not there, and a fleet that comes back as it was."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import stage


# What is covered in parts elsewhere is played as a whole only when there is time.
LONG = unittest.skipUnless(os.environ.get("FLEET_TEST_LONG"), "long: set FLEET_TEST_LONG=1")


def hurry(home):
    """A test's own cluster need not outlive a power cut; most of the time would be waiting for the disk."""
    for line in ("alter system set fsync = off", "alter system set full_page_writes = off", "select pg_reload_conf()"):
        sql(home, line)


def sql(home, text):
    """One value from the fleet's own database."""
    return home.fleet("services", "psql", "--", "-XAtqc", text)


def value(case, home, text):
    return case.ok(sql(home, text)).out.strip()


def note(case, home, text, cwd=None):
    return case.ok(home.fleet("events", "append", "x.note", "--data", json.dumps({"text": text}), "--json", cwd=cwd)).json()


def last_line(answer):
    return answer.lines()[-1]


def pid_of(home):
    return int((home.path / ".local/share/fleet/run/fleetd.pid").read_text().split()[0])


class ACopyOfTheFleet(stage.Case):
    """One home; the tests run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        # No schedule, so that each test sees its own backups only; WAL is kept for the points in time.
        cls.home = stage.new_home(cls, FLEET_BACKUP_INTERVAL="0", FLEET_WAL_ARCHIVE="on", FLEET_PROVIDER="native")
        answer = cls.home.fleet("services", "up", limit=120)
        assert answer.status == 0, answer
        hurry(cls.home)
        cls.top = cls.home.repository()
        answer = cls.home.fleet("init", "--project", "shop", cwd=cls.top)
        assert answer.status == 0, answer
        cls.kept = {}

    def mail(self, text):
        for name in ("viper-1", "viper-2"):
            self.home.fleet("pilots", "register", name, "--program", "p", "--model", "m", cwd=self.top)
        answer = self.home.fleet("mail", "send", "viper-2", "--subject", "s", "--body", text, "--as", "viper-1",
                                 "--json", cwd=self.top)
        self.ok(answer)
        return value(self, self.home, "select event_id from fleet.events where type = 'message_sent' order by seq desc limit 1")

    def test_01_a_backup_is_whole_private_and_says_what_it_is(self):
        self.kept["event"] = self.mail("the key is hunter2-hunter2-hunter2")
        head = value(self, self.home, "select seq || ' ' || event_id from fleet.head()").split()
        path = self.home.path / "copies" / "one"
        made = last_line(self.ok(self.home.fleet("backup", path, "--json")))["backup"]
        self.assertEqual(made["path"], str(path))
        manifest = json.loads((path / "manifest.json").read_text())
        self.assertEqual([manifest["head_seq"], manifest["head_event_id"]], [int(head[0]), head[1]])
        self.assertEqual(manifest["format_version"], 1)
        self.assertEqual(path.stat().st_mode & 0o777, 0o700)
        for file in path.iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)
        self.ok(self.home.run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=path))
        self.assertEqual([p.name for p in path.parent.iterdir()], ["one"])
        self.refused(self.home.fleet("backup", path), 5, "there already")
        self.kept["one"] = path

    def test_02_postgres_own_tools_alone_bring_it_back(self):
        path = self.kept["one"]
        self.ok(sql(self.home, "create database by_hand template template0"))
        url = self.ok(self.home.fleet("services", "url")).out.strip().replace("/fleet?", "/by_hand?")
        self.ok(self.home.run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", path / "roles.sql"))
        self.ok(self.home.run("pg_restore", "--exit-on-error", "--single-transaction", "-d", url, path / "database.dump"))
        shown = self.home.run("psql", "-XAtqc", "select count(*) from fleet.verify_projections()", "-d", url)
        self.assertEqual(self.ok(shown).out.strip(), "0")
        self.ok(sql(self.home, "drop database by_hand"))

    def test_03_a_changed_byte_in_any_file_is_named(self):
        for name in sorted(p.name for p in self.kept["one"].iterdir()):
            copy = self.home.path / "copies" / "bad"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(self.kept["one"], copy)
            text = bytearray((copy / name).read_bytes())
            text[len(text) // 2] ^= 1
            (copy / name).write_bytes(text)
            self.refused(self.home.fleet("backup", "check", copy), 1, name)
            self.refused(self.home.fleet("restore", copy, "--into", "elsewhere"), 1, name)
        (copy / "database.dump").unlink()
        self.refused(self.home.fleet("backup", "check", copy), 1, "database.dump is missing")
        shutil.rmtree(copy)

    def test_04_a_backup_of_another_format_is_not_touched(self):
        copy = self.home.path / "copies" / "newer"
        shutil.copytree(self.kept["one"], copy)
        manifest = json.loads((copy / "manifest.json").read_text())
        manifest["format_version"] = 99
        (copy / "manifest.json").write_text(json.dumps(manifest))
        self.refused(self.home.fleet("restore", copy, "--into", "elsewhere"), 1, "format 99")
        shutil.rmtree(copy)

    def test_05_a_database_with_work_is_not_overwritten(self):
        self.refused(self.home.fleet("restore", self.kept["one"]), 5, "--into", "--replace")

    @LONG
    def test_06_beside_the_present_one_it_can_be_looked_at(self):
        restored = last_line(self.ok(self.home.fleet("restore", self.kept["one"], "--into", "look", "--json")))["restored"]
        self.assertEqual([restored["database"], restored["verified"]], ["look", True])
        self.assertEqual(value(self, self.home, "select count(*) from pg_database where datname = 'look'"), "1")
        self.assertEqual(value(self, self.home, "select count(*) from pg_database where datname like 'fleet_restoring%'"), "0")

    def test_07_replaced_the_log_is_rewound_and_says_so_and_what_was_erased_stays_erased(self):
        note(self, self.home, "after the backup", cwd=self.top)
        position = value(self, self.home, "select incarnation || '.' || seq from fleet.head()")
        self.ok(self.home.fleet("redact", self.kept["event"], "--reason", "leaked", cwd=self.top))
        restored = last_line(self.ok(self.home.fleet("restore", self.kept["one"], "--replace", "--json")))["restored"]
        self.assertEqual(restored["redacted_again"], 1)
        self.assertNotEqual(restored["incarnation"], restored["incarnation_before"])
        self.assertEqual(value(self, self.home, "select count(*) from fleet.events where type = 'x.note'"), "0")
        self.assertEqual(value(self, self.home, "select count(*) from fleet_log.bodies where body like '%hunter2%'"), "0")
        answer = self.home.fleet("events", "list", "--after", position, cwd=self.top)
        self.refused(answer, 5, "rewound")
        # What was there is kept, and the daemon works on.
        self.assertEqual(value(self, self.home, f"select count(*) from pg_database where datname = '{restored['kept_as']}'"), "1")
        note(self, self.home, "the daemon works on", cwd=self.top)

    def test_08_a_daemon_killed_in_the_middle_leaves_no_half_backup(self):
        # A lock that pg_dump waits for holds it in the middle for as long as it takes to look.
        holder = self.home.start("fleet", "services", "psql", "--", "-XAtq", "-c",
                                 "begin; lock table fleet_log.bodies in access exclusive mode; select pg_sleep(60)")
        held = "select count(*) from pg_locks where relation = 'fleet_log.bodies'::regclass and mode = 'AccessExclusiveLock'"
        self.assertTrue(stage.eventually(lambda: value(self, self.home, held) == "1"))
        path = self.home.path / "copies" / "killed"
        backup = self.home.start("fleet", "backup", path)
        self.assertTrue(stage.eventually(lambda: any(path.parent.glob(".killed.unfinished-*/*"))), "it never began")
        os.kill(pid_of(self.home), signal.SIGKILL)
        self.assertNotEqual(backup.wait(30), 0)
        os.killpg(holder.pid, signal.SIGKILL)
        self.assertFalse(path.exists())
        self.ok(self.home.fleet("services", "up", limit=60))
        self.ok(self.home.fleet("services", "psql", "--", "-XAtqc",
                                "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"))
        self.ok(self.home.fleet("backup", path))
        self.assertEqual(list(path.parent.glob(".*")), [])

    def test_09_a_full_disk_is_named_and_leaves_nothing(self):
        if os.getuid() != 0:
            self.skipTest("needs a file system of its own, which only root can make")
        small = self.home.path / "small"
        small.mkdir()
        if self.home.run("mount", "-t", "tmpfs", "-o", "size=12k,mode=755", "tmpfs", small).status != 0:
            self.skipTest("this machine does not let root mount a tmpfs")
        self.addCleanup(lambda: self.home.run("umount", "-l", small))
        self.refused(self.home.fleet("backup", small / "b"), 1, "free")
        self.refused(self.home.fleet("export", small / "e"), 1, "space")
        self.assertEqual(list(small.iterdir()), [])

    def test_10_an_export_is_read_back_by_the_same_folds(self):
        path = self.home.path / "copies" / "text"
        made = last_line(self.ok(self.home.fleet("export", path, "--json")))["backup"]
        checked = last_line(self.ok(self.home.fleet("export", "verify", path, "--json")))["export"]
        self.assertEqual([checked["events"], checked["compared"]], [made["head_seq"], True])
        lines = subprocess.run(["zstd", "-dcq", path / "events.ndjson.zst"], capture_output=True, text=True).stdout.splitlines()
        self.assertEqual([json.loads(line)["seq"] for line in lines], list(range(1, made["head_seq"] + 1)))
        texts = subprocess.run(["zstd", "-dcq", path / "texts.ndjson.zst"], capture_output=True, text=True).stdout
        self.assertNotIn("hunter2", texts)
        self.assertIn("leaked", texts)
        self.assertEqual(value(self, self.home, "select count(*) from pg_namespace where nspname like 'fleet_export%'"), "0")

    @LONG
    def test_11_an_export_that_was_forged_with_right_digests_gives_another_state(self):
        path = self.home.path / "copies" / "text"
        text = subprocess.run(["zstd", "-dcq", path / "events.ndjson.zst"], capture_output=True, text=True).stdout
        forged = text.replace('"callsign" : "viper-1"', '"callsign" : "viper-9"').replace('"callsign": "viper-1"', '"callsign": "viper-9"')
        self.assertNotEqual(text, forged)
        subprocess.run(["zstd", "-qf", "-o", path / "events.ndjson.zst"], input=forged, text=True, check=True)
        manifest = json.loads((path / "manifest.json").read_text())
        digest = lambda name: self.home.run("sha256sum", path / name).out.split()[0]
        for file in manifest["files"]:
            file["sha256"], file["bytes"] = digest(file["name"]), (path / file["name"]).stat().st_size
        (path / "manifest.json").write_text(json.dumps(manifest))
        names = [f["name"] for f in manifest["files"]] + ["manifest.json"]
        (path / "SHA256SUMS").write_text("".join(f"{digest(name)}  {name}\n" for name in names))
        self.refused(self.home.fleet("export", "verify", path), 1, "pilots")

    def test_12_a_point_between_two_events_by_time_and_by_number(self):
        base = last_line(self.ok(self.home.fleet("backup", "--physical", "--json", limit=120)))["backup"]
        self.assertEqual(base["kind"], "physical")
        first = note(self, self.home, "first", cwd=self.top)
        seq = int(value(self, self.home, "select max(seq) from fleet.events where type = 'x.note'"))
        between = value(self, self.home, "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        note(self, self.home, "second", cwd=self.top)
        self.refused(self.home.fleet("restore", "--to-time", "2001-01-01T00:00:00Z"), 4, "no base backup")
        began = time.monotonic()
        restored = last_line(self.ok(self.home.fleet("restore", "--to-time", between, "--json", limit=300)))["restored"]
        took = time.monotonic() - began
        self.assertTrue(restored["verified"])
        texts = "select string_agg(data ->> 'text', ',' order by seq) from fleet.events where type = 'x.note' and seq >= " + str(seq)
        self.assertEqual(value(self, self.home, texts), "first")
        self.assertTrue(pathlib.Path(restored["kept_as"]).is_dir())
        self.assertLess(took, 120.0)
        print(f"\nback to a point in time in {took:.1f} s")
        note(self, self.home, "third", cwd=self.top)

    @LONG
    def test_13_back_to_an_event_and_not_beyond_the_end(self):
        self.refused(self.home.fleet("restore", "--to-time", "2999-01-01T00:00:00Z", limit=300), 4, "ends before")
        note(self, self.home, "fourth", cwd=self.top)
        head = int(value(self, self.home, "select max(seq) from fleet.events where type = 'x.note'"))
        note(self, self.home, "fifth", cwd=self.top)
        restored = last_line(self.ok(self.home.fleet("restore", "--to-seq", head, "--json", limit=300)))["restored"]
        self.assertGreaterEqual(restored["head_seq"], head)
        texts = f"select string_agg(data ->> 'text', ',' order by seq) from fleet.events where type = 'x.note' and seq >= {head}"
        self.assertEqual(value(self, self.home, texts), "fourth")

    @LONG
    def test_14_a_cluster_that_does_not_start_is_put_aside_and_mended(self):
        made = last_line(self.ok(self.home.fleet("backup", "--json")))["backup"]
        self.ok(self.home.fleet("services", "down", limit=90))
        (self.home.data / "postgres/data/global/pg_control").write_bytes(b"\0" * 8192)
        began = time.monotonic()
        answer = self.home.fleet("restore", made["path"], "--replace", "--json", limit=300)
        restored = last_line(self.ok(answer))["restored"]
        print(f"\na broken cluster mended in {time.monotonic() - began:.1f} s")
        self.assertEqual(restored["head_seq"], made["head_seq"])
        self.assertEqual(len(list((self.home.data / "postgres").glob("data.before-*/global/pg_control"))) > 0, True)
        note(self, self.home, "mended", cwd=self.top)


class BySchedule(stage.Case):
    def test_backups_are_made_noted_and_rotated(self):
        home = stage.new_home(self, FLEET_BACKUP_INTERVAL="1", FLEET_BACKUP_KEEP="1", FLEET_BACKUP_KEEP_DAYS="0",
                              FLEET_PROVIDER="native")
        self.ok(home.fleet("services", "up", limit=120))
        hurry(home)
        top = home.repository()
        self.ok(home.fleet("init", "--project", "shop", cwd=top))
        mine = home.path / "mine"
        self.ok(home.fleet("backup", mine))
        seen = set()

        def three_came():
            note(self, home, "something", cwd=top)
            seen.update(item["path"] for item in home.fleet("backup", "list", "--json").json()["items"])
            return len(seen) >= 3

        self.assertTrue(stage.eventually(three_came, 60), seen)
        self.assertTrue(stage.eventually(lambda: len(home.fleet("backup", "list", "--json").json()["items"]) <= 2), seen)
        row = value(self, home, "select ok, kept, problem is null from fleet.backups where kind = 'logical'")
        self.assertEqual(row, "t|1|t")
        self.assertTrue(mine.exists())
        status = self.ok(home.fleet("services", "status"))
        self.assertIn("backup", status.out)
        self.assertIn("✓ backups: logical", home.fleet("doctor").out)


if __name__ == "__main__":
    stage.main()
