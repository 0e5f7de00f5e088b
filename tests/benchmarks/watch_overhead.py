"""What it costs a loop of somebody else's to be watched: the same script with the lines of `watch` and without, in turns.

Run as a program. Both scripts run in one process and hand over to each other ten times a second, so that a machine whose
speed drifts favours neither; while the other one runs, the watcher's clock stands still. CPU time is the script's own thread's.
"""

from __future__ import annotations

import os
import re
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import torch

from gancore.record.recording import Reader
from gancore.run.watching import budget, recorder
from tests.run.watched import LOOPS, source

SEGMENTS, SECONDS = 8, 3.0  # of CPU time for both together, in each segment
TURN = 0.1
LOOP = re.compile(r"^(for .* in range\()STEPS(\):)$", re.M)


class Stopped(Exception):
    """Enough was measured."""


class Script:
    """A loop on a thread of its own that moves only while it is its turn."""

    def __init__(self, path: Path, watched: bool):
        text = LOOP.sub(r"\g<1>10**9\2\n    _turn()", source(path, watched))
        self.code, self.left = compile(text, str(path), "exec"), {"__name__": path.stem, "_turn": self.iterate}
        self.mine, self.over = threading.Semaphore(0), threading.Semaphore(0)
        self.iterations, self.cpu, self.clock, self.away, self.stopped = 0, 0.0, 0.0, 0.0, False
        self.failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            exec(self.code, self.left)
        except Stopped:
            pass
        except BaseException as error:
            self.failed = error
        self.over.release()

    def iterate(self) -> None:
        """Called by the script at the start of every iteration: hands over when the turn is up."""
        at = time.perf_counter()
        if self.iterations and at < self._until:
            self.iterations += 1
            return
        if self.iterations:
            self.cpu += time.thread_time() - self._cpu
            self.clock += at - (self._until - TURN)
        self.over.release()
        self.mine.acquire()
        self.away += time.perf_counter() - at
        if self.stopped:
            raise Stopped
        self.iterations += 1
        self._cpu, self._until = time.thread_time(), time.perf_counter() + TURN

    def turn(self) -> None:
        """Lets it run for a turn; the first one goes up to its loop."""
        self.mine.release() if self._thread.ident else self._thread.start()
        self.over.acquire()
        if self.failed:
            raise self.failed

    def end(self) -> None:
        self.stopped = True
        self.mine.release()
        self._thread.join()


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
    watched, alone = Script(path, True), Script(path, False)
    budget.now = recorder.now = lambda: time.perf_counter() - watched.away
    both, costs = (watched, alone), []
    for script in (*both, *both):
        script.turn()
    marks = [(s.iterations, s.cpu, s.clock) for s in both]
    begun = marks
    for segment in range(segments):
        while sum(s.cpu - mark[1] for s, mark in zip(both, marks)) < SECONDS:
            for script in both if segment % 2 else reversed(both):
                script.turn()
        now = [(s.iterations, s.cpu, s.clock) for s in both]
        costs.append(ratio(marks, now, 1))
        marks = now
    run = watched.left["run"]
    for script in both:
        script.end()
    run.close()
    with Reader(run.path) as reader:
        frames, gaps = (
            len(reader.frames()),
            float((reader.scalars()[1][:, [3, 5]] == reader.scalars()[1][:, [3, 5]]).mean()),
        )
    low, middle, high = statistics.quantiles(costs, n=4)
    each = 1e3 * (marks[1][1] - begun[1][1]) / (marks[1][0] - begun[1][0])
    spent = f"{ratio(begun, marks, 1):6.2%}  {middle:6.2%}  {low:6.2%} to {high:6.2%}  {ratio(begun, marks, 2):6.2%}"
    return f"{each:5.2f}          {spent}              {frames / (marks[0][2] - begun[0][2]):4.1f}    {gaps:.0%}"


def ratio(before: list[tuple], after: list[tuple], at: int) -> float:
    """How much more time an iteration took watched than alone."""
    watched, alone = ((b[at] - a[at]) / (b[0] - a[0]) for a, b in zip(before, after))
    return watched / alone - 1


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
