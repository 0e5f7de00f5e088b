"""The smallest game that is worth running, and patience for what happens in another process."""

import time

from gancore.config import Config

TINY = Config.from_flat({"batch": 8, "g.width": 8, "g.depth": 1, "d.width": 8, "d.depth": 1})


def until(there, patience=60.0):
    """Waits for it to be true."""
    end = time.monotonic() + patience
    while not (found := there()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)
    return found
