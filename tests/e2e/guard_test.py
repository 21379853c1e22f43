"""The guard in repositories of git: what may be committed and pushed, by whom, and what is said to who may not."""
import os

import guard_stage
import stage


class Commits(guard_stage.Fleet):
    def test_a_pilot_commits_what_it_holds(self):
        self.project("ann", "bob")
        self.change("src/a.c")
        said = self.commit("ann", status=1).err
        for words in ("fleet guard: this commit changes a file that is not yours", "src/a.c: you do not hold it",
                      "you are ann, by FLEET_AS; project commits-", "policy enforce (default)",
                      "fleet reserve src/a.c", "git commit --no-verify"):
            self.assertIn(words, said)
        self.reserve("ann", "src")
        self.commit("ann")
        self.change("src/a.c", "src/main.c")
        said = self.commit("bob", status=1).err
        self.assertIn("2 files that are not yours", said)
        self.assertRegex(said, r"src/a\.c: ann holds src/\*\*, (1h|59m).*: edit")
        self.assertIn("git restore --staged src/a.c src/main.c", said)
        self.assertIn("fleet mail send ann", said)
        self.ok(self.fleet("--as", "ann", "release", "--all"))
        said = self.commit("ann", status=1).err
        self.assertIn("you do not hold it", said)
        self.commit("ann", "--no-verify")

    def test_a_person_is_only_kept_from_what_pilots_hold(self):
        self.project()
        self.change("src/a.c")
        self.commit()
        other = self.home.path / f"{self.key}-pilots"
        self.git("worktree", "add", "-q", other)
        self.ok(self.fleet("pilots", "register", "ann", "--program", "test", "--model", "none", cwd=other))
        self.reserve("ann", "src/*.c", cwd=other)
        self.change("src/a.c", "docs.md")
        self.assertIn("ann holds src/*.c", self.commit(status=1).err)
        self.git("restore", "--staged", "src/a.c")
        self.commit()
        # Ann holds now what a person committed before: to be pushed, it waits for her.
        self.assertIn("src/a.c: ann holds src/*.c", self.push(status=1).err)
        self.ok(self.fleet("release", "--all", cwd=other))
        self.push()

    def test_a_removed_and_a_renamed_file_count_by_every_name(self):
        self.project("ann", "bob")
        self.write("old.c", "long enough to be found again\n" * 20)
        self.write("gone.c")
        self.git("add", ".")
        self.commit("ann", "--no-verify")
        self.git("mv", "old.c", "new.c")
        self.git("rm", "-q", "gone.c")
        self.assertEqual(self.problems(), {"old.c": "not_held", "new.c": "not_held", "gone.c": "not_held"})
        self.reserve("bob", "old.c")
        self.reserve("ann", "new.c", "gone.c")
        self.assertEqual(self.problems(), {"old.c": "held"})
        self.assertIn("old.c: bob holds old.c", self.commit("ann", status=1).err)
        self.ok(self.fleet("--as", "bob", "release", "--all"))
        self.reserve("ann", "old.c")
        self.commit("ann")

    def test_names_are_bytes(self):
        self.project("ann", "bob")
        names = [b"with space.c", b"new\nline", b"tab\t\"quote\" 'single'", b"star*?.c", b"[x]{y}\\z", "ä/ß 字.c".encode(),
                 b"latin-\xe4.c", b"-rf", b"$(id)", b"%s%n"]
        for name in names:
            path = os.path.join(os.fsencode(self.top), b"odd", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(b"x\n")
        self.git("add", "odd")
        self.assertEqual(self.verdict(status=5)["files"], len(names))
        self.assertEqual(len(self.problems()), len(names))
        self.reserve("bob", "odd/with space.c", "odd/ä/")
        said = self.commit("ann", status=1).err
        self.assertIn("odd/with space.c: bob holds", said)
        self.assertIn("odd/ä/ß 字.c: bob holds odd/ä/**", said)
        self.assertIn("reserve them: fleet reserve 'odd/", said)
        self.ok(self.fleet("--as", "bob", "release", "--all"))
        self.reserve("ann", "odd/**")
        self.commit("ann")
        self.assertEqual(self.git("status", "--porcelain", "-uno").out, "")

    def test_a_merge_answers_for_what_it_changes_itself(self):
        self.project("ann", "bob")
        self.write("both.c", "".join(f"{i}\n" for i in range(20)))
        self.write("theirs.c")
        self.git("add", ".")
        self.commit("", "--no-verify")
        self.git("checkout", "-qb", "side")
        self.write("both.c", "side\n" + "".join(f"{i}\n" for i in range(1, 20)))
        self.change("theirs.c", "both.c")
        self.commit("", "--no-verify")
        self.git("checkout", "-q", "main")
        self.write("both.c", "main\n" + "".join(f"{i}\n" for i in range(1, 20)))
        self.git("add", ".")
        self.commit("", "--no-verify")
        self.git("merge", "-q", "side", status=1)
        self.write("both.c", "settled\n")
        self.git("add", "both.c")
        self.assertEqual(self.problems(), {"both.c": "not_held"})
        self.reserve("bob", "theirs.c")
        self.reserve("ann", "both.c")
        self.commit("ann")
        self.assertEqual(len(self.git("log", "-1", "--format=%P").out.split()), 2)

    def test_parts_of_what_is_changed(self):
        self.project("ann", "bob")
        self.change("a.c", "b.c")
        self.reserve("ann", "a.c")
        self.reserve("bob", "b.c")
        self.assertIn("b.c: bob holds b.c", self.commit("ann", status=1).err)
        self.commit("ann", "a.c")  # with an index of its own
        self.assertEqual(self.git("show", "--format=", "--name-only").out, "a.c\n")
        self.git("add", "-N", "--", str(self.write("later.c")))
        self.assertEqual(self.problems(), {"b.c": "held"})

    def test_the_first_commit_and_another_kind_of_ids(self):
        self.project("ann")
        for kind in ("sha1", "sha256"):
            other = self.home.path / f"{self.key}-{kind}"
            self.git("init", "-q", "-b", "main", f"--object-format={kind}", other)
            self.ok(self.fleet("init", "--project", self.key, cwd=other))
            self.ok(self.fleet("guard", "install", cwd=other))
            self.change("first.c", cwd=other)
            self.assertIn("first.c: you do not hold it", self.commit("ann", cwd=other, status=1).err)
            self.reserve("ann", "first.c", cwd=other)
            self.commit("ann", cwd=other)
            bare = self.home.path / f"{self.key}-{kind}.git"
            self.git("init", "-q", "--bare", f"--object-format={kind}", bare)
            self.push("ann", bare, "main", cwd=other)
            self.ok(self.fleet("--as", "ann", "release", "--all", cwd=other))


class Pushes(guard_stage.Fleet):
    def test_what_was_held_when_it_was_committed_may_be_pushed_later(self):
        self.project("ann", "bob")
        self.reserve("ann", "src")
        self.change("src/a.c")
        self.commit("ann")
        self.ok(self.fleet("--as", "ann", "release", "--all"))
        self.assertEqual(self.verdict("--push")["files"], 1)
        self.reserve("bob", "src/a.c")
        said = self.push("ann", status=1).err
        self.assertIn("this push carries a file that is not yours", said)
        self.assertIn("src/a.c: bob holds src/a.c", said)
        self.ok(self.fleet("--as", "bob", "release", "--all"))
        self.push("ann")
        # Nobody held this one, and the guard was passed by.
        self.change("free.c")
        self.commit("ann", "--no-verify")
        said = self.push("ann", status=1).err
        self.assertIn(f"free.c: nobody held it when it was committed (commit {self.head()[:10]})", said)
        self.reserve("ann", "free.c")
        self.push("ann")
        self.assertEqual(self.git("rev-parse", "origin/main").out, self.git("rev-parse", "main").out)

    def test_refs_of_every_kind(self):
        self.project("ann", "bob")
        self.reserve("ann", "mine.c")
        self.change("mine.c")
        self.commit("ann")
        self.git("tag", "light")
        self.git("tag", "-am", "a tag", "heavy")
        self.git("tag", "tree", "HEAD^{tree}")
        self.git("branch", "same")
        # A branch that the remote does not have yet, tags, and all in one push.
        self.push("ann", "origin", "main", "same", "light", "heavy", "tree")
        self.push("ann", "origin", ":same", ":light")
        self.git("checkout", "-qb", "theirs")
        self.change("theirs.c")
        self.commit("", "--no-verify")
        self.reserve("bob", "theirs.c")
        self.git("tag", "-am", "theirs", "v1")
        for refs in (("theirs",), ("v1",), ("main", "theirs"), ("--all",), ("--tags",), ("+theirs:main",)):
            self.assertIn("theirs.c: bob holds theirs.c", self.push("ann", "origin", *refs, status=1).err, refs)
        self.push("ann", "origin", "main")
        self.push("ann", "origin", "theirs", "--no-verify")
        self.assertEqual(self.push("ann", "origin", "v1").err, "")  # has been published

    def test_a_push_without_words_of_many_branches(self):
        self.project("ann", "bob")
        self.git("config", "push.default", "matching")
        for i in range(40):
            self.git("branch", f"b{i}")
        self.push("ann", "origin", "--all")
        self.git("checkout", "-q", "b7")
        self.change("held.c")
        self.commit("", "--no-verify")
        self.reserve("bob", "held.c")
        self.assertIn("held.c: bob holds held.c", self.push("ann", "origin", status=1).err)
        self.ok(self.fleet("--as", "bob", "release", "--all"))
        self.reserve("ann", "held.c")
        self.push("ann", "origin")

    def test_the_past_before_the_guard_is_not_asked_about(self):
        self.project("ann", guard=False)
        for i in range(3):
            self.change(f"old{i}.c")
            self.commit("ann", GIT_COMMITTER_DATE=f"2020-01-0{i + 1}T00:00:00Z")
        self.ok(self.fleet("guard", "install"))
        empty = self.home.path / f"{self.key}-empty.git"
        self.git("init", "-q", "--bare", empty)
        self.push("ann", empty, "main")
        # The remote is ahead by what this repository does not have.
        clone = self.home.path / f"{self.key}-clone"
        self.git("clone", "-q", self.remote, clone)
        self.change("elsewhere.c", cwd=clone)
        self.commit("", cwd=clone)
        self.git("push", "-q", cwd=clone)
        self.reserve("ann", "new.c")
        self.change("new.c")
        self.commit("ann")
        self.assertIn("rejected", self.push("ann", "origin", "main", status=1).err)
        self.push("ann", "origin", "+main")

    def test_a_rebase_and_a_merge_of_others(self):
        self.project("ann", "bob")
        self.git("checkout", "-qb", "work")
        self.reserve("ann", "mine.c")
        self.change("mine.c")
        self.commit("ann")
        self.ok(self.fleet("--as", "ann", "release", "--all"))
        self.git("checkout", "-q", "main")
        self.reserve("bob", "theirs.c")
        self.change("theirs.c")
        self.commit("bob")
        self.push("bob")
        # Bob still holds it; what ann pushes has it from the remote.
        self.git("checkout", "-q", "work")
        self.git("merge", "-q", "main", "-m", "Merge", FLEET_AS="ann")
        self.push("ann", "origin", "work")
        self.git("checkout", "-qb", "again", "HEAD~1")
        self.git("rebase", "-q", "main", FLEET_AS="ann")
        self.push("ann", "origin", "again")


if __name__ == "__main__":
    stage.main()
