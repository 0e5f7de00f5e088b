"""What it costs training to be watched: the same worker, the same run, watched and not watched in turns.

Run as a program; every pair is one segment of each kind, in an order that alternates, so that a machine whose speed
drifts favours neither. CPU time is the worker's own, wall time also feels whoever else uses the machine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import torch

from gancore import presets
from gancore.run.hub import Hub
from gancore.run.pace import Pace
from gancore.run.session import Session

PROBES = {"losses", "value", "scores", "gradients", "density", "mapping", "quality"}
PAIRS, SECONDS, FPS = 16, 2.5, 10


def main() -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    hub = Hub(workers=1)
    run = hub.open(presets.load("line").config, Pace(fps=FPS, keep=True))
    pid = hub.pool.host(run.id).process.pid
    token = run.subscribe(lambda: None)
    until(lambda: not run.loading)
    segment(run, token, pid, PROBES, 4.0)  # warm up
    print(
        f"{PAIRS} pairs of {SECONDS} s, {FPS} frames/s, probes {', '.join(sorted(PROBES))}; torch {torch.__version__}"
    )
    print("pair  iterations per CPU second      per second by the clock        frames")
    print("      watched  alone   cost          watched  alone   cost")
    costs = {"cpu": [], "wall": []}
    for pair in range(PAIRS):
        kinds = [PROBES, set()] if pair % 2 else [set(), PROBES]
        got = {bool(kind): segment(run, token, pid, kind, SECONDS) for kind in kinds}
        (watched_cpu, watched_wall, frames), (alone_cpu, alone_wall, _) = got[True], got[False]
        costs["cpu"].append(1 - watched_cpu / alone_cpu)
        costs["wall"].append(1 - watched_wall / alone_wall)
        print(
            f"{pair + 1:4}  {watched_cpu:7.1f} {alone_cpu:6.1f} {costs['cpu'][-1]:7.2%}"
            f"          {watched_wall:7.1f} {alone_wall:6.1f} {costs['wall'][-1]:7.2%}          {frames:4}"
        )
    for clock, values in costs.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"cost by {clock}: median {middle:.2%}, quartiles {low:.2%} to {high:.2%}")
    hub.close()


def segment(run: Session, token: int, pid: int, probes: set[str], seconds: float) -> tuple[float, float, int]:
    """Plays for a while. Iterations per second of the worker's CPU and of the clock, and how many frames came."""
    run.look(token, probes)
    frames, iteration, cpu, clock = run.newest()[0], run.iteration, cpu_seconds(pid), time.perf_counter()
    run.play()
    time.sleep(seconds)
    run.pause()
    until(lambda: run.state == "paused")
    took = run.iteration - iteration
    used, passed = cpu_seconds(pid) - cpu, time.perf_counter() - clock
    return took / used, took / passed, run.newest()[0] - frames


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
    main()
