"""How much of a loop's time its watcher may take: a share comes in as the loop goes on, and is paid out of.

Time is the clock's: on a busy machine the watcher is held up as much as the loop, so that the share stays what it is.
"""

from __future__ import annotations

import time

FRAMES = 0.008  # of the loop's time, for reading and looking
MOVES = 0.002  # for the norms of gradients
ADVANCE = 0.02  # seconds that may be spent before any came in, and the most that is saved up

now = time.perf_counter


class Budget:
    """Seconds that came in as a share of the time that passed, less those that were spent."""

    def __init__(self, share: float):
        self.share, self.left, self._at = share, ADVANCE, now()

    def spend(self, seconds: float) -> None:
        self.left -= seconds

    def open(self) -> bool:
        """Whether anything is left."""
        at = now()
        self.left = min(ADVANCE, self.left + self.share * max(at - self._at, 0.0))
        self._at = at
        return self.left > 0
