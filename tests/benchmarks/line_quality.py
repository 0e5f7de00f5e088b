"""How well the preset `line` learns its two bells: W1 to the exact density, seed by seed.

Run as a program for the table of ten seeds, of which nine have to come within 0.15 sigma in 5,000 iterations.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch

from gancore import presets
from gancore.observe.look import Fixed
from gancore.train.trainer import Trainer

ITERATIONS = 5_000
NEAR = 0.15  # sigma of the data
MARKS = tuple(range(1_000, ITERATIONS + 1, 1_000))


def marks(seed: int, preset: str = "line") -> Iterator[tuple[float, float]]:
    """Seconds of training and W1 / sigma at each of `MARKS`, W1 taken on 2,000 samples from fixed z."""
    config = presets.load(preset).config.with_("seed", seed)
    source = config.data.open()
    trainer, fixed = Trainer(config, source), Fixed(config, source)
    seconds = 0.0
    for mark in MARKS:
        start = time.perf_counter()
        trainer.advance(mark - trainer.iteration)
        seconds += time.perf_counter() - start
        x = trainer.game.generate(trainer.state, fixed.z)[:, 0].numpy()
        yield seconds, fixed.reference.measure(x)["w1"] / source.scale


def main() -> None:
    torch.set_num_threads(1)
    print(f"preset line: W1 / sigma on the way to {ITERATIONS:,} iterations")
    print("seed" + "".join(f"{mark:>8,}" for mark in MARKS) + "   seconds")
    good = 0
    for seed in range(10):
        seconds, distances = zip(*marks(seed))
        good += distances[-1] <= NEAR
        print(f"{seed:>4}" + "".join(f"{w:8.3f}" for w in distances) + f"{seconds[-1]:10.1f}", flush=True)
    print(f"{good} of 10 within {NEAR} sigma")


if __name__ == "__main__":
    main()
