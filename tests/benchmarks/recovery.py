"""How long a run stands still when its worker is killed with SIGKILL, and whether what it went on with is the same run.

Run as a program. After the last kill the recording is compared, bit for bit, with the same game played without a worker.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time

import numpy as np

from gancore import presets
from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.run.hub import Hub
from gancore.run.pace import Pace
from gancore.train.trainer import Trainer

KILLS, BETWEEN = 10, 6.0


def main(kills: int = KILLS) -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    hub = Hub(workers=1)
    config = presets.load("line").config
    run = hub.open(config, Pace(fps=10))
    run.look(run.subscribe(lambda: None), {"losses", "density", "quality"})
    run.play()
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    print("kill  shown  checkpoint  lost  until a newer frame than the checkpoint  until newer than what was shown")
    waits = []
    for kill in range(1, kills + 1):
        settle(run)
        shown, killed = run.iteration, time.perf_counter()
        with Reader(run.path) as reader:
            kept = reader.last_checkpoint()[0]
        before = run.newest()[0]
        os.kill(hub.pool.host(run.id).process.pid, signal.SIGKILL)
        waits.append(newer(run, before, kept) - killed)
        caught_up = newer(run, before, shown) - killed
        print(f"{kill:4} {shown:6} {kept:11} {shown - kept:5} {waits[-1]:36.2f} s {caught_up:30.2f} s", flush=True)
    print(f"until a newer frame: median {statistics.median(waits):.2f} s, slowest {max(waits):.2f} s")
    run.pause()
    while run.state != "paused":
        time.sleep(0.01)
    path, n = run.path, run.iteration
    hub.close()
    with Reader(path) as reader:
        iterations, rows = reader.scalars()
    alone = Trainer(config).advance(n).numpy()
    same = np.array_equal(iterations, np.arange(1, n + 1)) and np.array_equal(rows, alone)
    print(f"{n} iterations recorded; equal, bit for bit, to a run that nobody killed: {same}")
    print(f"load after {os.getloadavg()[0]:.1f}")


def settle(run) -> None:
    """Lets it train, with the spare worker ready, so that each kill meets the same circumstances."""
    start = run.iteration
    time.sleep(BETWEEN)
    while run.iteration < start + 100:
        time.sleep(0.05)


def newer(run, version: int, iteration: int) -> float:
    """When a frame came that shows more than `iteration`, after frame number `version`."""
    while True:
        now, frame = run.newest()
        if now > version and Frame.decode(frame).iteration > iteration:
            return time.perf_counter()
        time.sleep(0.005)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
