"""Ten million iterations of the toy in a worker's own loop, recorded and looked at: does anything grow that should not?

Run as a program: `python -m tests.benchmarks.soak [iterations]`. The loop runs in this process, so that its memory is the
worker's. Nobody waits for the frames: they are made as often as the worker makes them for a page, at two a second.
"""

from __future__ import annotations

import gc
import os
import queue
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np
import torch

from gancore.record.library import size
from gancore.run.keeping import PROBES
from gancore.run.messages import NewFrame, Open, Play, Watch
from gancore.run.pace import Pace
from gancore.run.worker import Worker
from tests.benchmarks.games import game

ITERATIONS, SAMPLES, FPS = 10_000_000, 40, 2
CHARTS = {"losses", "gradients", *PROBES["line"]}


def main(iterations: int = ITERATIONS) -> None:
    torch.set_num_threads(1)
    inbox, news = queue.SimpleQueue(), []
    worker, path = Worker(inbox, news.append), Path(tempfile.mkdtemp()) / "soak.sqlite"
    inbox.put(Open("soak", 0, game("1-D toy").flat(), [], str(path), asdict(Pace(fps=FPS, until=iterations))))
    inbox.put(Watch("soak", sorted(CHARTS)))
    inbox.put(Play("soak"))
    print(f"{iterations:,} iterations of the 1-D toy, recorded, {FPS} frames/s: {date.today()}, {os.cpu_count()} cores")
    print(f"torch {torch.__version__}, load before {os.getloadavg()[0]:.1f}; MB, frames as they are sent")
    print("processor s  iteration    RSS  Python objects  frame kB  frames kept  recording")
    rows, frame, next_at = [], 0, 0
    while worker.round():
        frame = next((len(one.payload) for one in reversed(news) if isinstance(one, NewFrame)), frame)
        news.clear()
        run = worker.runs["soak"]
        if not run.trainer or (run.trainer.iteration < next_at and run.state == "playing"):
            continue
        kept = run.keeping.recording.kept["kept"]
        row = run.trainer.iteration, resident(), len(gc.get_objects()), frame / 1e3, size(path) / 1e6
        rows.append(row)
        at, memory, objects, sent, file = row
        print(
            f"{time.process_time():11.0f} {at:10,} {memory:6.1f} {objects:15,} {sent:9.2f} {kept:12,} {file:10.1f}",
            flush=True,
        )
        next_at += iterations // SAMPLES
        if run.state != "playing":
            break
    print(f"{run.state}; played by: {run.trainer.engine.told}; load after {os.getloadavg()[0]:.1f}")
    run.close()
    told(np.array(rows))


def told(rows: np.ndarray) -> None:
    """Says what grew from the second quarter of the run, when all is loaded, to the last."""
    quarter = len(rows) // 4
    early, late = rows[quarter : 2 * quarter], rows[-quarter:]
    between = late[:, 0].mean() - early[:, 0].mean()
    # A frame breathes with the charts' past, which is halved when it is full: its largest says whether it grows.
    for name, unit, column, of in (("memory", "MB", 1, np.mean), ("largest frame", "kB", 3, np.max)):
        before, after = of(early[:, column]), of(late[:, column])
        flat = "flat" if after < 1.02 * before else "not flat"
        print(
            f"{name}: {before:.1f} {unit} in the second quarter, {after:.1f} {unit} in the last,"
            f" {1e6 * (after - before) / between:+.2f} {unit} per million iterations: {flat}"
        )
    grown = 1e6 * (late[-1, 4] - late[0, 4]) / (late[-1, 0] - late[0, 0])
    print(f"recording: {late[-1, 4]:.0f} MB, in the last quarter {grown:.1f} bytes per iteration (its scalars are 24)")


def resident() -> float:
    """Memory of this process, MB."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1e3


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
