"""Computations that take longer than a look may: they go on for a slice at every look, and training for the rest of the time.

One thread, the worker's, waits while a slice is computed: nothing runs beside training, and no module is called twice at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

import numpy as np

SLICE, STILL = 0.012, 0.06  # Seconds of a look that a computation may have while the run plays, and while it does not.
REST = 50  # times as long as it took passes until it begins again: 2 % of a run that plays.
PATIENCE = 30.0  # Seconds after which a computation that nobody goes on with ends.

Arrays = dict[str, np.ndarray]


class Sliced:
    """A computation on a thread of its own that moves only while `go_on` waits for it. `work(tick)` calls `tick()` between its parts."""

    def __init__(self, work: Callable[[Callable[[], None]], Arrays]):
        self.done, self.result, self.error = False, {}, None
        self._go, self._rest, self._until = threading.Semaphore(0), threading.Semaphore(0), 0.0
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def go_on(self, seconds: float) -> bool:
        """Lets it work for about so long. True when it is done; what it raised is raised here."""
        self._until = time.perf_counter() + seconds
        self._go.release()
        self._rest.acquire()
        if self.error:
            raise self.error
        return self.done

    def _run(self, work: Callable) -> None:
        try:
            self._wait()
            self.result = work(self._tick)
        except Abandoned:
            return
        except Exception as error:
            self.error = error
        self.done = True
        self._rest.release()

    def _tick(self) -> None:
        if time.perf_counter() >= self._until:
            self._rest.release()
            self._wait()

    def _wait(self) -> None:
        if not self._go.acquire(timeout=PATIENCE):
            raise Abandoned


class Abandoned(Exception):
    """Nobody looks any more."""


class Slowly:
    """The last result of a computation that is begun again and again, and the one that is under way."""

    def __init__(self):
        self.arrays: Arrays = {}
        self._job: Sliced | None = None
        self._of: Hashable = None  # the moment that the last one begun is about
        self._begun, self._spent, self._due = 0.0, 0.0, 0.0

    def look(self, moment: Hashable, begin: Callable[[], Callable], playing: bool) -> bool:
        """Goes on for a slice; `begin()` makes the work where another is due: at once if the run stands at a new moment."""
        now = time.perf_counter()
        if self._job and now - self._begun > PATIENCE / 2:
            self._job = self._of = None  # It was left alone, or may soon give up by itself.
        if not self._job and moment != self._of and (now >= self._due or not playing):
            self._job, self._of, self._spent = Sliced(begin()), moment, 0.0
        if self._job:
            self._begun = now
            done = self._job.go_on(SLICE if playing else STILL)
            self._spent += time.perf_counter() - now
            if done:
                self.arrays, self._job = self._job.result, None
                self._due = time.perf_counter() + REST * self._spent
        return self._job is None and (playing or moment == self._of)
