"""Densities on the line, known exactly: what the 1-D toy of Goodfellow et al. 2014 (Figure 1) is played on."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gancore.catalog import BadKnob, knob
from gancore.game.data.shelf import data


class Line:
    """A density on the line. Subclasses give `sample`, `log_prob`, `window` (what charts show) and `scale` (sigma)."""

    page = "line"
    shape = (1,)
    squash = "linear"
    heavy_tailed = False

    def open(self, report=None):
        """Nothing to load: the density is its own source."""
        return self

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` independent draws, shape (n, 1), float32."""
        raise NotImplementedError

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats, same shape as `x`; -inf outside the support."""
        raise NotImplementedError


def mixture_log_prob(x: Tensor, modes) -> Tensor:
    """log density of a mixture of normals with rows (weight, mean, spread); weights need not sum to one."""
    weight, mean, spread = torch.tensor(modes, dtype=x.dtype).T
    each = (
        torch.log(weight / weight.sum())
        - ((x[..., None] - mean) / spread) ** 2 / 2
        - torch.log(spread * math.sqrt(2 * math.pi))
    )
    return each.logsumexp(-1)


def mixture_sample(n: int, modes, generator: torch.Generator) -> Tensor:
    """`n` draws from a mixture of normals with rows (weight, mean, spread), shape (n, 1)."""
    weight, mean, spread = torch.tensor(modes).T
    row = torch.multinomial(weight, n, replacement=True, generator=generator)
    return (mean[row] + spread[row] * torch.randn(n, generator=generator))[:, None]


class NormalModes(Line):
    """Shared by everything that is a mixture of normals: `modes` are rows (weight, mean, spread)."""

    @property
    def window(self) -> tuple[float, float]:
        return min(m - 5 * s for _, m, s in self.modes), max(m + 5 * s for _, m, s in self.modes)

    @property
    def scale(self) -> float:
        total = sum(w for w, _, _ in self.modes)
        mean = sum(w * m for w, m, _ in self.modes) / total
        return math.sqrt(sum(w * (s * s + (m - mean) ** 2) for w, m, s in self.modes) / total)

    def sample(self, n, generator):
        return mixture_sample(n, self.modes, generator)

    def log_prob(self, x):
        return mixture_log_prob(x, self.modes)


@data.add
class Normal(NormalModes):
    """Goodfellow et al. 2014, Figure 1: one bell, the first thing a GAN should learn."""

    name = "normal"
    title = "Normal"
    mean: float = knob(4.0, -20.0, 20.0, help="Centre of the bell")
    std: float = knob(0.5, 0.05, 10.0, log=True, help="Standard deviation of the bell")

    @property
    def modes(self):
        return ((1.0, self.mean, self.std),)

    def sample(self, n, generator):
        return self.mean + self.std * torch.randn(n, 1, generator=generator)


@data.add
class TwoNormals(NormalModes):
    """Two bells with a gap between them (Berard et al. 2020 use -2 and 2): will the generator find both?"""

    name = "two-normals"
    title = "Two normals"
    left: float = knob(-2.0, -20.0, 20.0, help="Centre of the left bell")
    right: float = knob(2.0, -20.0, 20.0, help="Centre of the right bell")
    std: float = knob(0.5, 0.05, 10.0, log=True, help="Standard deviation of both bells")
    share: float = knob(0.5, 0.01, 0.99, help="Share of the mass in the left bell")

    @property
    def modes(self):
        return ((self.share, self.left, self.std), (1 - self.share, self.right, self.std))


@data.add
class Mixture(NormalModes):
    """Pearson 1894: any mixture of normals, row by row; the line's own test bench for dropped modes."""

    name = "mixture"
    title = "Mixture of normals"
    modes: tuple = knob(
        ((0.3, -4.0, 0.5), (0.4, 0.0, 0.8), (0.3, 4.0, 0.3)), help="One row per mode: weight, mean, spread"
    )


@data.add
class Uniform(Line):
    """A box, as Nagarajan & Kolter 2017 play on: hard edges, which a smooth generator must cut sharply."""

    name = "uniform"
    title = "Uniform"
    low: float = knob(-1.0, -20.0, 20.0, help="Left edge")
    high: float = knob(1.0, -20.0, 20.0, help="Right edge")

    def check(self):
        if self.low >= self.high:
            raise BadKnob(f"low = {self.low}, high = {self.high} cannot be used: give a low below the high")

    @property
    def window(self):
        margin = (self.high - self.low) / 2
        return self.low - margin, self.high + margin

    @property
    def scale(self):
        return (self.high - self.low) / math.sqrt(12)

    def sample(self, n, generator):
        return self.low + (self.high - self.low) * torch.rand(n, 1, generator=generator)

    def log_prob(self, x):
        inside = (x >= self.low) & (x <= self.high)
        return torch.where(inside, -math.log(self.high - self.low), -torch.inf).to(x.dtype)


@data.add
class Exponential(Line):
    """A wall on one side, a tail on the other: GANs miss supports with edges (Rege & Monteleoni 2019)."""

    name = "exponential"
    title = "Exponential"
    rate: float = knob(1.0, 0.05, 20.0, log=True, help="Decay rate; the mean is 1/rate")

    @property
    def window(self):
        return -1.5 / self.rate, 7.0 / self.rate

    @property
    def scale(self):
        return 1 / self.rate

    def sample(self, n, generator):
        return -torch.log1p(-torch.rand(n, 1, generator=generator)) / self.rate

    def log_prob(self, x):
        return torch.where(x >= 0, math.log(self.rate) - self.rate * x, -torch.inf)


@data.add
class Cauchy(Line):
    """Oriol & Miot 2021: tails that no generator of light-tailed noise can follow. W1 is taken on the window shown."""

    name = "cauchy"
    title = "Cauchy"
    heavy_tailed = True
    loc: float = knob(0.0, -20.0, 20.0, help="Centre")
    spread: float = knob(0.5, 0.05, 10.0, log=True, help="Half width at half height")

    @property
    def window(self):
        return self.loc - 12 * self.spread, self.loc + 12 * self.spread

    @property
    def scale(self):
        return self.spread

    def sample(self, n, generator):
        return self.loc + self.spread * torch.tan(math.pi * (torch.rand(n, 1, generator=generator) - 0.5))

    def log_prob(self, x):
        return -torch.log(math.pi * self.spread * (1 + ((x - self.loc) / self.spread) ** 2))
