"""Flipped bytes in data pages and a torn write-ahead log: doctor names what is damaged, a backup mends it."""
import shutil
import struct

import stage

PAGE = 8192
EVENTS = 400


class DamagedCluster(stage.Case):
    """A fleet with some work and a backup; each test damages a copy of its data in a home of its own."""

    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)
        home = cls.home
        home.fleet("services", "up", limit=120)
        home.fleet("init", cwd=home.repository())
        cls.append(home)
        cls.made = cls.count(home)
        cls.backup = home.path / "kept-backup"
        cls.answer = home.fleet("backup", cls.backup, limit=120)
        cls.events = cls.file_of(home, "fleet_log.events")
        cls.index = cls.file_of(home, "fleet_state.projects_pkey")
        cls.healthy = home.fleet("doctor")
        home.fleet("services", "down", limit=60)

    @staticmethod
    def sql(home, query):
        return home.fleet("services", "psql", "--", "-XAtqc", query)

    @classmethod
    def append(cls, home):
        return cls.sql(home, f"""
            select fleet.act(jsonb_agg(jsonb_build_object('op', 'append', 'project', 'shop', 'args', jsonb_build_object(
                'events', jsonb_build_array(jsonb_build_object('type', 'x.made', 'data', jsonb_build_object('n', n)))))))
              from generate_series(1, {EVENTS}) n""")

    @classmethod
    def count(cls, home):
        return int(cls.sql(home, "select count(*) from fleet.events where type = 'x.made'").out)

    @classmethod
    def file_of(cls, home, relation):
        return cls.sql(home, f"select pg_relation_filepath('{relation}')").out.strip()

    def copy(self):
        """Another home with a copy of the data; the place of its data directory."""
        home = stage.new_home(self)
        shutil.rmtree(home.data, ignore_errors=True)
        home.data.parent.mkdir(parents=True, exist_ok=True)
        self.ok(home.run("cp", "-a", self.home.data, home.data))
        return home, home.data / "postgres/data"

    def flip(self, path, place):
        with open(path, "r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 0x10]))

    def test_1_a_sound_cluster_is_sound(self):
        self.assertEqual(self.made, EVENTS)
        self.ok(self.answer)
        self.assertRegex(self.healthy.out, r"\d+ pages match their checksums", str(self.healthy))

    def test_2_flipped_bytes_in_pages_are_named_and_mended(self):
        home, data = self.copy()
        self.flip(data / self.events, PAGE + 5000)
        self.flip(data / self.index, PAGE + 100)
        home.fleet("services", "up", limit=60)
        doctor = home.fleet("doctor", limit=60)
        self.assertEqual(doctor.status, 1, str(doctor))
        for words in (self.events, "page 1 does not match its checksum", "table fleet_log.events", "fleet restore",
                      self.index, "index fleet_state.projects_pkey", "reindex index fleet_state.projects_pkey"):
            self.assertIn(words, doctor.out + doctor.err, str(doctor))

        self.ok(self.sql(home, "reindex index fleet_state.projects_pkey"))
        self.ok(self.sql(home, "checkpoint"))
        doctor = home.fleet("doctor", limit=60)
        self.assertNotIn(self.index, doctor.out + doctor.err, str(doctor))

        self.ok(home.fleet("restore", "--replace", self.backup, limit=120))
        self.assertEqual(self.count(home), EVENTS)
        kept = self.sql(home, "select datname from pg_database where datname like 'fleet%' and datname <> 'fleet'").out
        self.assertEqual(len(kept.split()), 1, kept)
        self.ok(self.sql(home, f'drop database "{kept.strip()}"'))
        doctor = self.ok(home.fleet("doctor", limit=60))
        self.assertRegex(doctor.out, r"\d+ pages match their checksums", str(doctor))

    def test_3_a_torn_log_is_named_by_its_segment_and_a_backup_mends_it(self):
        home, data = self.copy()
        segment, place = self.last_checkpoint(data)
        with open(data / "pg_wal" / segment, "r+b") as log:
            log.seek(place // PAGE * PAGE)
            log.write(bytes(16 << 20)[: (16 << 20) - place // PAGE * PAGE])
        started = home.fleet("services", "up", limit=60)
        self.assertNotEqual(started.status, 0, str(started))
        self.assertIn("fleet doctor", started.out + started.err, str(started))
        doctor = home.fleet("doctor", limit=60)
        self.assertEqual(doctor.status, 1, str(doctor))
        for words in (f"pg_wal/{segment}", "nothing was written at byte", "fleet services destroy", "fleet restore"):
            self.assertIn(words, doctor.out + doctor.err, str(doctor))

        self.ok(home.fleet("services", "destroy", "--yes", limit=60))
        self.ok(home.fleet("services", "up", limit=120))
        self.ok(home.fleet("restore", self.backup, limit=120))
        self.assertEqual(self.count(home), EVENTS)
        self.ok(home.fleet("doctor", limit=60))

    def test_4_a_log_that_lost_its_end_behind_the_checkpoint_is_found_out_by_pages_of_its_future(self):
        home, data = self.copy()
        self.ok(home.fleet("services", "up", limit=60))
        self.ok(self.sql(home, "checkpoint"))
        before = (data / "global/pg_control").read_bytes()
        segment, place = self.ok(self.sql(home, """
            select f.file_name || ' ' || f.file_offset from pg_walfile_name_offset(pg_current_wal_insert_lsn()) f""")
                                 ).out.split()
        self.ok(self.append(home))
        self.ok(home.fleet("services", "down", limit=60))
        # As after a crash of a machine whose disk said that it had written, and had not.
        (data / "global/pg_control").write_bytes(before)
        begin = -(-int(place) // PAGE) * PAGE
        with open(data / "pg_wal" / segment, "r+b") as log:
            log.seek(begin)
            log.write(bytes((16 << 20) - begin))
        # Some pages reached the disk, others had to come out of the log: neither all nor nothing of it is there.
        home.fleet("services", "up", limit=60)
        doctor = home.fleet("doctor", limit=60)
        self.assertEqual(doctor.status, 1, str(doctor))
        for words in ("the write-ahead log ends at", "its end was lost", "fleet restore --replace"):
            self.assertIn(words, doctor.out + doctor.err, str(doctor))

    @staticmethod
    def last_checkpoint(data):
        """The segment of the log that the last checkpoint stands in, and its place there; as pg_control says."""
        control = (data / "global/pg_control").read_bytes()
        place, = struct.unpack_from("<Q", control, 32)
        timeline, = struct.unpack_from("<I", control, 48)
        number = place >> 24
        return f"{timeline:08X}{number >> 8:08X}{number & 0xFF:08X}", place & 0xFFFFFF


if __name__ == "__main__":
    stage.main()
