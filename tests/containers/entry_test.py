"""The entry of image fleettools-pg does what the official image's does, and refuses what would lose data."""
import os
import subprocess
import unittest

import engine

DATA = "/var/lib/postgresql/data"
ORDER = "insert into steps (name) values ('{}');\n"
SOURCED = """docker_process_sql -c "insert into steps (name) values ('sourced')"\n"""
EXECUTED = """#!/bin/bash
psql -q -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "insert into steps (name) values ('executed by $(id -un)')"
"""
# Waits inside the preparations until the test says go: a server answers meanwhile, and it is not the real one.
WAITING = "touch /docker-entrypoint-initdb.d/waiting; until [ -e /docker-entrypoint-initdb.d/go ]; do sleep 0.1; done\n"


class ANewDatabase(engine.Case):
    def test_is_made_as_asked_with_a_secret_that_only_root_reads_and_keeps_its_data(self):
        scripts = self.folder(**{"10-table.sql": "create table steps (id serial, name text);\n" + ORDER.format("10"),
                                 "20-last.sql": ORDER.format("20"), "15-executed.sh": EXECUTED, "note.txt": "not run"})
        (scripts / "17-sourced.sh").write_text(SOURCED)
        secret, volume = self.secret("correct horse"), self.volume()
        name = self.begin("--secret", f"{secret},target=pw,mode=0400", "-e", "POSTGRES_PASSWORD_FILE=/run/secrets/pw",
                          "-e", "POSTGRES_USER=viper", "-e", "POSTGRES_DB=wing", "-v", f"{volume}:{DATA}",
                          "-v", f"{scripts}:/docker-entrypoint-initdb.d:ro", "-e", "FLEET_POSTGRES_MEMORY=48MiB",
                          "--cap-drop", "all", "--cap-add", "CHOWN,DAC_OVERRIDE,FOWNER,SETGID,SETUID",
                          "--security-opt", "no-new-privileges", words=["-c", "work_mem=9MB"])
        self.until_healthy(name)

        steps = self.ask(name, "select string_agg(name, ',' order by id) from steps", "viper", "wing")
        self.assertEqual(steps, "10,executed by postgres,sourced,20")
        settings = self.ask(name, "select string_agg(setting, ' ' order by name) from pg_settings where name in "
                                  "('work_mem', 'shared_buffers', 'jit', 'server_encoding')", "viper", "wing")
        self.assertEqual(settings, "off UTF8 6144 9216")
        roles = self.ask(name, "select string_agg(rolname, ' ' order by rolname) from pg_roles "
                               "where rolname like 'fleet%' and not rolcanlogin", "viper", "wing")
        self.assertEqual(roles, "fleet_daemon fleet_operator fleet_owner fleet_reader")
        self.assertEqual(self.ask(name, "select rolsuper from pg_roles where rolname = 'viper'", "viper", "wing"), "t")

        with self.subTest("the password opens loopback, and nothing else does"):
            self.assertTrue(self.gets_in(name, "correct horse"))
            self.assertFalse(self.gets_in(name, "wrong"))
            self.assertFalse(self.gets_in(name, None))
        with self.subTest("nobody reads the password off the container"):
            seen = engine.podman("inspect", name).stdout + self.said(name)
            seen += engine.podman("exec", name, "bash", "-c", "cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'").stdout
            self.assertIn("POSTGRES_USER=viper", seen)
            self.assertNotIn("correct horse", seen)
        with self.subTest("SIGINT ends it in order although a session is open"):
            self.stops_with_a_session_open(name)
        with self.subTest("the next container finds the data and runs no script again"):
            self.comes_again(volume, scripts)

    def gets_in(self, name, password):
        given = ("-e", f"PGPASSWORD={password}") if password else ()
        return engine.podman("exec", *given, name, "psql", "-XAtqw", "-h", "127.0.0.1", "-U", "viper", "-d", "wing",
                             "-c", "select 1", check=False).returncode == 0

    def stops_with_a_session_open(self, name):
        session = subprocess.Popen([engine.FOUND["PODMAN"], "exec", name, "psql", "-Xq", "-U", "viper", "-d", "wing",
                                    "-c", "select pg_sleep(600)"], env=engine.ENVIRONMENT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            there = "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
            self.assertTrue(engine.eventually(lambda: self.ask(name, there, "viper", "wing") == "1"))
            engine.podman("stop", "-t", "30", name)
        finally:
            session.kill()
            session.wait()
        self.assertEqual(engine.podman("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip(), "0")
        self.assertIn("received fast shutdown request", self.said(name))

    def comes_again(self, volume, scripts):
        name = self.begin("-e", "POSTGRES_USER=viper", "-v", f"{volume}:{DATA}",
                          "-v", f"{scripts}:/docker-entrypoint-initdb.d:ro")
        self.until_healthy(name)
        self.assertEqual(self.ask(name, "select count(*) from steps", "viper", "wing"), "4")
        self.assertNotIn("recovery", self.said(name))

    def test_is_not_healthy_while_it_is_prepared_and_is_begun_anew_when_it_was_killed_there(self):
        scripts, volume = self.folder(**{"10-table.sql": "create table once (x int);\n"}), self.volume()
        (scripts / "20-wait.sh").write_text(WAITING)
        options = ("-e", "POSTGRES_PASSWORD=x", "-v", f"{volume}:{DATA}", "-v", f"{scripts}:/docker-entrypoint-initdb.d",
                   "--user", "999:999", "--cap-drop", "all", "--security-opt", "no-new-privileges")
        name = self.begin(*options)
        self.assertTrue(engine.eventually((scripts / "waiting").exists), self.said(name))
        ready = engine.podman("exec", name, "pg_isready", "-q", check=False)
        self.assertEqual(ready.returncode, 0, "pg_isready believes the server of the preparations")
        self.assertFalse(self.is_healthy(name))
        engine.podman("kill", "-s", "KILL", name)
        engine.podman("wait", name)

        (scripts / "go").touch()
        again = self.begin(*options)
        self.until_healthy(again)
        self.assertIn("beginning anew", self.said(again))
        self.assertEqual(self.ask(again, "select count(*) from once"), "0")
        left = engine.podman("exec", again, "find", DATA, "-maxdepth", "1", "-name", "fleettools*").stdout
        self.assertEqual(left, "")


class Refusals(engine.Case):
    def refuses(self, *options, because, words=()):
        status, said = self.end_of(self.begin(*options, words=words))
        self.assertEqual(status, 1, said)
        self.assertIn(because, said)

    def test_a_new_database_without_a_password(self):
        self.refuses("--tmpfs", f"{DATA}:mode=1777", because="has no password")

    def test_both_forms_of_one_setting(self):
        self.refuses("-e", "POSTGRES_PASSWORD=x", "-e", "POSTGRES_PASSWORD_FILE=/etc/passwd",
                     because="both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE")

    def test_a_secret_that_is_not_there(self):
        self.refuses("-e", "POSTGRES_PASSWORD_FILE=/run/secrets/none", because="/run/secrets/none, which cannot be read")

    def test_a_volume_that_the_data_would_not_go_to(self):
        self.refuses("-e", "POSTGRES_PASSWORD=x", "-v", f"{self.volume()}:{DATA}", "-e", "PGDATA=/elsewhere",
                     because=f"a volume is mounted at {DATA}, but PGDATA is /elsewhere")

    def test_an_unnamed_volume_hiding_the_named_one(self):
        self.refuses("-e", "POSTGRES_PASSWORD=x", "-v", f"{self.volume()}:/var/lib/postgresql", "--image-volume", "bind",
                     because="is an unnamed one")

    def test_data_of_another_major_version(self):
        volume = self.volume()
        engine.podman("run", "--rm", "--pull=never", "--no-healthcheck", "-v", f"{volume}:{DATA}",
                      *(("--network", "host") if engine.ON_HOST_NETWORK else ()), self.image,
                      "bash", "-c", f"echo 14 >{DATA}/PG_VERSION")
        self.refuses("-e", "POSTGRES_PASSWORD=x", "-v", f"{volume}:{DATA}",
                     because="the data are of PostgreSQL 14, this image is ")

    def test_another_command_is_just_run(self):
        status, said = self.end_of(self.begin(words=["postgres", "--version"]))
        self.assertEqual(status, 0)
        self.assertIn("postgres (PostgreSQL)", said)


class TheImage(engine.Case):
    def test_says_how_to_use_it(self):
        shown = engine.podman("image", "inspect", "--format", "{{.Config.StopSignal}} {{.Config.Cmd}} {{.Config.Entrypoint}} "
                              "{{.Config.ExposedPorts}} {{.Config.Volumes}} {{.Config.Env}} {{.HealthCheck}}", self.image).stdout
        for words in ("SIGINT", "[postgres]", "[docker-entrypoint.sh]", "5432/tcp", DATA, "PG_MAJOR=", f"PGDATA={DATA}",
                      "healthcheck.sh"):
            self.assertIn(words, shown)

    def test_is_not_built_twice(self):
        if os.environ.get("FLEET_TEST_IMAGE"):
            self.skipTest("another image was asked for")
        again = engine.run(engine.SOURCE / "containers/build-image.sh").stdout.strip()
        ids = [engine.podman("image", "inspect", "--format", "{{.Id}}", name).stdout for name in (self.image, again)]
        self.assertEqual(ids[0], ids[1])


if __name__ == "__main__":
    engine.need_containers()
    unittest.main(verbosity=2)
