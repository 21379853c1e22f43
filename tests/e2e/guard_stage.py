"""What the tests of the guard have in common: one fleet, and repositories that are projects of it."""
import unittest

import stage


class Fleet(stage.Case):
    home = None  # of all classes of a script
    count = 0

    @classmethod
    def setUpClass(cls):
        if Fleet.home:
            return
        Fleet.home = stage.Home()
        unittest.addModuleCleanup(Fleet.home.close)
        answer = Fleet.home.fleet("services", "up", limit=120)
        assert answer.status == 0, str(answer)

    def project(self, *pilots, guard=True):
        """A repository of its own, with its pilots and a remote that is empty."""
        type(self).count += 1
        name = f"{type(self).__name__.lower()}-{self.count}"
        self.key = name
        self.top = self.home.repository(name)
        self.remote = self.home.path / f"{name}.git"
        self.ok(self.home.run("git", "init", "-q", "--bare", "-b", "main", self.remote))
        self.git("remote", "add", "origin", self.remote)
        self.ok(self.fleet("init", "--project", name))
        self.git("add", ".fleet")
        self.git("commit", "-qm", "A project")
        self.git("push", "-q", "origin", "main")
        for pilot in pilots:
            self.ok(self.fleet("pilots", "register", pilot, "--program", "test", "--model", "none"))
        if guard:
            self.ok(self.fleet("guard", "install"))
        return self.top

    def fleet(self, *words, cwd=None, **how):
        return self.home.fleet(*words, cwd=cwd or self.top, **how)

    def git(self, *words, cwd=None, status=0, **how):
        return self.ends(self.home.run("git", *words, cwd=cwd or self.top, **how), status)

    def write(self, path, text="text\n", cwd=None):
        file = (cwd or self.top) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def change(self, *paths, cwd=None):
        for path in paths:
            self.write(path, f"{path} {self.number()}\n", cwd)
        self.git("add", "--", *paths, cwd=cwd)

    def number(self):
        type(self).count += 1
        return self.count

    def reserve(self, pilot, *patterns, **how):
        return self.ok(self.fleet("--as", pilot, "reserve", *patterns, "--quiet", **how))

    def commit(self, pilot="", *words, status=0, cwd=None, **environment):
        who = {"FLEET_AS": pilot} if pilot else {}
        return self.git("commit", "-qm", "work", *words, cwd=cwd, status=status, **who, **environment)

    def push(self, pilot="", *words, status=0, cwd=None, **environment):
        who = {"FLEET_AS": pilot} if pilot else {}
        return self.git("push", "-q", *(words or ("origin", "HEAD")), cwd=cwd, status=status, **who, **environment)

    def verdict(self, *words, pilot="ann", status=0, **how):
        return self.ends(self.fleet("--as", pilot, "guard", "check", *words, "--json", **how), status).json()

    def problems(self, *words, pilot="ann", **how):
        answer = self.fleet("--as", pilot, "guard", "check", *words, "--json", **how)
        return {item["path"]: item["problem"] for item in answer.json()["items"]}

    def head(self, cwd=None):
        return self.git("rev-parse", "HEAD", cwd=cwd).out.strip()
