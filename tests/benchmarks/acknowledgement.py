"""How long a turned knob waits for the worker's word on when it took effect, while everything trains at full speed.

Run as a program: a hundred changes of one run, alone on its worker and then with others beside it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time

import numpy as np

from gancore import presets
from gancore.run.hub import Hub
from gancore.run.pace import Pace

CHANGES, OTHERS = 100, (0, 5, 14)
PROBES = {"losses", "value", "best-value", "scores", "gradients", "density", "mapping", "quality"}


def main(changes: int = CHANGES) -> None:
    os.environ.setdefault("GANSCOPE_RUNS", tempfile.mkdtemp())
    hub = Hub(workers=1)
    config = presets.load("line").config
    runs = []
    print(f"{changes} changes each, preset line, 10 frames/s; load before {os.getloadavg()[0]:.1f}")
    print("runs on the worker   p50 ms   p95 ms   slowest ms")
    for others in OTHERS:
        while len(runs) < others + 1:
            run = hub.open(config.with_("seed", len(runs)), Pace(fps=10))
            run.look(run.subscribe(lambda: None), PROBES)
            run.play()
            runs.append(run)
        while any(run.iteration < 100 for run in runs):
            time.sleep(0.05)
        waits = [acknowledged(runs[0], k) for k in range(changes)]
        p50, p95, slowest = np.percentile(waits, (50, 95, 100)) * 1e3
        print(f"{len(runs):18} {p50:8.1f} {p95:8.1f} {slowest:12.1f}", flush=True)
    print(f"load after {os.getloadavg()[0]:.1f}")
    hub.close()


def acknowledged(run, k: int) -> float:
    """Seconds from the wish until its event is known."""
    time.sleep(0.013 * (k % 7))  # so that it comes at any moment of a slice
    known, start = len(run.events), time.perf_counter()
    run.want(run.wanted.with_("d_opt.lr", 1e-3 * (1 + k % 5 / 10 + 0.01)))
    while len(run.events) == known:
        time.sleep(0.001)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
