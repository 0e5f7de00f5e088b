"""One look at a run in motion: what several probes need of it, computed once and only if one of them asks.

Looking never touches training: it has its own z and its own real samples, fixed for the whole run.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
import torch

from gancore import seeds
from gancore.observe.history import Samples
from gancore.observe.metrics.images import Neighbours, Plane
from gancore.observe.metrics.line import Reference

LINE_SAMPLES = 2000  # Fixed z on the line, and with it the sample size of every metric and floor there.
IMAGE_SAMPLES = 256
SCORED = 1000  # Samples of each side that D judges at a look.
GRID = 64  # Pictures in a grid of samples, 8 by 8.


@lru_cache(maxsize=32)
def reference(choice) -> Reference:
    """The exact side of every comparison on this density, the same on every page and in every process."""
    return Reference.of(choice.open(), LINE_SAMPLES)


@lru_cache(maxsize=8)
def plane(choice) -> Plane:
    """The principal plane of these pictures."""
    return Plane.of(choice.name, choice.open().pixels)


@lru_cache(maxsize=8)
def neighbours(choice) -> Neighbours:
    """Where the nearest real picture is looked up."""
    return Neighbours(plane(choice), choice.open().pixels)


class Fixed:
    """What every look of a run shares: the config's fixed z, fixed real samples, and what is known about the data."""

    def __init__(self, config, source):
        self.choice, self.source = config.data, source
        n = LINE_SAMPLES if config.data.page == "line" else IMAGE_SAMPLES
        self.z = config.noise.sample(n, seeds.stream(config.seed, "look/z"))
        self.fresh = seeds.stream(config.seed, "look/fresh")
        self.real = source.sample(n, seeds.stream(config.seed, "look/real"))
        if config.data.page == "line":
            self.reference = reference(config.data)
            self.grid = torch.from_numpy(self.reference.grid).float()[:, None]
            self.log_p = source.log_prob(self.grid[:, 0])
        else:
            self.plane, self.neighbours = plane(config.data), neighbours(config.data)


class Look:
    """A moment: the trainer as it stands, through the eyes of the fixed samples."""

    def __init__(self, trainer, fixed: Fixed, history, measured):
        """`history` holds every iteration's scalars, `measured` what was measured once per look."""
        self.trainer, self.fixed, self.history, self.measured = trainer, fixed, history, measured
        self.game, self.state, self.loss = trainer.game, trainer.state, trainer.config.loss

    @cached_property
    def fake(self) -> torch.Tensor:
        """G of the fixed z, (n, event)."""
        return self.game.generate(self.state, self.fixed.z)

    @cached_property
    def fake_line(self) -> np.ndarray:
        """On the line: G of the fixed z, sorted, (n,)."""
        return np.sort(self.fake[:, 0].numpy())

    @cached_property
    def on_real(self) -> torch.Tensor:
        """D's raw outputs on the fixed real samples, (n,), at most `SCORED`."""
        return self.game.judge(self.state, self.fixed.real[:SCORED])

    @cached_property
    def on_fake(self) -> torch.Tensor:
        """D's raw outputs on G of the fixed z, (n,), at most `SCORED`."""
        return self.game.judge(self.state, self.fake[:SCORED])

    @cached_property
    def p_g(self) -> np.ndarray:
        """On the line: the generator's density on the reference's grid, (400,)."""
        return self.fixed.reference.density(self.fake_line)

    @cached_property
    def distances(self) -> dict[str, float]:
        """On the line: W1 and JSD of the fixed sample to the exact density."""
        return self.fixed.reference.measure(self.fake_line)

    def keep(self, values: dict[str, float]) -> Samples:
        """Adds to the lines over time that are measured once per look, and returns them."""
        line = self.measured.setdefault(tuple(values), Samples(tuple(values), limit=600))
        line.append(self.state.iteration, values)
        return line
