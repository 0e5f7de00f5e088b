"""A hundred thousand iterations under the eyes of a reader who looks once in two seconds: is every one recorded?

Run as a program. Also told: whether that reader always finds the newest frame, and whether memory stays flat.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time

import numpy as np

from gancore.config import Config
from gancore.observe.frame import Frame
from gancore.record.recording import Reader
from gancore.run.hub import Hub
from gancore.run.pace import Pace

ITERATIONS, EVERY, FPS = 100_000, 2.0, 10
TINY = {"batch": 8, "g.width": 8, "g.depth": 1, "d.width": 8, "d.depth": 1}
PROBES = {"losses", "value", "best-value", "scores", "gradients", "density", "mapping", "quality"}


def main(iterations: int = ITERATIONS) -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    hub = Hub(workers=1)
    run = hub.open(Config.from_flat(TINY), Pace(fps=FPS, until=iterations))
    run.look(run.subscribe(lambda: None), PROBES)
    pid = hub.pool.host(run.id).process.pid
    print(f"{iterations:,} iterations, a reader every {EVERY} s, {FPS} frames/s; load before {os.getloadavg()[0]:.1f}")
    print("seconds  iteration  frames so far  age of the frame found  kB of it  RSS of server  of worker, MB")
    arrived = [time.perf_counter()]
    token = run.subscribe(lambda: arrived.append(time.perf_counter()) if run.newest()[0] >= len(arrived) else None)
    run.look(token, PROBES)
    run.play()
    start, ages, memory = time.perf_counter(), [], []
    while run.state != "finished":
        time.sleep(EVERY)
        now = time.perf_counter()
        version, frame = run.newest()
        if frame and run.state == "playing":
            ages.append(now - arrived[-1])
            memory.append((rss("self"), rss(pid)))
            at = Frame.decode(frame).iteration
            print(
                f"{now - start:7.1f} {at:10,} {version:14} {1e3 * ages[-1]:20.0f} ms {len(frame) / 1e3:9.1f}"
                f" {memory[-1][0]:14.1f} {memory[-1][1]:10.1f}",
                flush=True,
            )
    time.sleep(0.5)
    last = Frame.decode(run.newest()[1]).iteration
    path = run.path
    hub.close()
    with Reader(path) as reader:
        at, rows = reader.scalars()
    whole = np.array_equal(at, np.arange(1, iterations + 1)) and bool(np.isfinite(rows).all())
    print(f"recorded: {len(at):,} iterations, exactly 1 to {iterations:,} without a gap: {whole}")
    print(f"the frame that stands at the end is that of iteration {last:,}")
    print(
        f"oldest frame that the slow reader ever found: {1e3 * max(ages):.0f} ms (a frame is due every {1000 / FPS:.0f} ms)"
    )
    half = len(memory) // 2
    for name, column in zip(("server", "worker"), zip(*memory)):
        first, second = column[half // 2 : half], column[half:]
        print(
            f"RSS of the {name}: {np.median(first):.1f} MB in the second quarter, {np.median(second):.1f} MB in the second half"
        )
    print(f"load after {os.getloadavg()[0]:.1f}")


def rss(pid) -> float:
    """Resident memory of a process, MB."""
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1e3


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
