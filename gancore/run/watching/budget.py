"""How much of a loop's time its watcher may take: a share that comes in as the loop goes on, and is paid out of."""

from __future__ import annotations

import time

FRAMES = 0.015  # of the loop's time, for looking
MOVES = 0.01  # for what is measured at every move
PER_SECOND = 2.0  # frames at most
ADVANCE = 0.02  # seconds that may be spent before any came in, and the most that is saved up


class Budget:
    """Seconds that came in as a share of the time that passed, less those that were spent."""

    def __init__(self, share: float, advance: float = ADVANCE):
        self.share, self._advance, self.left = share, advance, advance
        self._at = time.perf_counter()

    def spend(self, seconds: float) -> None:
        self.left -= seconds

    def open(self) -> bool:
        """Whether anything is left. A long pause of the loop saves up no more than the advance."""
        now = time.perf_counter()
        self.left = min(self._advance, self.left + self.share * (now - self._at))
        self._at = now
        return self.left > 0


def rest(spent: float) -> float:
    """Seconds to wait after a look that took so many."""
    return max(1 / PER_SECOND, spent / FRAMES)
