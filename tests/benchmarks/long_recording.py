"""A recording of a million iterations of the preset line: how large it is, how fast it opens, how fast one looks back.

Run as a program. The scalars and frames are those of a real run, repeated: playing a million takes most of an hour, and what
is measured here does not depend on their values. Frames come at the rate at which a worker's share of time allows them.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from gancore import presets
from gancore.observe.frame import Frame
from gancore.observe.observer import Observer
from gancore.record.library import size
from gancore.record.recording import Recording
from gancore.record.replay import Replay, kept_part
from gancore.run.keeping import PROBES
from gancore.train.trainer import SCALARS, Trainer

PLAYED, EVERY = 2000, 50  # iterations really played; iterations between frames, four times as dense as a worker's


def main(iterations: int = 1_000_000) -> None:
    torch.set_num_threads(1)
    config = presets.load("line").config
    rows, frames, trainer = played(config)
    path = Path(tempfile.mkdtemp()) / "long.sqlite"
    recording = Recording.create(path, config.flat(), SCALARS)
    write(recording, rows, frames, trainer, iterations)
    kept = recording.kept
    recording.close()
    print(
        f"{iterations:,} iterations, {kept['made']:,} frames made, {kept['kept']:,} kept in {kept['bytes'] / 2**20:.0f} MB"
    )
    print(f"file: {size(path) / 1e6:.0f} MB")
    opened = []
    for _ in range(5):
        began = time.perf_counter()
        with Replay(path) as replay:
            frame = replay.frame(iterations)
        opened.append(time.perf_counter() - began)
    print(
        f"open and show the last frame ({len(frame.arrays)} arrays): median {statistics.median(opened):.2f} s, slowest {max(opened):.2f} s"
    )
    chance, took = random.Random(0), []
    with Replay(path) as replay:
        replay.frame(iterations)
        for _ in range(200):
            began = time.perf_counter()
            replay.frame(chance.randrange(iterations)).encode()
            took.append(time.perf_counter() - began)
    slow = statistics.quantiles(took, n=20)[-1]
    print(
        f"jump anywhere: median {1e3 * statistics.median(took):.1f} ms, 95 % within {1e3 * slow:.1f} ms: {1 / slow:.0f} frames/s"
    )


def played(config) -> tuple[np.ndarray, list[Frame], Trainer]:
    trainer = Trainer(config)
    observer, probes, blocks, frames = (
        Observer(Observer.prepare(config, trainer.game.source)),
        frozenset(PROBES["line"]),
        [],
        [],
    )
    while trainer.iteration < PLAYED:
        blocks.append(trainer.advance(EVERY).numpy())
        observer.history.append(blocks[-1], trainer.iteration - EVERY + 1)
        frame = observer.look(trainer, probes, trainer.iteration / 500)
        frames.append(kept_part(frame, SCALARS, {name for names in observer.measured for name in names}))
    return np.concatenate(blocks), frames, trainer


def write(recording: Recording, rows: np.ndarray, frames: list[Frame], trainer: Trainer, iterations: int) -> None:
    for first in range(1, iterations + 1, 1000):
        at = (first - 1) % PLAYED
        recording.scalars(first, rows[at : at + 1000])
        for iteration in range(first, first + 1000, EVERY):
            one = frames[iteration // EVERY % len(frames)]
            recording.frame(iteration, Frame(iteration, one.arrays, one.info).encode())
        recording.measured(first, {"w1": 0.1, "jsd": 0.01, "value": -1.3, "best_value": -1.3})
        if first % 2000 == 1:
            extra = {"config": trainer.config.to_json(), "events": []}
            recording.checkpoint(first + 999, trainer.state.tensors(), extra)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
