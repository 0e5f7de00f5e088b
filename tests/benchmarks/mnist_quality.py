"""What the preset `784-128-1` has learnt of MNIST: how many of each digit a classifier finds, and how sure it is.

Run as a program for the table of three seeds: all ten digits in 2,000 samples, with a mean confidence of at least 0.8.
Needs MNIST (see GANSCOPE_DATA).
"""

from __future__ import annotations

import time

import numpy as np
import torch

from gancore import presets, seeds
from gancore.train.trainer import Trainer
from tests.benchmarks.mnist_classifier import classifier, digits

ITERATIONS = 20_000
SAMPLES = 2_000
SURE = 0.8


def trained(seed: int, iterations: int = ITERATIONS) -> tuple[np.ndarray, float]:
    """Pictures (2,000, 784) from fresh z after that many iterations, and the seconds of training."""
    config = presets.load("784-128-1").config.with_("seed", seed)
    trainer = Trainer(config)
    start = time.perf_counter()
    trainer.advance(iterations)
    seconds = time.perf_counter() - start
    z = config.noise.sample(SAMPLES, seeds.stream(seed, "benchmark/z"))
    return trainer.game.generate(trainer.state, z).numpy(), seconds


def main() -> None:
    torch.set_num_threads(1)
    judge = classifier()
    images, labels = digits("t10k")
    print(f"judge: {(judge.predict(images) == labels).mean():.2%} right on MNIST's test digits")
    print(f"preset 784-128-1 after {ITERATIONS:,} iterations: classes found in {SAMPLES:,} samples")
    print("seed" + "".join(f"{digit:>6}" for digit in range(10)) + "  mean confidence   seconds")
    good = 0
    for seed in range(3):
        pictures, seconds = trained(seed)
        chances = judge.predict_proba(pictures)
        found, sure = np.bincount(chances.argmax(1), minlength=10), chances.max(1).mean()
        print(f"{seed:>4}" + "".join(f"{n:>6}" for n in found) + f"{sure:17.3f}{seconds:10.1f}", flush=True)
        good += bool(found.all() and sure >= SURE)
    print(f"{good} of 3 with all ten digits and a mean confidence of at least {SURE}")


if __name__ == "__main__":
    main()
