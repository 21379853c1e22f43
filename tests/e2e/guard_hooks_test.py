"""The guard's own files: beside the hooks of others, in worktrees and submodules, installed and taken away again."""
import hashlib
import os
import stat

import guard_stage
import stage

# A hook that writes down how it was called, and ends as it is told.
NOTED = """import os, sys
here = os.path.dirname(os.path.abspath(sys.argv[0]))
sys.stdout.flush()
text = sys.stdin.read() if "push" in os.environ["NOTE"] else ""
open(os.environ["NOTE"], "a").write(repr([sys.argv[1:], text]) + "\\n")
sys.exit(int(os.environ.get("END", "0")))
"""
SH = """#!/bin/sh -e
# ä: bytes stay bytes, and no line end at the end
{ echo "name=$(basename "$0") folder=$(cd "$(dirname "$0")" && pwd) args=$*"; case $0 in *push) cat;; esac; } >>"$NOTE"
exit ${END:-0}"""


def photo(folder):
    """Everything that can be seen of the files of a folder."""
    seen = {}
    for file in sorted(folder.rglob("*")):
        info = file.lstat()
        what = os.readlink(file) if file.is_symlink() else hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
        seen[str(file.relative_to(folder))] = (stat.filemode(info.st_mode), info.st_mtime_ns if what else 0, info.st_ino, what)
    return seen


class Hooks(guard_stage.Fleet):
    def hooks(self):
        return self.top / ".git/hooks"

    def hook(self, name, text, mode=0o755, folder=None):
        file = (folder or self.hooks()) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        file.chmod(mode)
        return file

    def test_install_twice_and_take_away(self):
        self.project("ann", guard=False)
        self.hook("pre-commit", SH, 0o750)
        os.symlink("../../pushed.py", self.hooks() / "pre-push")
        self.hook("post-commit", "#!/bin/sh\n")
        before = photo(self.top / ".git")
        said = self.ok(self.fleet("guard", "install"))
        self.assertIn("pre-commit: installed; what was there runs first", said.out)
        after = photo(self.hooks())
        self.assertIn("there already", self.ok(self.fleet("guard", "install")).out)
        self.assertEqual(photo(self.hooks()), after)
        status = self.ok(self.fleet("guard", "status", "--json")).json()
        self.assertTrue(status["installed"])
        self.assertEqual([hook["state"] for hook in status["hooks"]], ["on_guard", "on_guard"])
        self.assertIn("on guard, after pre-commit.fleet-kept", self.ok(self.fleet("guard", "status")).out)
        self.assertIn("pre-commit is what it was", self.ok(self.fleet("guard", "uninstall")).out)
        self.assertEqual(photo(self.top / ".git"), before)
        self.assertIn("left alone", self.ok(self.fleet("guard", "uninstall")).out)
        self.assertEqual(photo(self.top / ".git"), before)
        self.assertIn("another hook, not the guard", self.ends(self.fleet("guard", "status"), 1).out)

    def test_where_there_was_no_folder(self):
        self.project(guard=False)
        for file in self.hooks().iterdir():
            file.unlink()
        self.hooks().rmdir()
        before = photo(self.top / ".git")
        self.ok(self.fleet("guard", "install"))
        self.assertEqual(sorted(file.name for file in self.hooks().iterdir()), ["fleet-guard.state", "pre-commit", "pre-push"])
        self.ok(self.fleet("guard", "uninstall"))
        self.assertEqual(photo(self.top / ".git"), before)

    def test_hooks_that_were_there_run_first(self):
        self.project("ann", guard=False)
        note = self.home.path / f"{self.key}-note-push"
        for hook in ("pre-commit", "pre-push"):
            self.hook(hook, SH)
        self.ok(self.fleet("guard", "install"))
        self.reserve("ann", "a.c")
        self.change("a.c")
        self.commit("ann", status=1, NOTE=str(note), END="3")
        self.assertEqual(note.read_text(), f"name=pre-commit folder={self.hooks()} args=\n")
        self.commit("ann", NOTE=str(note))
        note.unlink()
        self.git("branch", "other")
        self.push("ann", "origin", "main", "other", status=1, NOTE=str(note), END="1")
        lines = note.read_text().splitlines()
        self.assertEqual(lines[0], f"name=pre-push folder={self.hooks()} args=origin {self.remote}")
        self.assertEqual(sorted(line.split()[0] for line in lines[1:]), ["refs/heads/main", "refs/heads/other"])
        note.unlink()
        self.change("b.c")
        self.commit("", "--no-verify")
        self.assertIn("b.c: nobody held it", self.push("ann", status=1, NOTE=str(note)).err)
        self.assertIn("args=origin", note.read_text())

    def test_hooks_of_every_kind(self):
        self.project("ann", guard=False)
        note = str(self.home.path / f"{self.key}-note-push")
        python = "#!/usr/bin/env python3\n" + NOTED
        bash = '#!/usr/bin/env bash\n[[ ${BASH_SOURCE[0]%/*} == "${0%/*}" ]] || exit 9\nexit ${END:-0}\n'
        huge = '#!/bin/sh\nhead -c 1 >/dev/null\nexit ${END:-0}\n'  # does not read it all
        plain = b"exit ${END:-0}\n"  # the kernel knows no such program; git and shells take it for a script
        for text in (python, bash, huge, plain):
            for hook in ("pre-commit", "pre-push"):
                self.hook(hook, text)
            self.ok(self.fleet("guard", "install"))
            self.reserve("ann", "a.c")
            self.change("a.c")
            self.commit("ann", status=1, NOTE=note, END="4")
            self.commit("ann", NOTE=note)
            self.push("ann", status=1, NOTE=note, END="4")
            self.push("ann", NOTE=note)
            self.ok(self.fleet("guard", "uninstall"))
        # One that git would not run is not run.
        self.hook("pre-commit", "#!/bin/sh\nexit 1\n", 0o644)
        self.ok(self.fleet("guard", "install"))
        self.change("a.c")
        self.commit("ann")
        self.ok(self.fleet("guard", "uninstall"))
        self.assertEqual(stat.S_IMODE((self.hooks() / "pre-commit").stat().st_mode), 0o644)

    def test_a_tool_that_came_later(self):
        self.project("ann")
        # As pre-commit (the framework) does: what was there is renamed and run.
        (self.hooks() / "pre-commit").rename(self.hooks() / "pre-commit.legacy")
        self.hook("pre-commit", '#!/bin/sh\n"$(dirname "$0")/pre-commit.legacy" "$@"\n')
        self.change("a.c")
        self.assertIn("you do not hold it", self.commit("ann", status=1).err)
        self.assertIn("which runs the guard as pre-commit.legacy", self.ok(self.fleet("guard", "status")).out)
        self.assertIn("there already", self.ok(self.fleet("guard", "install")).out)
        self.ok(self.fleet("guard", "uninstall"))
        self.assertFalse((self.hooks() / "pre-commit.legacy").exists())
        self.assertTrue((self.hooks() / "pre-commit").exists())

    def test_a_tool_that_wrote_over_it(self):
        self.project("ann", guard=False)
        self.hook("pre-commit", SH)
        self.ok(self.fleet("guard", "install"))
        self.hook("pre-commit", "#!/bin/sh\n# new\n")
        said = self.refused(self.fleet("guard", "install"), 5, "was replaced after the guard came").err
        self.assertIn("remove the other one, then install again", said)
        self.assertEqual((self.hooks() / "pre-commit.fleet-kept").read_text(), SH)
        (self.hooks() / "pre-commit.fleet-kept").unlink()
        self.ok(self.fleet("guard", "install"))
        # The same text again, as an installer that is run again writes it.
        self.hook("pre-commit", "#!/bin/sh\n# new\n")
        self.ok(self.fleet("guard", "install"))
        self.ok(self.fleet("guard", "uninstall"))
        self.assertEqual((self.hooks() / "pre-commit").read_text(), "#!/bin/sh\n# new\n")


class Places(guard_stage.Fleet):
    def test_linked_worktrees_share_the_guard_and_are_pilots_of_their_own(self):
        self.project("ann", guard=False)
        other = self.home.path / f"{self.key} linked"
        self.git("worktree", "add", "-q", "-b", "linked", other)
        self.ok(self.fleet("pilots", "register", "bob", "--program", "test", "--model", "none", cwd=other))
        (other / "deep").mkdir()
        said = self.ok(self.fleet("guard", "install", cwd=other / "deep"))
        self.assertIn(str(self.top / ".git/hooks"), said.out)
        self.assertTrue(self.ok(self.fleet("guard", "status", "--json")).json()["installed"])
        self.reserve("ann", "src/a.c")
        self.change("src/a.c", "deep/b.c", cwd=other)
        said = self.commit(cwd=other / "deep", status=1).err
        self.assertIn("src/a.c: ann holds src/a.c", said)
        self.assertIn("deep/b.c: you do not hold it", said)
        self.assertIn("you are bob, the only pilot registered in .fleet/local", said)
        self.change("src/a.c")
        self.commit()
        self.git("restore", "--staged", "src/a.c", cwd=other)
        self.ok(self.fleet("reserve", "deep/b.c", cwd=other))
        self.commit(cwd=other)
        self.push("", "origin", "HEAD:refs/heads/elsewhere", cwd=other)
        self.ok(self.fleet("guard", "uninstall"))
        self.assertEqual(self.ends(self.fleet("guard", "status", "--json", cwd=other), 1).json()["installed"], False)

    def test_the_project_of_the_main_worktree(self):
        self.project("ann")
        self.git("rm", "-q", "--cached", "-r", ".fleet")
        self.commit("ann", "--no-verify")
        other = self.home.path / f"{self.key}-bare-of-fleet"
        self.git("worktree", "add", "-q", other)
        self.assertFalse((other / ".fleet").exists())
        self.change("a.c", cwd=other)
        self.assertIn(f"project {self.key}", self.commit("ann", cwd=other, status=1).err)

    def test_core_hooks_path(self):
        self.project("ann", guard=False)
        self.git("config", "core.hooksPath", ".tools/hooks")
        self.hook = self.top / ".tools/hooks/pre-commit"
        self.hook.parent.mkdir(parents=True)
        self.hook.write_text("#!/bin/sh\nexit ${END:-0}\n")
        self.hook.chmod(0o755)
        (self.top / "deep").mkdir()
        before = photo(self.top / ".tools")
        self.ok(self.fleet("guard", "install", cwd=self.top / "deep"))
        self.change("a.c")
        self.assertIn("you do not hold it", self.commit("ann", status=1).err)
        self.assertEqual(self.commit("ann", status=1, END="1").err, "")
        self.ok(self.fleet("guard", "uninstall"))
        self.assertEqual(photo(self.top / ".tools"), before)

    def test_a_folder_that_all_repositories_share(self):
        self.project("ann", guard=False)
        shared = self.home.path / f"{self.key}-shared"
        config = self.home.path / f"{self.key}-gitconfig"
        config.write_text(f"[core]\n\thooksPath = {shared}\n")
        with_it = {"GIT_CONFIG_GLOBAL": str(config)}
        said = self.refused(self.fleet("guard", "install", **with_it), 2, "all your repositories").err
        self.assertIn("--shared", said)
        self.assertFalse(shared.exists())
        self.ok(self.fleet("guard", "install", "--shared", **with_it))
        self.change("a.c")
        self.assertIn("you do not hold it", self.commit("ann", status=1, **with_it).err)
        # A repository that is no project hears nothing, even while the daemon is away.
        stranger = self.home.repository(f"{self.key}-stranger")
        self.change("a.c", cwd=stranger)
        self.assertEqual(self.commit("ann", cwd=stranger, FLEET_SOCKET="/nonexistent", **with_it).err, "")
        self.ok(self.fleet("guard", "uninstall", "--shared", **with_it))
        self.assertFalse(shared.exists())

    def test_submodules(self):
        self.project("ann", "bob", guard=False)
        allowed = ("-c", "protocol.file.allow=always")
        lib = self.home.repository(f"{self.key}-lib")
        self.git(*allowed, "submodule", "--quiet", "add", lib, "lib/part")
        self.commit("", "--no-verify")
        self.ok(self.fleet("guard", "install", "--submodules"))
        part = self.top / "lib/part"
        self.assertTrue(self.ok(self.fleet("guard", "status", "--json", cwd=part)).json()["installed"])
        self.reserve("bob", "lib/part/src/**")
        self.change("src/main.c", "free.c", cwd=part)
        said = self.commit("ann", cwd=part, status=1).err
        self.assertIn("src/main.c: bob holds lib/part/src/**", said)
        self.assertIn(f"project {self.key}", said)
        self.ok(self.fleet("--as", "bob", "release", "--all"))
        self.reserve("ann", "lib/part/**")
        self.commit("ann", cwd=part)
        # The new commit of the submodule is a file of the superproject.
        self.git("add", "lib/part")
        self.assertEqual(self.verdict()["files"], 1)
        self.commit("ann")
        self.ok(self.fleet("--as", "ann", "release", "--all"))
        self.change("free.c", cwd=part)
        self.commit("ann", "--no-verify", cwd=part)
        self.git("add", "lib/part")
        self.assertIn("lib/part: you do not hold it", self.commit("ann", status=1).err)
        # One that is a project of its own answers for itself.
        self.ok(self.fleet("init", "--project", f"{self.key}-lib", cwd=part))
        self.change("own.c", cwd=part)
        self.assertIn(f"project {self.key}-lib", self.commit("ann", cwd=part, status=1).err)
        self.ok(self.fleet("guard", "uninstall", "--submodules"))
        self.assertFalse((self.top / ".git/modules/lib/part/hooks/pre-commit").exists())

    def test_where_there_is_nothing_to_guard(self):
        self.project(guard=False)
        nowhere = self.home.path / f"{self.key}-nowhere"
        nowhere.mkdir()
        self.refused(self.fleet("guard", "install", cwd=nowhere), 4, "is in no worktree of git", "git init")
        self.refused(self.fleet("guard", "status", cwd=self.remote), 4, "is in no worktree of git")
        self.ok(self.fleet("guard", "run", "pre-commit", cwd=self.remote))
        self.refused(self.fleet("guard", "run", "post-commit"), 2)
        self.refused(self.fleet("guard", "run", "pre-push", stdin="two words\n"), 2, "no line that git gives")
        self.assertIn("nothing to look at", self.ok(self.fleet("guard", "check")).out)
        self.assertIn("fleet", self.ok(self.fleet("guard", "--help")).out)


if __name__ == "__main__":
    stage.main()
