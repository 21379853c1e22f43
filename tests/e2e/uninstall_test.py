"""fleet uninstall: says what there is, asks, and leaves nothing of a private cluster, its copies, state and settings."""
import os
import signal
import unittest

import stage


def left_in(home):
    """Whatever is there but the repository."""
    return sorted(str(path.relative_to(home.path)) for path in home.path.rglob("*")
                  if not str(path.relative_to(home.path)).startswith("shop"))


def runs(pid):
    """Whether a process is at work; one that has ended stays in the list until its parent has looked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Leaving(stage.Case):
    def fleet_at_work(self, **environment):
        home = stage.new_home(self, FLEET_PROVIDER="native", **environment)
        self.ok(home.fleet("services", "up", limit=120))
        top = home.repository()
        self.ok(home.fleet("init", cwd=top))
        self.ok(home.fleet("pilots", "register", "viper-1", "--program", "test", "--model", "none", cwd=top))
        self.ok(home.fleet("reserve", "src/**", "--as", "viper-1", cwd=top))
        return home, top

    def test_leaves_nothing_behind(self):
        home, top = self.fleet_at_work()
        self.ok(home.fleet("backup", limit=60))
        settings = home.path / ".config/fleet/fleet.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text('log_level = "info"\n')

        told = self.ok(home.fleet("uninstall", cwd=top))
        for words in ("daemon", "cluster", "backups", "sockets", "state", "config", "tokens"):
            self.assertIn(words, told.out)
        self.refused(home.fleet("uninstall", "--purge", cwd=top), 2, "--yes")
        self.ok(home.fleet("uninstall", "--purge", "--dry-run", "--yes", cwd=top))
        self.ok(home.fleet("status", cwd=top))

        self.ok(home.fleet("uninstall", "--purge", "--yes", cwd=top, limit=120))
        self.assertEqual([path for path in left_in(home) if not path.endswith((".config", ".local", "share", "state"))], [])
        self.assertFalse((top / ".fleet/local").exists())
        self.assertTrue((top / ".fleet/config.toml").exists(), "it is part of the repository")
        self.assertEqual(home.daemon_pids(), [])
        self.assertIn("nothing of a fleet", self.ok(home.fleet("uninstall", "--purge", "--yes")).out)

    def test_keeps_the_backups_when_asked_and_what_is_not_ours_always(self):
        home, _ = self.fleet_at_work()
        self.ok(home.fleet("services", "down", limit=60))
        elsewhere = home.path / "elsewhere"
        (home.data).rename(elsewhere)
        (elsewhere / "mine.txt").write_text("not of the fleet\n")
        home.environment["FLEET_DATA_DIR"] = str(elsewhere)
        self.ok(home.fleet("services", "up", limit=60))
        self.ok(home.fleet("backup", limit=60))
        self.ok(home.fleet("uninstall", "--purge", "--keep-backups", "--yes", limit=120))
        self.assertEqual(sorted(path.name for path in elsewhere.iterdir()), ["backups", "mine.txt"])
        self.ok(home.fleet("uninstall", "--purge", "--yes", limit=120))
        self.assertEqual([path.name for path in elsewhere.iterdir()], ["mine.txt"])

    def test_a_chosen_directory_may_be_called_fleet_and_hold_what_is_not_ours(self):
        chosen = stage.new_home(self).path / "fleet"
        strangers = ["src/main.c", "checkpoint.pt", "moving-photos/one.jpg", "backups/of-my-own/notes.txt", "backups/app/manifest.json",
                     "copies/extension/manifest.json"]
        for name in strangers:
            (chosen / name).parent.mkdir(parents=True, exist_ok=True)
            (chosen / name).write_text('{"format": "somebody else\'s"}\n')
        home, _ = self.fleet_at_work(FLEET_DATA_DIR=str(chosen), FLEET_BACKUP_DIR=str(chosen / "copies"))
        self.ok(home.fleet("backup", limit=60))
        self.assertGreater(len(list((chosen / "copies").iterdir())), 1)
        self.ok(home.fleet("uninstall", "--purge", "--yes", limit=120))
        self.assertEqual(sorted(str(path.relative_to(chosen)) for path in chosen.rglob("*") if path.is_file()), sorted(strangers))

    def test_ends_a_cluster_whose_daemon_was_killed(self):
        home, top = self.fleet_at_work()
        daemon = int((home.data / "run/fleetd.pid").read_text())
        server = int((home.data / "postgres/data/postmaster.pid").read_text().splitlines()[0])
        os.kill(daemon, signal.SIGKILL)
        self.ok(home.fleet("uninstall", "--purge", "--yes", cwd=top, limit=120))
        self.assertFalse(runs(server))
        self.assertFalse(home.data.exists())


if __name__ == "__main__":
    stage.main()
