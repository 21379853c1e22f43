"""A program of somebody else: built from the install tree with find_package and with pkg-config, and run."""
import os
import pathlib
import shutil
import unittest

import stage


class Consumer(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)
        cls.work = cls.home.path / "consumer"
        shutil.copytree(stage.SOURCE / "tests/consumer", cls.work)
        cls.examples = sorted((stage.SOURCE / "examples").glob("*.cpp"))

    def test_examples_are_short(self):
        self.assertGreaterEqual(len(self.examples), 3, "one each for Client, Subscription and ReservationLease")
        for example in self.examples:
            self.assertLess(len(example.read_text().splitlines()), 40, example.name)

    def test_examples_build_with_find_package_and_run(self):
        build = self.work / "build"
        self.ok(self.home.run("cmake", "-S", self.work, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={stage.PREFIX}",
                              f"-DFLEET_EXAMPLES={stage.SOURCE / 'examples'}", "-DCMAKE_BUILD_TYPE=Debug", limit=120,
                              **({"CXX": os.environ["CXX"]} if "CXX" in os.environ else {})))
        self.ok(self.home.run("cmake", "--build", build, limit=300))
        self.ok(self.home.fleet("services", "up", limit=120))
        top = self.home.repository()
        self.ok(self.home.fleet("init", "--project", "shop", cwd=top))
        for example in self.examples:
            with self.subTest(example=example.stem):
                answer = self.home.run(build / example.stem, cwd=top, limit=60, FLEET_PROJECT="shop")
                self.ok(answer)
                self.assertNotEqual(answer.out, "", "an example says what it did")

    def test_a_program_builds_with_pkg_config(self):
        libraries = next(path.parent for path in stage.PREFIX.rglob("fleettools.pc"))
        flags = self.home.run("pkg-config", "--cflags", "--libs", "fleettools",
                              PKG_CONFIG_PATH=f"{libraries}:{os.environ.get('PKG_CONFIG_PATH', '')}")
        self.ok(flags)
        program = self.work / "with_pkg_config"
        compiler = os.environ.get("CXX", "c++")
        self.ok(self.home.run(compiler, self.work / "values.cpp", "-o", program, *flags.out.split(), limit=200))
        self.ok(self.home.run(program))


if __name__ == "__main__":
    stage.main()
