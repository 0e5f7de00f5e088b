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


@noise.add
class Bernoulli:
    """Brock et al. 2019 (BigGAN), appendix E: each number is 0 or 1; few numbers then make few different samples."""

    name = "bernoulli"
    dim: int = dimension()
    p: float = knob(0.5, 0.01, 0.99, help="Share of ones")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return (torch.rand(n, self.dim, generator=generator) < self.p).float()


@noise.add
class Spherical:
    """White 2016, Karras et al. 2018: z even on a sphere, where nearly all of a normal's mass lies in many dimensions."""

    name = "spherical"
    dim: int = dimension()
    radius: float = knob(1.0, 0.1, 20.0, log=True, help="Of the sphere; two points if z is one number")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return self.radius * torch.nn.functional.normalize(torch.randn(n, self.dim, generator=generator))


@noise.add
class Stratified:
    """Blog posts of 2016 (E. Jang; AYLIEN): each batch evenly spaced, in order, with a little jitter. Historic.

    Draws of a batch know of each other, so that on the line G is handed a monotone map. Where z has more numbers, each
    of them is spread as evenly, and all but the first are shuffled (McKay et al. 1979: Latin hypercube).
    """

    name = "stratified"
    ordered = True  # The first rows of a batch are not a sample of it.
    dim: int = dimension()
    reach: float = knob(5.0, 0.1, 20.0, help="Spaced from minus this to this")
    jitter: float = knob(0.01, 0.0, 1.0, help="Width of the uniform noise added to each number")

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        even = torch.linspace(-self.reach, self.reach, n)
        shuffled = [even[torch.randperm(n, generator=generator)] for _ in range(self.dim - 1)]
        return torch.stack([even, *shuffled], 1) + self.jitter * torch.rand(n, self.dim, generator=generator)


@noise.add
class Point:
    """Mescheder et al. 2018 (Dirac-GAN): no noise at all; every z is 1, and G is as many numbers as it gives out."""

    name = "point"
    dim: int = dimension()

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.ones(n, self.dim)
