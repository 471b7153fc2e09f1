"""How a story fails, and how it waits."""
import os
import time

PATIENCE = float(os.environ.get("PASAR_PATIENCE", "1"))


class Failed(Exception):
    """Something is not as it must be; the text says what."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def wait_until(happened, what, timeout=20.0, pause=0.01):
    """Asks again and again; returns the first true answer."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        answer = happened()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failed(f"waited {timeout * PATIENCE:.0f} s in vain for {what}")
        time.sleep(pause)
