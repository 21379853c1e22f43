"""Context is lost, and comes back: checkpoints, their copies, recovery and rulings from the command line."""
import stat

import stage


class Survival(stage.Case):
    """One fleet whose pilots are lost after a few seconds of silence; each test has a project of its own."""

    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls, FLEET_PILOT_LEASE="5", FLEET_SWEEP_PAUSE="1", FLEET_RECOVERY_IDLE="5")
        answer = cls.home.fleet("services", "up", limit=120)
        assert answer.status == 0, str(answer)

    def project(self, name):
        self.top = self.home.repository(name)
        self.ok(self.fleet("init", "--project", name))
        self.register("ann")
        self.register("bob")
        self.mission = self.document("--as", "ann", "missions", "create", "New parser", "--start")["mission_id"]
        self.sortie = self.document("--as", "ann", "sorties", "create", "Write the lexer", "--mission", self.mission,
                                    "--name", "lexer")["sortie_id"]
        self.document("--as", "ann", "sorties", "create", "Write the grammar", "--mission", self.mission)

    def fleet(self, *words, **how):
        return self.home.fleet(*words, cwd=self.top, **how)

    def document(self, *words, status=0, **how):
        return self.ends(self.fleet(*words, "--json", **how), status).json()

    def register(self, callsign, *flags):
        return self.ok(self.fleet("pilots", "register", callsign, "--program", "test", "--model", "none", *flags))

    def at_work(self):
        self.ok(self.fleet("--as", "ann", "sorties", "claim", self.sortie))
        self.ok(self.fleet("--as", "ann", "sorties", "start", self.sortie))
        self.ok(self.fleet("--as", "ann", "reserve", "src/lexer/**"))

    def folder(self):
        return self.top / ".fleet/local/checkpoints"

    def sql(self, text):
        url = self.ok(self.fleet("services", "url")).out.strip()
        return self.ok(self.home.run("psql", "-XAtq", url, "-c", text)).out.strip()

    def lost(self, callsign):
        def is_stale():
            return self.document("pilots", "show", callsign)["status"] == "stale"
        self.assertTrue(stage.eventually(is_stale, limit=60), f"{callsign} was never found silent")

    def test_one_is_taken_shown_listed_and_deleted(self):
        self.top = self.home.repository("taken")
        self.ok(self.fleet("init", "--project", "taken"))
        self.assertIn("No checkpoints found.", self.ok(self.fleet("checkpoint", "list")).out + self.fleet("checkpoint", "list").err)
        self.refused(self.fleet("checkpoint", "create"), 4, "No active mission found", "Use --mission <id> to specify")
        self.project("taken-2")
        self.at_work()
        answer = self.ok(self.fleet("--as", "ann", "checkpoint", "create", "before the merge", "--summary", "half of it",
                                    "--next", "finish the numbers", "--next", "ask bob", "--decision", "no unicode"))
        self.assertRegex(answer.out, r"Checkpoint created: chk_[0-9a-z]{26}\n")
        for words in ("Mission:  New parser", "Progress: 0%", "Sorties:  2 (1 held)", "Locks:    1 active", "Messages: 0 pending"):
            self.assertIn(words, answer.out)
        shown = self.ok(self.fleet("checkpoint", "show", "before the merge")).out
        for words in ("half of it", "finish the numbers", "no unicode", "ann: src/lexer/**", "Write the lexer"):
            self.assertIn(words, shown)
        listed = self.ok(self.fleet("checkpoint", "list")).out
        self.assertRegex(listed, r"^ID +TIMESTAMP +TRIGGER +PROGRESS")
        self.assertIn("Total: 1 checkpoint", listed)
        item = self.document("checkpoint", "list")["items"][0]
        self.assertEqual((item["trigger"], item["name"], item["counts"]["held"]), ("manual", "before the merge", 1))

        file = self.folder() / f"{item['checkpoint_id']}.checkpoint"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.folder().stat().st_mode), 0o700)
        self.assertEqual((self.folder() / "latest").resolve(), file.resolve())
        self.ok(self.fleet("checkpoint", "delete", item["checkpoint_id"][-6:]))
        self.assertFalse(file.exists())
        self.refused(self.fleet("checkpoint", "show", "before the merge"), 4, "no such checkpoint")
        self.refused(self.fleet("checkpoint", "create", "--trigger", "sometimes"), 2, "sometimes")

    def test_a_copy_mends_a_database_that_damaged_its_own(self):
        self.project("damaged")
        self.at_work()
        id = self.document("--as", "ann", "checkpoint", "create", "good", "--summary", "whole")["checkpoint_id"]
        self.sql("update fleet_log.checkpoint_parts set body = replace(body, 'lexer', 'LEXER') where body like '%Write the lexer%'")
        answer = self.ok(self.fleet("checkpoint", "show", id))
        self.assertIn("is damaged in the database", answer.err)
        self.assertIn("Write the lexer", answer.out)
        answer = self.ok(self.fleet("checkpoint", "restore", id, "--dry-run"))
        self.assertIn("the copy in .fleet/local/checkpoints was used", answer.err)
        self.assertNotIn("damage", self.document("checkpoint", "show", id))

    def test_a_damaged_copy_is_noticed(self):
        self.project("copies")
        first = self.document("--as", "ann", "checkpoint", "create", "one")["checkpoint_id"]
        second = self.document("--as", "ann", "checkpoint", "create", "two")["checkpoint_id"]
        file = self.folder() / f"{second}.checkpoint"
        text = bytearray(file.read_bytes())
        text[len(text) // 2] ^= 1
        file.write_bytes(text)
        away = {"FLEET_SOCKET": str(self.home.path / "nobody.sock")}
        answer = self.ok(self.fleet("checkpoint", "show", "latest", **away))
        self.assertIn(first, answer.out)
        self.assertIn("damaged", answer.err)
        self.refused(self.fleet("checkpoint", "show", second, **away), 6, "")
        answer = self.ok(self.fleet("checkpoint", "list", **away))
        self.assertIn("these are the copies", answer.err)
        self.assertIn(first, answer.out)
        self.assertNotIn(second, answer.out)

    def test_old_ones_are_pruned_after_a_look(self):
        self.project("pruned")
        for n in range(6):
            self.ok(self.fleet("--as", "ann", "checkpoint", "create", "--summary", f"number {n}"))
        answer = self.ok(self.fleet("checkpoint", "prune", "--dry-run"))
        self.assertIn("No checkpoints to prune.", answer.out)
        answer = self.ok(self.fleet("checkpoint", "prune", "--older-than", "0", "--dry-run"))
        self.assertIn("Found 3 checkpoints to prune:", answer.out)
        self.assertIn("[DRY RUN] No checkpoints were deleted.", answer.out)
        self.assertIn("Deleted 3 checkpoints.", self.ok(self.fleet("checkpoint", "prune", "--older-than", "0")).out)
        self.assertEqual(len(self.document("checkpoint", "list")["items"]), 3)
        self.assertEqual(len(list(self.folder().glob("*.checkpoint"))), 3)

    def test_a_lost_pilot_goes_on_where_it_was(self):
        self.project("lost")
        self.refused(self.fleet("resume"), 4, "No missions need recovery.")
        self.at_work()
        self.ok(self.fleet("--as", "ann", "sorties", "progress", self.sortie, "20", "--message", "the numbers are done"))
        self.ok(self.fleet("--as", "ann", "checkpoint", "create", "--summary", "numbers", "--next", "then the names"))
        self.lost("ann")
        self.assertEqual(self.document("sorties", "show", self.sortie)["status"], "pending")
        status = self.ok(self.fleet("status")).out
        self.assertIn("New parser stands still", status)
        self.assertIn(f"fleet resume --mission {self.mission[-6:]}", status)
        back = self.register("ann")
        self.assertIn("New parser stands still", back.out)

        dry = self.ok(self.fleet("resume", "--dry-run")).out
        for words in ("Found stale mission: New parser", "Checkpoint:", "[DRY RUN] Would restore:",
                      "Sorties:  1 back with their pilots", "Locks:    1 taken again"):
            self.assertIn(words, dry)
        self.assertEqual(self.document("sorties", "show", self.sortie)["status"], "pending")
        done = self.ok(self.fleet("resume")).out
        for words in ("Recovery complete:", "Sorties:  1 back with their pilots", "--- Recovery Context ---", "then the names"):
            self.assertIn(words, done)
        sortie = self.document("sorties", "show", self.sortie)
        self.assertEqual((sortie["status"], sortie["pilot"], sortie["progress"]), ("in_progress", "ann", 20))
        # The new tokens are kept: it goes on as if nothing had been.
        self.ok(self.fleet("--as", "ann", "sorties", "progress", self.sortie, "60"))
        self.ok(self.fleet("--as", "ann", "sorties", "complete", self.sortie))
        self.refused(self.fleet("resume"), 4, "No missions need recovery.")
        self.ok(self.fleet("resume", "--mission", self.mission))

    def test_a_conflict_names_who_has_the_files_now(self):
        self.project("conflict")
        self.at_work()
        self.lost("ann")
        self.register("ann")
        self.register("bob", "--resume")
        self.ok(self.fleet("--as", "bob", "reserve", "src/lexer/numbers.c"))
        self.refused(self.fleet("resume", "--yes"), 5, "Lock conflict on src/lexer/** held by bob")
        self.assertEqual(self.document("sorties", "show", self.sortie)["status"], "pending")
        done = self.document("resume", "--force", "--reason", "bob knows")
        self.assertTrue(done["success"])
        self.assertEqual([one["action"] for one in done["reservations"]], ["taken"])
        held = self.document("reservations")["items"]
        self.assertEqual([(one["holder"], one["patterns"]) for one in held], [("ann", ["src/lexer/**"])])

    def test_an_operator_decides_and_takes_it_back(self):
        self.project("rulings")
        text = "Never touch   the payment module,\n  not even its tests"
        ruling = self.document("ruling", "add", text)
        self.assertEqual(ruling["text"], text)
        self.ok(self.fleet("ruling", "add", "Use tabs", "--mission", self.mission))
        self.assertIn("Use tabs", self.ok(self.fleet("ruling", "list")).out)
        self.assertEqual([one["scope_kind"] for one in self.document("ruling", "list")["items"]], ["project", "mission"])
        self.ok(self.fleet("ruling", "revoke", ruling["ruling_id"][-6:], "--reason", "it is over"))
        self.assertEqual(len(self.document("ruling", "list")["items"]), 1)
        self.refused(self.fleet("ruling", "revoke", ruling["ruling_id"]), 5, "revoked")
        self.refused(self.fleet("--as", "ann", "ruling", "add", "x", "--fleet", "--mission", self.mission), 2, "one scope")
        self.refused(self.fleet("ruling", "revoke", "zzzzzz"), 4, "no ruling")


if __name__ == "__main__":
    stage.main()
