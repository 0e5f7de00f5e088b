"""What a brush has painted: the same ink at every point of a stroke, each point blurred."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gancore.catalog import knob
from gancore.game.data.plane import Plane, around, blurred
from gancore.game.data.shelf import data

# A hand drawn wave, to start with.
WAVE = tuple((round(i / 10 - 1.5, 3), round(0.6 * math.sin(2.1 * (i / 10 - 1.5)), 3)) for i in range(31))


@data.add
class Painted(Plane):
    """Rosenblatt 1956, Parzen 1962: a density from points, each a small bell; paint the points with the brush."""

    name = "painted"
    title = "Painted"
    points: tuple = knob(WAVE, columns=("x", "y"), rows=200, live=True, help="One row per point of a stroke")
    sigma: float = knob(
        0.05, 0.001, 2.0, log=True, live=True, help="Width of the brush: standard deviation at each point"
    )

    @property
    def window(self):
        low, high = ([end(at) for at in zip(*self.points)] for end in (min, max))
        return around([a - 5 * self.sigma for a in low], [b + 5 * self.sigma for b in high])

    @property
    def scale(self):
        return (torch.tensor(self.points).var(0, correction=0).mean() + self.sigma**2).sqrt().item()

    def sample(self, n, generator):
        row = torch.randint(len(self.points), (n,), generator=generator)
        return blurred(torch.tensor(self.points)[row], self.sigma, generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p in nats at points (..., 2), shape (...)."""
        points, total = torch.tensor(self.points, dtype=x.dtype), []
        for part in x.reshape(-1, 2).split(4096):  # a whole grid times all points would fill the memory
            away = (part[:, :1] - points[:, 0]).square_() + (part[:, 1:] - points[:, 1]).square_()
            total.append(away.div_(-2 * self.sigma**2).logsumexp(1))
        return torch.cat(total).reshape(x.shape[:-1]) - math.log(len(points) * 2 * math.pi * self.sigma**2)
