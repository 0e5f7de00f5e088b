"""Curves and areas in the plane: supports with gaps, bends and hard edges, which a smooth generator must follow."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gancore.catalog import BadKnob, knob
from gancore.game.data.plane import Plane, blurred, turned
from gancore.game.data.shelf import data


def spread(default: float):
    """The knob of everything that is a curve with a blur."""
    return knob(default, 0.001, 1.0, log=True, live=True, help="Spread across the curve")


def evenly(n: int, generator: torch.Generator) -> Tensor:
    """`n` draws from [0, 1)."""
    return torch.rand(n, generator=generator)


def among(count: int, n: int, generator: torch.Generator) -> Tensor:
    """`n` draws from 0..count - 1."""
    return torch.randint(count, (n,), generator=generator)


@data.add
class Spiral(Plane):
    """Lang & Witbrock 1988: arms that wind around each other; near in the plane is not near along the curve."""

    name = "spiral"
    title = "Spiral"
    arms: int = knob(2, 1, 6, live=True, help="Arms")
    turns: float = knob(1.5, 0.25, 4.0, live=True, help="Times that each arm goes around")
    sigma: float = spread(0.02)

    def sample(self, n, generator):
        # The root makes the mass even along an arm, whose length grows with the square of the angle.
        along = evenly(n, generator).sqrt()
        start = 2 * math.pi * among(self.arms, n, generator) / self.arms
        return blurred(turned(along, start + 2 * math.pi * self.turns * along), self.sigma, generator)


@data.add
class TwoMoons(Plane):
    """Zhou et al. 2004: two half circles that reach into each other without touching."""

    name = "two-moons"
    title = "Two moons"
    sigma: float = spread(0.05)

    def sample(self, n, generator):
        x = turned(torch.ones(n), math.pi * evenly(n, generator)) - torch.tensor([0.5, 0.25])
        lower = among(2, n, generator).bool()
        return blurred(torch.where(lower[:, None], -x, x), self.sigma, generator)


@data.add
class SwissRoll(Plane):
    """Marsland 2009, as Gulrajani et al. 2017 (WGAN-GP) play on: one long curve, rolled up, denser within."""

    name = "swiss-roll"
    title = "Swiss roll"
    sigma: float = spread(0.033)

    def sample(self, n, generator):
        angle = 1.5 * math.pi * (1 + 2 * evenly(n, generator))
        return blurred(turned(angle / 7.5, angle), self.sigma, generator)


@data.add
class Rings(Plane):
    """Ng, Jordan & Weiss 2002: circles within circles, whose holes a connected generator cannot leave quite empty."""

    name = "rings"
    title = "Rings"
    count: int = knob(2, 1, 5, live=True, help="Circles, of equal mass, their radii in equal steps up to 1")
    sigma: float = spread(0.05)

    def sample(self, n, generator):
        radius = (among(self.count, n, generator) + 1) / self.count
        return blurred(turned(radius, 2 * math.pi * evenly(n, generator)), self.sigma, generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p in nats at points (..., 2). A blurred circle is Rice's law (1945) in the radius, turned around."""
        r = x.norm(dim=-1)[..., None]
        radius = torch.arange(1, self.count + 1, dtype=x.dtype) / self.count
        variance = self.sigma**2
        rice = torch.log(torch.special.i0e(r * radius / variance)) - (r - radius) ** 2 / (2 * variance)
        return rice.logsumexp(-1) - math.log(2 * math.pi * variance * self.count)


@data.add
class Segment(Plane):
    """Kahng et al. 2019 (GAN Lab): a line; mass on a thin support, as pictures have in pixel space."""

    name = "segment"
    title = "Line"
    length: float = knob(2.0, 0.1, 10.0, log=True, live=True, help="From end to end, its middle at 0")
    angle: float = knob(30.0, -90.0, 90.0, live=True, help="Degrees up from the x-axis")
    sigma: float = spread(0.02)

    @property
    def along(self) -> Tensor:
        """The unit vector from end to end, (2,) float64."""
        turn = math.radians(self.angle)
        return torch.tensor([math.cos(turn), math.sin(turn)], dtype=torch.float64)

    def sample(self, n, generator):
        at = self.length * (evenly(n, generator) - 0.5)
        return blurred(at[:, None] * self.along.float(), self.sigma, generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p in nats at points (..., 2): a box with blurred ends along the line, a bell across it."""
        u = self.along.to(x.dtype)
        along, across = x @ u, x @ torch.stack([-u[1], u[0]])
        near, far = (
            torch.special.log_ndtr((end - along.abs()) / self.sigma) for end in (self.length / 2, -self.length / 2)
        )
        box = (
            near + torch.log1p(-torch.exp(far - near)) - math.log(self.length)
        )  # log(Φ(near end) - Φ(far end)) / length
        bell = -((across / self.sigma) ** 2) / 2 - math.log(self.sigma * math.sqrt(2 * math.pi))
        return box + bell


@data.add
class Disjoint(Plane):
    """Kahng et al. 2019 (GAN Lab): two islands of even mass with nothing between; a continuous G has to draw a bridge."""

    name = "disjoint"
    title = "Two islands"
    gap: float = knob(1.0, 0.0, 10.0, live=True, help="Width of the empty space between them")
    radius: float = knob(0.5, 0.05, 5.0, log=True, live=True, help="Of each island")

    def sample(self, n, generator):
        disc = turned(self.radius * evenly(n, generator).sqrt(), 2 * math.pi * evenly(n, generator))
        side = 2 * among(2, n, generator) - 1
        return disc + side[:, None] * torch.tensor([self.radius + self.gap / 2, 0.0])

    def log_prob(self, x: Tensor) -> Tensor:
        """log p in nats at points (..., 2); -inf off the islands."""
        from_middle = torch.stack([x[..., 0].abs() - self.radius - self.gap / 2, x[..., 1]], -1).norm(dim=-1)
        return torch.where(from_middle <= self.radius, -math.log(2 * math.pi * self.radius**2), -torch.inf).to(x.dtype)


@data.add
class Checkerboard(Plane):
    """Grathwohl et al. 2019 (FFJORD): every other square of a board; edges and corners everywhere."""

    name = "checkerboard"
    title = "Checkerboard"
    cells: int = knob(4, 2, 10, live=True, help="Squares along each side of the board")
    half: float = knob(2.0, 0.1, 10.0, log=True, live=True, help="Half the width of the board")

    def check(self):
        if self.cells % 2:
            raise BadKnob(f"cells = {self.cells} cannot be used: give an even number, so that every row has as many")

    def sample(self, n, generator):
        column, pair = among(self.cells, n, generator), among(self.cells // 2, n, generator)
        corner = torch.stack([column, 2 * pair + column % 2], 1)
        return 2 * self.half * (corner + torch.rand(n, 2, generator=generator)) / self.cells - self.half

    def log_prob(self, x: Tensor) -> Tensor:
        """log p in nats at points (..., 2); -inf off the dark squares."""
        column, row = ((x + self.half) * self.cells / (2 * self.half)).floor().unbind(-1)
        inside = (x.abs().amax(-1) < self.half) & ((column + row) % 2 == 0)
        return torch.where(inside, -math.log(2 * self.half**2), -torch.inf).to(x.dtype)


@data.add
class Pinwheel(Plane):
    """Johnson et al. 2016: bells stretched outward and twisted; each blade is one mode, none of them is round."""

    name = "pinwheel"
    title = "Pinwheel"
    blades: int = knob(5, 1, 10, live=True, help="Blades, of equal mass")
    twist: float = knob(0.25, -2.0, 2.0, live=True, help="How fast a blade turns on its way out")
    radial: float = knob(0.3, 0.01, 1.0, log=True, live=True, help="Spread along a blade")
    tangential: float = knob(0.1, 0.01, 1.0, log=True, live=True, help="Spread across a blade")

    def sample(self, n, generator):
        out, across = torch.randn(2, n, generator=generator) * torch.tensor([[self.radial], [self.tangential]])
        angle = 2 * math.pi * among(self.blades, n, generator) / self.blades + self.twist * torch.exp(1 + out)
        cos, sin = torch.cos(angle), torch.sin(angle)
        return torch.stack([(1 + out) * cos - across * sin, (1 + out) * sin + across * cos], 1)
