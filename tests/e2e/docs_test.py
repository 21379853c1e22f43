"""The commands in the documents work: every block that is marked ```sh test is run, file by file, from the top.

All blocks of a file run in one shell session in one place: a git repository called `shop`, with a fresh home and the
installed programs in PATH. A block may say what it expects: a line `# exit 5` behind a command, and lines that begin
with `#> ` must appear in what the block prints.

FLEET_DOCS_PART=2/3 plays the second third of the documents.
"""
import os
import re
import subprocess
import unittest

import stage

BLOCK = re.compile(r"^```sh test[^\n]*\n(.*?)^```", re.M | re.S)


def documents():
    every = [stage.SOURCE / "README.md", stage.SOURCE / "CONTRIBUTING.md", *sorted((stage.SOURCE / "docs").rglob("*.md"))]
    part, parts = map(int, os.environ.get("FLEET_DOCS_PART", "1/1").split("/"))
    return [path for path in every if path.exists() and BLOCK.search(path.read_text())][part - 1::parts]


def as_script(block):
    """Commands one by one, so that a command may end with an exit status that is named."""
    lines = []
    for line in block.splitlines():
        if line.startswith("#> "):
            continue
        expected = re.search(r"\s# exit (\d+)$", line)
        if expected:
            command = line[:expected.start()]
            lines.append(f"{command} && got=0 || got=$?; [ $got = {expected[1]} ] || "
                         f"{{ echo \"exit status $got, not {expected[1]}\" >&2; exit 1; }}")
        else:
            lines.append(line)
    return "\n".join(lines)


class Documents(stage.Case):
    def test_commands_of_the_documents_work(self):
        found = 0
        for path in documents():
            with self.subTest(document=path.relative_to(stage.SOURCE)):
                home = stage.new_home(self)
                top = home.repository()
                blocks = BLOCK.findall(path.read_text())
                found += len(blocks)
                script = "set -euo pipefail\n" + "\n".join(as_script(block) for block in blocks)
                answer = home.run("bash", "-c", script, cwd=top, limit=200)
                self.ok(answer)
                for expected in re.findall(r"^#> (.*)$", "\n".join(blocks), re.M):
                    self.assertIn(expected, answer.out + answer.err, str(answer))
        if found == 0:
            self.skipTest("no document has a block marked ```sh test")


if __name__ == "__main__":
    stage.main()
