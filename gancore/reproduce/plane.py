"""What experiments on ring and grid share: the data's own modes, and a census of what a generator reaches of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gancore import seeds
from gancore.observe.metrics.modes import Census, census
from gancore.reproduce.experiment import Control, Measured
from gancore.train.trainer import Trainer

SAMPLES = 2_500
FIGURES = {"modes": "{:.1f}", "high quality, %": "{:.1f}", "reverse KL": "{:.3f}"}


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """A training set drawn once, from which every batch is drawn with replacement."""

    rows: Tensor  # (n, event)
    shape: tuple
    squash: str

    @classmethod
    def of(cls, law, n: int) -> Bootstrap:
        """`n` draws of a law, the same for every seed."""
        return cls(law.sample(n, seeds.stream(0, "reproduce/training set")), law.shape, law.squash)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return self.rows[torch.randint(len(self.rows), (n,), generator=generator)]


def counted(trainer: Trainer) -> dict[str, Measured]:
    """The census of 2,500 samples from fresh z of the run's own stream."""
    config = trainer.config
    z = config.noise.sample(SAMPLES, seeds.stream(config.seed, "reproduce/z"))
    return said(census(trainer.game.generate(trainer.state, z).numpy(), config.data.modes))


def perfect(law) -> Control:
    """The same census of as many samples of the law itself."""

    def measure() -> dict[str, Measured]:
        return said(census(law.sample(SAMPLES, seeds.stream(0, "reproduce/real")).numpy(), law.modes))

    return Control(f"{SAMPLES:,} samples of the {law.name} itself", measure)


def said(seen: Census) -> dict[str, Measured]:
    """The figures of a census."""
    values = (seen.found, 100 * seen.high_quality, seen.reverse_kl)
    return {name: Measured(value) for name, value in zip(FIGURES, values)}
