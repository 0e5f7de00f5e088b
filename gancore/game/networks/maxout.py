"""Maxout: units that are the largest of several weighted sums, left out at random."""

from __future__ import annotations

from math import prod

import torch
from torch import nn

from gancore.catalog import knob
from gancore.game.networks.bends import LargestPiece, dropped, squashed
from gancore.game.networks.crowd import SeesBatch, batch_layer_knob, head, kernels_knob
from gancore.game.networks.first_weights import init_knob, r_knob, start
from gancore.game.networks.shelf import networks
from gancore.seeds import seeded


@networks.add
class Maxout(SeesBatch):
    """Goodfellow et al. 2013, and D of Goodfellow et al. 2014: units learn their bend, dropout keeps them from conspiring."""

    name = "maxout"
    width: int = knob(240, 1, 2048, log=True, help="Units in each hidden layer")
    pieces: int = knob(5, 2, 10, help="Weighted sums of which a unit is the largest")
    depth: int = knob(2, 1, 8, help="Hidden layers")
    dropout_in: float = knob(
        0.2, 0.0, 0.9, label="dropout, inputs", help="Share of inputs left out at random in each training step"
    )
    dropout: float = knob(
        0.5, 0.0, 0.9, label="dropout, hidden", help="Share of units left out at random in each training step"
    )
    batch_layer: str = batch_layer_knob()
    kernels: int = kernels_knob()
    init: str = init_knob("uniform")
    r: float = r_knob(0.005)

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        with seeded():
            fan_in, layers = prod(takes), dropped(self.dropout_in)
            for _ in range(self.depth):
                sums = nn.Linear(fan_in, self.pieces * self.width)
                layers += [sums, LargestPiece(self.pieces), *dropped(self.dropout)]
                fan_in = self.width
            layers += head(self.batch_layer, fan_in, self.kernels, prod(gives))
            module = nn.Sequential(*layers, *squashed(squash))
        return start(module, self.init, generator, self.r)
