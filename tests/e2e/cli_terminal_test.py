"""What a person sees: the board and the live screen on a terminal of a given size."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import unittest

import stage
from cli_work_test import Fleet

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A program on a terminal of its own; `text` is what it has written so far."""

    def __init__(self, home, top, columns, rows, *words, **environment):
        self.mine, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(words, cwd=top, env={**home.environment, "TERM": "xterm", **environment}, stdin=its,
                                        stdout=its, stderr=its, start_new_session=True)
        home.started.append(self.process)
        os.close(its)
        self.bytes = b""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            try:
                more = os.read(self.mine, 65536)
            except OSError:
                return
            if not more:
                return
            self.bytes += more

    @property
    def text(self):
        return self.bytes.decode(errors="replace")

    def press(self, key):
        os.write(self.mine, key.encode())

    def ended(self):
        status = self.process.wait(30)
        self.reader.join(5)
        return status


class OnATerminal(Fleet):
    def setUp(self):
        mission = self.mission("Seen by people " + "with a long title " * 8)
        self.sortie("The first sortie " + "of a long name " * 8, "--mission", mission, "--name", "first")
        self.sortie("The second", "--mission", mission, "--name", "second", "--after", "first")
        self.ann("sorties", "claim", "--mission", mission, "--start")
        self.ann("sorties", "progress", "50")
        self.addCleanup(self.fleet, "missions", "cancel", mission)

    def test_the_board_is_a_picture_as_wide_as_the_terminal(self):
        for columns in (40, 80, 120):
            with self.subTest(columns=columns):
                terminal = Terminal(self.home, self.top, columns, 40, "fleet", "board")
                self.assertEqual(terminal.ended(), 0, terminal.text)
                self.assertIn("█", terminal.text)
                self.assertIn("└─ ▸ The first", terminal.text)
                self.assertIn("   └─ ○ The second", terminal.text)
                lines = ESCAPES.sub("", terminal.text).splitlines()
                self.assertLessEqual(max(map(len, lines)), columns, lines)

    def test_colours_are_for_terminals_that_want_them(self):
        plain = Terminal(self.home, self.top, 80, 40, "fleet", "board")
        self.assertEqual(plain.ended(), 0)
        self.assertNotIn("\x1b[", plain.text)
        coloured = Terminal(self.home, self.top, 80, 40, "fleet", "board", NO_COLOR="")
        self.assertEqual(coloured.ended(), 0)
        self.assertIn("\x1b[36m", coloured.text)

    def test_the_live_screen_follows_and_gives_the_terminal_back(self):
        terminal = Terminal(self.home, self.top, 140, 30, "fleet", "watch")
        self.assertTrue(stage.eventually(lambda: "50%" in terminal.text and "live" in terminal.text), terminal.text)
        self.ann("sorties", "progress", "60", "first", "--message", "on the way")
        self.assertTrue(stage.eventually(lambda: "on the way" in terminal.text and "60%" in terminal.text), terminal.text)
        self.ann("mail", "send", "bob", "-s", "Do you see it?", "-b", "x")
        self.assertTrue(stage.eventually(lambda: "Do you see it?" in terminal.text), terminal.text)
        terminal.press("q")
        self.assertEqual(terminal.ended(), 0)
        self.assertTrue(terminal.text.endswith("\x1b[?25h\x1b[?1049l"), terminal.text[-40:])


if __name__ == "__main__":
    stage.main()
