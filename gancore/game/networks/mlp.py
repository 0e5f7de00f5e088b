"""The multilayer perceptron: what both players are in most small games."""

from __future__ import annotations

from math import prod

import torch
from torch import nn

from gancore.catalog import knob
from gancore.game.networks.bends import ACTIVATIONS, Residual, dropped, squashed
from gancore.game.networks.crowd import SeesBatch, batch_layer_knob, head, kernels_knob
from gancore.game.networks.first_weights import centre, gain_knob, init_knob, r_knob, start
from gancore.game.networks.shelf import networks
from gancore.seeds import seeded

NORMS = ("none", "batch", "layer")


@networks.add
class MLP(SeesBatch):
    """Rosenblatt 1958 and his heirs: layers of weighted sums with a bend after each but the last."""

    name = "mlp"
    width: int = knob(32, 1, 2048, log=True, help="Neurons in each hidden layer")
    depth: int = knob(2, 1, 8, help="Hidden layers")
    activation: str = knob("relu", choices=tuple(ACTIVATIONS), help="The bend after each hidden layer")
    norm: str = knob(
        "none",
        choices=NORMS,
        advanced=True,
        label="normalisation",
        help="Before each bend: of the batch or of the layer",
    )
    dropout: float = knob(
        0.0, 0.0, 0.9, advanced=True, help="Share of hidden neurons left out at random in each training step"
    )
    residual: bool = knob(False, advanced=True, help="Hidden layers add to what they are given (He et al. 2016)")
    batch_layer: str = batch_layer_knob()
    kernels: int = kernels_knob()
    init: str = init_knob("torch")
    r: float = r_knob(0.05)
    gain: float = gain_knob()
    momentum: float = knob(
        0.1, 0.01, 1.0, advanced=True, help="Share of each batch in the statistics that batch normalisation keeps"
    )
    centred: bool = knob(
        False, advanced=True, help="As G: the last biases start at the mean of the data, as in Goodfellow et al. 2014"
    )

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        # First weights from the global stream are replaced by `start` and leave no trace. (`skip_init` would save
        # drawing them, and loads a symbolic algebra system to do so: most of a second.)
        with seeded():
            fan_in, layers = prod(takes), []
            for _ in range(self.depth):
                layers += self._hidden(fan_in)
                fan_in = self.width
            layers += head(self.batch_layer, fan_in, self.kernels, prod(gives))
            module = nn.Sequential(*layers, *squashed(squash))
        return start(module, self.init, generator, self.r, self.gain)

    def meet(self, module, source, generator) -> None:
        if self.centred:
            centre(module, source.squash, source.sample(10_000, generator).mean(0))

    def _hidden(self, fan_in: int) -> list[nn.Module]:
        # Batch normalisation takes away what a bias before it adds.
        layers = [nn.Linear(fan_in, self.width, bias=self.norm != "batch")]
        if self.norm == "batch":
            layers.append(nn.BatchNorm1d(self.width, momentum=self.momentum))
        elif self.norm == "layer":
            layers.append(nn.LayerNorm(self.width))
        layers += [ACTIVATIONS[self.activation](), *dropped(self.dropout)]
        return [Residual(*layers)] if self.residual and fan_in == self.width else layers
