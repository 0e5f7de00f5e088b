"""What it costs training to be watched: the same worker, the same run, watched and not watched in turns.

Run as a program. A pair is watched, alone, alone, watched, or the other way round, so that a machine whose speed drifts
favours neither. CPU time is the worker's own; the clock also feels whoever else uses the machine.
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
from gancore.run.hub import Hub
from gancore.run.pace import Pace
from gancore.run.session import Session

PROBES = {"losses", "value", "best-value", "scores", "gradients", "density", "mapping", "quality"}
PAIRS, SECONDS, FPS = 16, 1.5, 10


def main(pairs: int = PAIRS) -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    hub = Hub(workers=1)
    run = hub.open(presets.load("line").config, Pace(fps=FPS, keep=True))
    pid = hub.pool.host(run.id).process.pid
    token = run.subscribe(lambda: None)
    until(lambda: not run.loading)
    segment(run, token, pid, PROBES, 4.0)  # warm up
    print(f"{pairs} pairs of 4 x {SECONDS} s, {FPS} frames/s, preset line, probes {', '.join(sorted(PROBES))}")
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    print("pair  ms of CPU per iteration        ms by the clock               frames/s")
    print("      watched  alone    cost         watched  alone    cost")
    costs = {"CPU": [], "clock": []}
    for pair in range(pairs):
        kinds = [True, False, False, True] if pair % 2 else [False, True, True, False]
        got = [(watched, segment(run, token, pid, PROBES if watched else set(), SECONDS)) for watched in kinds]
        (cpu, clock, rate), (cpu_alone, clock_alone, _) = (
            total([s for w, s in got if w is on]) for on in (True, False)
        )
        costs["CPU"].append(cpu / cpu_alone - 1)
        costs["clock"].append(clock / clock_alone - 1)
        print(
            f"{pair + 1:4}  {cpu:7.4f} {cpu_alone:7.4f} {costs['CPU'][-1]:7.2%}"
            f"         {clock:7.4f} {clock_alone:7.4f} {costs['clock'][-1]:7.2%}        {rate:6.1f}",
            flush=True,
        )
    for name, values in costs.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"cost by {name}: median {middle:.2%}, quartiles {low:.2%} to {high:.2%}")
    print(f"load after {os.getloadavg()[0]:.1f}")
    hub.close()


def segment(run: Session, token: int, pid: int, probes: set[str], seconds: float) -> tuple[int, float, float, int]:
    """Plays for a while. Iterations, seconds of the worker's CPU and of the clock, frames."""
    frames = run.newest()[0]
    run.look(token, probes)
    if probes:
        until(lambda: run.newest()[0] > frames)  # what a reader is shown at once does not count: training rests
    frames, iteration, cpu, clock = run.newest()[0], run.iteration, cpu_seconds(pid), time.perf_counter()
    run.play()
    time.sleep(seconds)
    run.look(token, set())  # before pausing, which shows where the run stopped
    run.pause()
    until(lambda: run.state == "paused" and run.iteration > iteration)
    return run.iteration - iteration, cpu_seconds(pid) - cpu, time.perf_counter() - clock, run.newest()[0] - frames


def total(segments: list[tuple[int, float, float, int]]) -> tuple[float, float, float]:
    """Milliseconds of CPU and of the clock per iteration, frames per second."""
    iterations, cpu, clock, frames = map(sum, zip(*segments))
    return 1e3 * cpu / iterations, 1e3 * clock / iterations, frames / clock


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used so far, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def until(there, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not there():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.002)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
