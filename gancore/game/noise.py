"""Noise priors p(z): what the generator is fed."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gancore.catalog import BadKnob, Catalog, knob

noise = Catalog("noise")


def dimension():
    """The knob every prior has."""
    return knob(1, 1, 256, label="dimension", help="Numbers in one z")


@noise.add
class Uniform:
    """Goodfellow et al. 2014: z uniform in a cube; unit variance at ±√3, [-1, 1] in many later recipes."""

    name = "uniform"
    dim: int = dimension()
    low: float = knob(-1.0, -10.0, 10.0, help="Left edge")
    high: float = knob(1.0, -10.0, 10.0, help="Right edge")

    def check(self):
        if self.low >= self.high:
            raise BadKnob(f"low = {self.low}, high = {self.high} cannot be used: give a low below the high")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return self.low + (self.high - self.low) * torch.rand(n, self.dim, generator=generator)


@noise.add
class Normal:
    """The common prior, that of Kingma & Welling 2014: z standard normal times a spread."""

    name = "normal"
    dim: int = dimension()
    std: float = knob(1.0, 0.01, 10.0, log=True, help="Standard deviation of each number")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return self.std * torch.randn(n, self.dim, generator=generator)


@noise.add
class TruncatedNormal:
    """Brock et al. 2019: a normal whose tails are cut; less variety, fewer strays."""

    name = "truncated-normal"
    dim: int = dimension()
    bound: float = knob(2.0, 0.1, 5.0, help="Cut at this many standard deviations")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        # The inverse of the normal's distribution function on the uniform slice that stays: exact, no rejection.
        edge = 0.5 * (1 + math.erf(-self.bound / math.sqrt(2)))
        inside = edge + (1 - 2 * edge) * torch.rand(n, self.dim, generator=generator)
        return torch.special.ndtri(inside).clamp(-self.bound, self.bound)


@noise.add
class Mixture:
    """Xiao et al. 2018 (BourGAN): a prior that has modes itself, so that the generator need not tear space apart."""

    name = "mixture"
    dim: int = dimension()
    components: int = knob(2, 2, 32, help="Number of bells, evenly spaced on a circle (on the line if z is one number)")
    radius: float = knob(2.0, 0.0, 10.0, help="Distance of the outermost bell from 0")
    spread: float = knob(0.5, 0.01, 5.0, log=True, help="Standard deviation of each bell")

    def centres(self) -> Tensor:
        """Centres of the bells, shape (components, dim)."""
        centres = torch.zeros(self.components, self.dim)
        if self.dim == 1:
            centres[:, 0] = torch.linspace(-self.radius, self.radius, self.components)
        else:
            turn = 2 * math.pi * torch.arange(self.components) / self.components
            centres[:, 0], centres[:, 1] = self.radius * torch.cos(turn), self.radius * torch.sin(turn)
        return centres

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        bell = torch.randint(self.components, (n,), generator=generator)
        return self.centres()[bell] + self.spread * torch.randn(n, self.dim, generator=generator)
