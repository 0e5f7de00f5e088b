"""One look at a run in motion: what several probes need of it, computed once and only if one of them asks.

Looking never touches training: it has its own z and its own real samples, fixed for the whole run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

import numpy as np
import torch

from gancore import seeds
from gancore.observe.history import Samples
from gancore.observe.metrics.images import Neighbours, Plane
from gancore.observe.metrics.line import Reference

LINE_SAMPLES = 2000  # Fixed z on the line, and with it the sample size of every metric and floor there.
IMAGE_SAMPLES = 256
SCORED = 500  # Samples of each side that D judges at a look.
GRID = 64  # Pictures in a grid of samples, 8 by 8.
THREADS = 41  # Lines from z to x below the density.


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
        self.judged = self.real[:SCORED]  # What D judges at every look, beside G's samples.
        if config.data.page == "line":
            self.reference = reference(config.data)
            grid = torch.from_numpy(self.reference.grid).float()
            self.judged = torch.cat([self.judged, grid[:, None]])
            self.log_p = source.log_prob(grid)
            self.threads = threads(self.z, *self.reference.window)
        else:
            self.plane, self.neighbours = plane(config.data), neighbours(config.data)


def threads(z: torch.Tensor, low: float, high: float) -> tuple[np.ndarray, np.ndarray | None]:
    """Which samples are drawn as lines from z to x, and where these start: z in order, stretched from `low` to `high`.

    Where z has many numbers there is no place for it on an axis, and the second part is None.
    """
    if z.shape[1] > 1:
        return np.arange(3 * THREADS), None
    rows = z[:, 0].argsort()[:: len(z) // THREADS].numpy()
    start = z[rows, 0].numpy()
    return rows, low + (high - low) * (start - start[0]) / max(start[-1] - start[0], 1e-12)


class Look:
    """A moment: the trainer as it stands, through the eyes of the fixed samples."""

    def __init__(self, trainer, fixed: Fixed, history, measured, measuring: bool = True):
        """`history` holds every iteration's scalars, `measured` what is measured at looks that are `measuring`."""
        self.trainer, self.fixed, self.history = trainer, fixed, history
        self.measured, self.measuring = measured, measuring
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
    def judged(self) -> tuple[torch.Tensor, ...]:
        """D's raw outputs on the fixed real samples (n,), on the grid of a line (m,), on G of the fixed z (n,).

        n is at most `SCORED`. One call for all, unless D's layers let samples see each other: the call is the cost.
        """
        parts = [self.fixed.judged, self.fake[:SCORED]]
        if self.game.together:
            said = self.game.judge(self.state, torch.cat(parts))
        else:
            parts[:1] = self.fixed.judged[:SCORED], self.fixed.judged[SCORED:]
            said = torch.cat([self.game.judge(self.state, part) for part in parts if len(part)])
        n = min(SCORED, len(self.fixed.real))
        return said.split([n, len(said) - 2 * n, n])

    @property
    def on_real(self) -> torch.Tensor:
        return self.judged[0]

    @property
    def on_grid(self) -> torch.Tensor:
        return self.judged[1]

    @property
    def on_fake(self) -> torch.Tensor:
        return self.judged[2]

    @cached_property
    def p_g(self) -> np.ndarray:
        """On the line: the generator's density on the reference's grid, (400,)."""
        return self.fixed.reference.density(self.fake_line)

    @cached_property
    def distances(self) -> dict[str, float]:
        """On the line: W1 and JSD of the fixed sample to the exact density."""
        return self.fixed.reference.measure(self.fake_line)

    def keep(self, names: tuple[str, ...], measure: Callable[[], Iterable[float]]) -> Samples:
        """The lines over time of what is measured now and then. Adds what `measure()` gives now, if this look measures."""
        line = self.measured.setdefault(names, Samples(names, limit=400))
        if self.measuring or not len(line):
            line.append(self.state.iteration, dict(zip(names, measure())))
        return line
