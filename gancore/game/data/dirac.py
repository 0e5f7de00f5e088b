"""All real mass at one number: the real side of the smallest game."""

from __future__ import annotations

import torch
from torch import Tensor

from gancore.catalog import knob
from gancore.game.data.shelf import data


@data.add
class Dirac:
    """Mescheder et al. 2018: every real sample is the same number; with one number for each player, games have formulas."""

    name = "dirac"
    page = "dynamics"
    title = "One point"
    shape = (1,)
    squash = "linear"
    scale = 1.0
    at: float = knob(0.0, -10.0, 10.0, help="Where all real samples are")

    def open(self, report=None):
        """Nothing to load: the point is its own source."""
        return self

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` times the same number, shape (n, 1), float32."""
        return torch.full((n, 1), self.at)
