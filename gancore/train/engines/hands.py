"""How many threads play: as many as are fastest by the clock, here and now. The bits are the same with any number of them."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import torch

GAIN = 1.2  # times as fast have more threads to be; for less than that they serve somebody else better
BLOCKS = 3  # by which one number of threads is held against another, after one to warm up
REST = 25  # times as long as a trial took passes until the next, and twice that after each in vain
LONGEST = 30.0  # seconds between two trials: other programs come and go
CROWDED = 0.25  # share of the time for which whoever plays had to wait for a processor: there is none to spare
MOST = 8  # threads: products of these sizes have no use for more

_allowed = 1


def cores() -> int:
    """How many cores training may take: as many as GANSCOPE_WORKERS says, or all that this process may use."""
    given = int(os.environ.get("GANSCOPE_WORKERS", 0))
    return given or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def allow(threads: int) -> None:
    """Engines of this process may play with this many threads from now on."""
    global _allowed
    _allowed = max(1, min(threads, MOST))


def ladder() -> tuple[int, ...]:
    """The numbers of threads that are allowed: one, two, four, and all."""
    return (*(n for n in (1, 2, 4) if n < _allowed), _allowed)


@contextmanager
def at_work(n: int) -> Iterator[None]:
    """Compiled kernels are shared by so many threads."""
    torch.ops.gancore.hands(n)
    try:
        yield
    finally:
        torch.ops.gancore.hands(1)


def waited() -> float:
    """Seconds for which this thread has been ready, and other threads had the processors; 0 where nobody counts them."""
    try:
        with open("/proc/thread-self/schedstat") as counted:
            return 1e-9 * int(counted.read().split()[1])
    except (OSError, IndexError):
        return 0.0


class Hands:
    """The number of threads that one loop is played with; its neighbours on the ladder are tried now and then."""

    def __init__(
        self, rungs: tuple[int, ...], clock: Callable[[], float] = time.perf_counter, waited=waited, at_work=at_work
    ):
        self.rungs, self.clock, self.waited, self.at_work = rungs, clock, waited, at_work
        self.up = True  # whether the next trial is of more threads
        self.costs: deque[float] = deque(maxlen=BLOCKS)  # seconds an iteration took, in the latest blocks
        self.tried: list[float] = []  # the same, in a trial
        self.waits: deque[float] = deque(maxlen=BLOCKS)  # shares of the latest blocks that were spent waiting
        self.spent, self.rest, self.next = 0.0, REST, 0.0  # in the trial; until the next, in lengths of one; the next
        self.settle(0)

    @property
    def threads(self) -> int:
        """How many it has settled on."""
        return self.rungs[self.at]

    def settle(self, rung: int) -> None:
        """Plays on with the threads of this rung."""
        self.at = self.trial = rung  # the rung that plays, and that which is tried
        self.costs.clear()
        self.waits.clear()

    @contextmanager
    def playing(self, iterations: int) -> Iterator[None]:
        """While so many iterations are played, as many threads take part and the clock runs."""
        if len(self.rungs) == 1:
            yield
            return
        self._turn()
        began, before = self.clock(), self.waited()
        with self.at_work(self.rungs[self.trial]):
            yield
        seconds = self.clock() - began
        self.waits.append((self.waited() - before) / seconds)
        if self._crowded and max(self.at, self.trial) > 0:
            self._give_back()
        else:
            self._took(seconds, iterations)

    @property
    def _crowded(self) -> bool:
        return len(self.waits) == BLOCKS and median(self.waits) > CROWDED

    def _give_back(self) -> None:
        """One thread goes on: all cores are wanted."""
        self.settle(0)
        self.next = self.clock() + LONGEST

    def _turn(self) -> None:
        """Begins a trial where one is due, unless others want all cores."""
        due = self.trial == self.at and len(self.costs) == BLOCKS and self.clock() >= self.next
        if due and not self._crowded:
            self.up = self.at == 0 or (self.up and self.at + 1 < len(self.rungs))
            self.trial, self.tried, self.spent = self.at + (1 if self.up else -1), [], 0.0

    def _took(self, seconds: float, iterations: int) -> None:
        if self.trial == self.at:
            self.costs.append(seconds / iterations)
            return
        self.tried.append(seconds / iterations)
        self.spent += seconds
        if len(self.tried) > BLOCKS:
            self._decide()

    def _decide(self) -> None:
        here, there = median(self.costs), median(self.tried[1:])
        better = GAIN * there < here if self.up else there < GAIN * here
        self.settle(self.trial if better else self.at)
        self.up = self.up if better else not self.up
        climbing = better and self.up and self.at + 1 < len(self.rungs)
        self.rest = 1 if climbing else REST if better else max(REST, 2 * self.rest)
        self.next = self.clock() + min(self.rest * self.spent, LONGEST)
