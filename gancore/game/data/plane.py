"""Mixtures of bells in the plane, known exactly: the benchmarks on which dropped modes are counted."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from gancore import seeds
from gancore.catalog import knob, knobs
from gancore.game.data.shelf import data

Window = tuple[tuple[float, float], tuple[float, float]]  # ((low, high) of x, (low, high) of y)

MEASURED = 4096  # Draws by which a source without a formula for it is framed.


class Plane:
    """A law in the plane. Subclasses give `sample`; where it is known `log_prob`, where it has bells `modes`.

    One may take the place of another while the game is played, and so may one with other knobs.
    """

    page = "plane"
    swaps = True
    shape = (2,)
    squash = "linear"

    def open(self, report=None):
        """Nothing to load: the law is its own source."""
        return self

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` independent draws, shape (n, 2), float32."""
        raise NotImplementedError

    @property
    def window(self) -> Window:
        """What charts show: nearly all of the mass, and room around it for what goes astray."""
        low, high = _measured(self)[:2]
        return around(low, high)

    @property
    def scale(self) -> float:
        """Standard deviation of a coordinate: the root of the mean of both variances."""
        return _measured(self)[2]


@lru_cache(maxsize=256)
def _measured(law: Plane) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    x = law.sample(MEASURED, seeds.stream(0, "window"))
    low, high = x.quantile(0.001, dim=0), x.quantile(0.999, dim=0)
    return tuple(low.tolist()), tuple(high.tolist()), x.var(0).mean().sqrt().item()


def around(low, high) -> Window:
    """A window a third wider than from `low` to `high`, with the same room on all four sides."""
    room = max((b - a) / 6 for a, b in zip(low, high)) or 1.0
    return tuple((a - room, b + room) for a, b in zip(low, high))


def turned(radius: Tensor, angle: Tensor) -> Tensor:
    """Points (n, 2) at these distances and angles from 0."""
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1)


def blurred(x: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
    """The points `x` (n, 2), each moved by a normal of spread `sigma` in every direction."""
    return x + sigma * torch.randn(x.shape, generator=generator)


class Bells(Plane):
    """Round normals: `modes` are rows (weight, x, y, sigma), whose weights need not sum to one."""

    @property
    def window(self):
        low = [min(m[i] - 5 * m[3] for m in self.modes) for i in (1, 2)]
        high = [max(m[i] + 5 * m[3] for m in self.modes) for i in (1, 2)]
        return around(low, high)

    @property
    def scale(self):
        weight, x, y, sigma = torch.tensor(self.modes, dtype=torch.float64).T
        share, place = weight / weight.sum(), torch.stack([x, y])
        spread = (share * (place - (share * place).sum(1, keepdim=True)) ** 2).sum(1).mean()
        return (spread + (share * sigma**2).sum()).sqrt().item()

    def sample(self, n, generator):
        weight, x, y, sigma = torch.tensor(self.modes).T
        row = torch.multinomial(weight, n, replacement=True, generator=generator)
        return torch.stack([x[row], y[row]], 1) + sigma[row, None] * torch.randn(n, 2, generator=generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p in nats at points (..., 2), shape (...)."""
        weight, *place, sigma = torch.tensor(self.modes, dtype=x.dtype).T
        away = (x[..., None, :] - torch.stack(place, 1)).square().sum(-1)  # (..., modes)
        each = torch.log(weight / weight.sum()) - away / (2 * sigma**2) - torch.log(2 * math.pi * sigma**2)
        return each.logsumexp(-1)


@data.add
class Ring(Bells):
    """Metz et al. 2017, Srivastava et al. 2017 (VEEGAN): bells on a circle; the first test of whether modes are dropped."""

    name = "ring"
    title = "Ring of 8"
    count: int = knob(8, 1, 32, live=True, help="Bells, evenly spaced")
    radius: float = knob(1.0, 0.1, 10.0, log=True, live=True, help="Distance of each bell from the middle")
    sigma: float = knob(0.01, 0.001, 2.0, log=True, live=True, help="Standard deviation of each bell")
    imbalance: float = knob(
        1.0,
        1.0,
        1000.0,
        log=True,
        live=True,
        help="Weight of the heaviest bell over the lightest; even steps of ratio between",
    )

    @property
    def modes(self):
        # By 1/count of the circle: 8 angles from 0 to 2π with both ends taken, as in some published code, are only 7.
        turn = [2 * math.pi * i / self.count for i in range(self.count)]
        weight = [self.imbalance ** (-i / max(self.count - 1, 1)) for i in range(self.count)]
        return tuple(
            (w, self.radius * math.cos(a), self.radius * math.sin(a), self.sigma) for w, a in zip(weight, turn)
        )


@data.add
class Grid(Bells):
    """Srivastava et al. 2017 (VEEGAN), Lin et al. 2018 (PacGAN): 25 bells in rows; modes are many and neighbours close."""

    name = "grid"
    title = "Grid of 25"
    side: int = knob(5, 2, 10, live=True, help="Bells along each side")
    spacing: float = knob(2.0, 0.1, 10.0, log=True, live=True, help="Distance between neighbours")
    sigma: float = knob(0.05, 0.001, 2.0, log=True, live=True, help="Standard deviation of each bell")

    @property
    def modes(self):
        at = [self.spacing * (i - (self.side - 1) / 2) for i in range(self.side)]
        return tuple((1.0, x, y, self.sigma) for y in at for x in at)


@data.add
class PlaneMixture(Bells):
    """Pearson 1894, in the plane: bells of your own, each with its weight, place and spread."""

    name = "plane-mixture"
    title = "Bells of your own"
    modes: tuple = knob(
        ((0.5, -1.0, 0.0, 0.2), (0.3, 1.0, 1.0, 0.1), (0.2, 1.0, -1.0, 0.3)),
        columns=("weight", "x", "y", "sigma"),
        live=True,
        help="One row per bell: weight, place, spread",
    )

    @classmethod
    def inherits(cls, old) -> dict:
        """Bells that are known stay where they are, to be moved from there."""
        return {"modes": old.modes} if isinstance(old, Bells) and len(old.modes) <= knobs(cls)[0].rows else {}
