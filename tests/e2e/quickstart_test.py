"""`make quickstart` plays to its end: the scene of scripts/quickstart.sh with programs that are installed already."""
import unittest

import stage


class Quickstart(stage.Case):
    def test_the_scene_plays_and_says_what_to_try_next(self):
        home = stage.new_home(self)
        answer = self.ok(home.run(stage.SOURCE / "scripts/quickstart.sh", limit=180,
                                  FLEET_QUICKSTART_PREFIX=str(stage.PREFIX)))
        told = answer.out
        for words in ("refused", "waits for", "signed off", "fleet services down", "file_reserved", "worked on src/app.c"):
            self.assertIn(words, told, str(answer))
        # The second agent works after the first one has given the files back.
        self.assertLess(told.index("somebody waits"), told.rindex("worked on src/app.c: Return 1"), str(answer))
        again = home.run(stage.SOURCE / "scripts/quickstart.sh", limit=180, FLEET_QUICKSTART_PREFIX=str(stage.PREFIX))
        self.ok(again)


if __name__ == "__main__":
    stage.main()
