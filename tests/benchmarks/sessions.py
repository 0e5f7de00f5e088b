"""Thirty runs at once on one server, all watched: does each advance, does none starve, what memory do they take?

Run as a program: `python -m tests.benchmarks.sessions [sessions] [seconds]`.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

from gancore import presets
from gancore.run.hub import Hub
from gancore.run.nursery import Nursery
from gancore.run.pace import Pace

SESSIONS, SECONDS, FPS = 30, 30.0, 10
PROBES = {"losses", "value", "best-value", "scores", "gradients", "density", "mapping", "quality"}


def main(sessions: int = SESSIONS, seconds: float = SECONDS) -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    hub = Hub(workers=2)
    config = presets.load("line").config
    began = time.perf_counter()
    runs = [hub.open(config.with_("seed", seed), Pace(fps=FPS)) for seed in range(sessions)]
    for run in runs:
        run.look(run.subscribe(lambda: None), PROBES)
        run.play()
    while any(run.iteration == 0 for run in runs):
        time.sleep(0.05)
    print(f"{sessions} runs of the preset line, 2 workers, {FPS} frames/s wanted, {seconds:.0f} s")
    print(
        f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}; all had begun after {time.perf_counter() - began:.1f} s"
    )
    before = [(run.iteration, run.newest()[0]) for run in runs]
    time.sleep(seconds)
    after = [(run.iteration, run.newest()[0]) for run in runs]
    moved = sorted(b[0] - a[0] for a, b in zip(before, after))
    shown = sorted((b[1] - a[1]) / seconds for a, b in zip(before, after))
    middle = statistics.median(moved)
    print("                     slowest   median  fastest")
    print(f"iterations          {moved[0]:8} {middle:8.0f} {moved[-1]:8}    slowest / median {moved[0] / middle:.2f}")
    print(f"frames/s            {shown[0]:8.1f} {statistics.median(shown):8.1f} {shown[-1]:8.1f}")
    pids = {"server": os.getpid()} | {f"worker {i}": w.process.pid for i, w in enumerate(hub.pool.workers)}
    pids["spare worker"] = hub.pool.spare.process.pid
    if isinstance(hub.pool.source, Nursery):
        pids["nursery"] = hub.pool.source.process.pid
    resident, shared = zip(*(memory(pid) for pid in pids.values()))
    for name, rss, pss in zip(pids, resident, shared):
        print(f"{name:16} {rss:7.0f} MB resident, {pss:7.0f} MB with shared pages counted once")
    print(f"{'together':16} {sum(resident):7.0f} MB resident, {sum(shared):7.0f} MB with shared pages counted once")
    print(f"load after {os.getloadavg()[0]:.1f}")
    hub.close()


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set size of a process, MB."""
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        told = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith(("Rss", "Pss:"))}
    return int(told["Rss"]) / 1e3, int(told["Pss"]) / 1e3


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
