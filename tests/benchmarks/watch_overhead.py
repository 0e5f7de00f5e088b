"""What it costs a loop of somebody else's to be watched: one script, its watcher awake and asleep in turns.

Run as a program. The watcher falls asleep and wakes ten times a second in the middle of the very same loop, so that weights,
memory and a machine whose speed drifts are the same for both; while it sleeps its clock stands still. CPU time is the
script's own thread's: others on the machine change it little.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import torch

from gancore.record.recording import Reader
from gancore.run.watching import budget, recorder
from tests.run.watching.watched import LOOPS, source

SEGMENTS, SECONDS = 12, 4.0  # of CPU time, awake and asleep together, in each segment
TURN = 0.1
LOOP = re.compile(r"^(for .* in range\()STEPS(\):)$", re.M)


class Stopped(Exception):
    """Enough was measured."""


class Turns:
    """Called by the script at the start of every iteration: puts its watcher to sleep or wakes it when a turn is up."""

    def __init__(self, segments: int):
        self.segments, self.awake, self.slept = segments, True, 0.0
        self.sums: list[dict[bool, list[float]]] = []  # by segment: iterations, CPU and clock, awake and asleep
        self.warm = SECONDS
        self.left: dict = {}
        self._n, self._cpu, self._at = 0, time.thread_time(), time.perf_counter()
        self._fresh()

    def __call__(self) -> None:
        at = time.perf_counter()
        if at - self._at < TURN:
            self._n += 1
            return
        cpu = time.thread_time()
        spent = self._now[self.awake]
        for i, value in enumerate((self._n, cpu - self._cpu, at - self._at)):
            spent[i] += value
        self.slept += (at - self._at) * (not self.awake)
        if sum(one[1] for one in self._now.values()) > (SECONDS if self.sums or self.warm <= 0 else self.warm):
            self._next()
        self.awake = not self.awake
        self.left["run"]._recorder.open = self.awake
        self._n, self._cpu, self._at = 1, time.thread_time(), time.perf_counter()

    def _fresh(self) -> None:
        self._now = {True: [0, 0.0, 0.0], False: [0, 0.0, 0.0]}

    def _next(self) -> None:
        if self.warm > 0:
            self.warm = 0.0
        else:
            self.sums.append(self._now)
        self._fresh()
        if len(self.sums) == self.segments:
            self.left["run"]._recorder.open = True
            raise Stopped


def main(segments: int = SEGMENTS) -> None:
    os.environ["GANSCOPE_RUNS"] = tempfile.mkdtemp()
    torch.set_num_threads(1)
    print(f"{segments} segments of {SECONDS:.0f} s of CPU, turns of {TURN} s, default settings, one thread")
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    print(
        "loop                  ms of CPU       cost in CPU                       cost by the clock   frames  gradients"
    )
    print(
        "                      an iteration    all     median  quartiles         all                 a s     measured"
    )
    for path in LOOPS:
        print(f"{path.stem:20}  {measure(path, segments)}", flush=True)
    print(f"load after {os.getloadavg()[0]:.1f}")


def measure(path: Path, segments: int) -> str:
    turns = Turns(segments)
    budget.now = recorder.now = lambda: time.perf_counter() - turns.slept
    text = LOOP.sub(r"\g<1>10**9\2\n    _turn()", source(path, True))
    turns.left |= {"__name__": path.stem, "_turn": turns}
    with suppress(Stopped):
        exec(compile(text, str(path), "exec"), turns.left)
    run = turns.left["run"]
    run.close()
    with Reader(run.path) as reader:
        frames, rows = len(reader.frames()), reader.scalars()[1][:, [3, 5]]
    costs = [cost(sums, 1) for sums in turns.sums]
    all_of = {kind: [sum(sums[kind][i] for sums in turns.sums) for i in range(3)] for kind in (True, False)}
    low, middle, high = statistics.quantiles(costs, n=4)
    each, clock = 1e3 * all_of[False][1] / all_of[False][0], all_of[True][2]
    spent = f"{cost(all_of, 1):6.2%}  {middle:6.2%}  {low:6.2%} to {high:6.2%}  {cost(all_of, 2):6.2%}"
    return f"{each:5.2f}          {spent}              {frames / clock:4.1f}    {float((rows == rows).mean()):.0%}"


def cost(sums: dict[bool, list[float]], at: int) -> float:
    """How much more time an iteration took watched than alone."""
    return (sums[True][at] / sums[True][0]) / (sums[False][at] / sums[False][0]) - 1


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
