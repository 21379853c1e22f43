"""Waiting for something to hold; the only place of the laboratory that sleeps."""
import time

PAUSE = 0.02


def now_us():
    """Microseconds of a clock that all processes of the machine share and nobody can step."""
    return time.monotonic_ns() // 1000


def pause(seconds=PAUSE):
    time.sleep(seconds)


def eventually(holds, limit):
    """True as soon as `holds()` is, False after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            return False
        pause()
    return True
