"""What recording costs training: the same run in the same process, recorded and not recorded in turns.

Run as a program. A pair is recorded, bare, bare, recorded, or the other way round, so that a machine whose speed drifts
favours neither. CPU time, which other programs do not change much; by the clock the disk counts as well.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from gancore import presets
from gancore.run.hosted import Hosted
from gancore.run.keeping import Keeping
from gancore.run.messages import Open

PAIRS, SECONDS = 16, 3.0


def main(preset: str = "line", pairs: int = PAIRS) -> None:
    torch.set_num_threads(1)
    path = Path(tempfile.mkdtemp()) / "run.sqlite"
    run = Hosted(Open("run", 0, presets.load(preset).config.flat(), [], str(path), {}))
    while not run.ready():
        time.sleep(0.01)
    keeping: Keeping = run.keeping
    run.play()
    while keeping.due():  # the first iterations are kept one by one, ahead of their share of the time
        segment(run, 1.0)
    print(
        f"{pairs} pairs of 4 x {SECONDS} s, preset {preset}, nobody watches; torch {torch.__version__}, load {os.getloadavg()[0]:.1f}"
    )
    print("pair  ms of CPU per iteration         ms by the clock")
    print("      recorded bare    cost           recorded bare    cost")
    costs = {"CPU": [], "clock": []}
    for pair in range(int(pairs)):
        got = {True: [0, 0.0, 0.0], False: [0, 0.0, 0.0]}
        for recorded in [True, False, False, True] if pair % 2 else [False, True, True, False]:
            if recorded:  # What came meanwhile is missing in it, which a run of its own would never allow.
                keeping.recording._next = None
            run.keeping = keeping if recorded else None
            got[recorded] = [a + b for a, b in zip(got[recorded], segment(run, SECONDS))]
        with_, bare = ([1e3 * value / got[on][0] for value in got[on][1:]] for on in (True, False))
        for name, one, other in zip(costs, with_, bare):
            costs[name].append(one / other - 1)
        print(
            f"{pair + 1:4}  {with_[0]:7.4f} {bare[0]:7.4f} {costs['CPU'][-1]:7.2%}"
            f"          {with_[1]:7.4f} {bare[1]:7.4f} {costs['clock'][-1]:7.2%}",
            flush=True,
        )
    for name, values in costs.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"cost by {name}: median {middle:.2%}, quartiles {low:.2%} to {high:.2%}")
    print(f"{keeping.recording.kept}, load after {os.getloadavg()[0]:.1f}")


def segment(run: Hosted, seconds: float) -> tuple[int, float, float]:
    """Iterations, seconds of CPU and of the clock."""
    iteration, cpu, clock = run.trainer.iteration, time.process_time(), time.perf_counter()
    while time.perf_counter() - clock < seconds:
        run.move()
    return run.trainer.iteration - iteration, time.process_time() - cpu, time.perf_counter() - clock


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:]))
