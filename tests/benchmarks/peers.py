"""Children that play when they are told to: their threads and libraries stay out of the process that measures.

A child says `ready` and after how many seconds; for every line of seconds that it reads it plays for so long by its
processor's clock, and says how many iterations that were and what they took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

Play = Callable[[], int]  # plays some iterations and says how many


class Peer:
    """A child, `python -m MODULE ARGUMENTS`, on one core."""

    def __init__(self, module: str, *arguments: str, core: int = 0):
        command = [sys.executable, "-m", module, *arguments]
        limits = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | limits
        )
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(self.child.pid, {cores[core % len(cores)]})
        word, seconds = self._said()
        assert word == "ready", word
        self.ready = float(seconds)

    def ask(self, seconds: float) -> None:
        print(seconds, file=self.child.stdin, flush=True)

    def answer(self) -> tuple[float, float]:
        """Iterations per second of the child's processor time, and of the clock, since it was asked."""
        iterations, processor, clock = map(float, self._said())
        return iterations / processor, iterations / clock

    def rate(self, seconds: float) -> float:
        self.ask(seconds)
        return self.answer()[0]

    def close(self) -> None:
        self.child.stdin.close()
        self.child.wait()

    def _said(self) -> list[str]:
        if line := self.child.stdout.readline():
            return line.split()
        raise RuntimeError(f"{' '.join(self.child.args)} ended with {self.child.wait()}")


def serve(play: Play, ready: float) -> None:
    """The child's side."""
    print("ready", ready, flush=True)
    for line in sys.stdin:
        n, began, clock = 0, time.process_time(), time.perf_counter()
        while time.process_time() - began < float(line):
            n += play()
        print(n, time.process_time() - began, time.perf_counter() - clock, flush=True)
