"""The smallest player: one weight."""

from __future__ import annotations

from math import prod

import torch
from torch import nn
from torch.nn import init

from gancore.catalog import BadKnob, knob
from gancore.game.networks.bends import squashed
from gancore.game.networks.shelf import Network, networks
from gancore.seeds import seeded


@networks.add
class Dirac(Network):
    """Mescheder et al. 2018: one weight and no bias, so that a whole game is a point in the plane that moves."""

    name = "dirac"
    start: float = knob(1.0, -10.0, 10.0, help="The weight before the first move")

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        if (prod(takes), prod(gives)) != (1, 1):
            raise BadKnob(f"dirac cannot go from {takes} to {gives}: {NEEDS}")
        with seeded():
            weight = nn.Linear(1, 1, bias=False)
        init.constant_(weight.weight, self.start)
        return nn.Sequential(weight, *squashed(squash))

    def refuses(self, config) -> str | None:
        inputs = config.noise.dim if self is config.g else 1
        return None if config.data.page in ("line", "dynamics") and inputs == 1 else NEEDS


NEEDS = "this network is one weight: give data of one number, such as normal, and noise.dim = 1"
