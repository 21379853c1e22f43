"""Thirty MCP sessions at once, of both SDKs over both transports, without one error that is not theirs.

Ten seconds; a minute with FLEET_TEST_LONG=1. Skipped where npm is not there.
"""
import json
import os

import mcp_stage
import stage


class Sessions(stage.Case):
    def test_thirty_sessions_work_side_by_side(self):
        home = mcp_stage.Fleet()
        self.addCleanup(home.close)
        home.up()
        seconds = 60 if os.environ.get("FLEET_TEST_LONG") else 8
        setting = {"sessions": 30, "seconds": seconds, "project": home.project, "url": f"http://127.0.0.1:{home.port}/mcp",
                   "headers": {"Authorization": f"Bearer {home.token}"}, "command": ["fleet", "mcp"], "cwd": str(home.top)}
        done = home.node("sessions.mjs", json.dumps(setting), limit=seconds + 120)
        print(done.out.strip())
        self.ok(done)
        # What they reserved is free again, and nobody is left in line.
        self.assertEqual(self.ok(home.fleet("reservations", "--json", cwd=home.top)).json()["items"], [])
        self.ok(home.fleet("replay", "--verify", cwd=home.top, limit=120))


if __name__ == "__main__":
    mcp_stage.packages()
    stage.main()
