"""How many iterations a run plays before its worker listens again: what fits a slice, at the speed it was given."""

from __future__ import annotations

import time

SLICE = 0.015  # Seconds a run moves before the worker listens again: 20 times a second even when a slice overruns.
ALONE = 0.06  # The same of a run that has the worker to itself and whose iterations are long, to play a few of them in a call.
LONG = SLICE / 8  # Seconds; such iterations have large states, which are copied once a call.
IDLE = 0.05  # Seconds that pass at most before a run with nothing to do is asked again.
SHARE = 0.1  # Seconds' worth of iterations that a run with a speed limit may save up.


class Turn:
    """What an iteration costs, and how many of them a speed limit allows by now. Used by one thread."""

    def __init__(self):
        self.cost: float | None = None  # Seconds an iteration takes; None where that has to be found out.
        self._allowance, self._at = 0.0, time.perf_counter()

    def begin(self) -> None:
        """The first iteration after Play comes at once, however low the speed."""
        self._allowance, self._at = 1.0, time.perf_counter()

    def iterations(self, speed: int, most: int, seconds: float = SLICE) -> int:
        """How many to play now, at `speed` a second (0 is unlimited), for so many seconds and `most` at all."""
        n = min(most, max(1, round(seconds / self.cost)) if self.cost else 1)
        if speed:
            now = time.perf_counter()
            self._allowance = min(self._allowance + (now - self._at) * speed, max(1.0, speed * SHARE))
            self._at = now
            n = min(n, int(self._allowance))
            self._allowance -= n
        return n

    def seconds(self, alone: bool) -> float:
        """For how long to play before the worker listens again, where a run is `alone` in it or not."""
        return ALONE if alone and self.cost and self.cost > LONG else SLICE

    def took(self, n: int, seconds: float) -> None:
        """Tells what `n` iterations took."""
        self.cost = seconds / n if self.cost is None else self.cost + 0.3 * (seconds / n - self.cost)

    def idle(self, speed: int) -> float:
        """Seconds for which a playing run that did not move has nothing to do."""
        return min(IDLE, max(0.002, (1 - self._allowance) / speed)) if speed else IDLE
