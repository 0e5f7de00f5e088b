"""The multilayer perceptron: what both players are in most small games."""

from __future__ import annotations

import math
from itertools import pairwise
from math import prod

import torch
from torch import nn
from torch.nn import init

from gancore.catalog import knob
from gancore.game.networks.shelf import networks

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
}

SQUASHES = {"linear": None, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def torch_default(weight, bias, generator):
    """What `nn.Linear` does by itself: both uniform within ±1/√fan_in."""
    bound = 1 / math.sqrt(weight.shape[1])
    init.uniform_(weight, -bound, bound, generator=generator)
    init.uniform_(bias, -bound, bound, generator=generator)


def xavier(weight, bias, generator):
    """Glorot & Bengio 2010: variance kept forward and backward; biases 0."""
    init.xavier_uniform_(weight, generator=generator)
    init.zeros_(bias)


def he(weight, bias, generator):
    """He et al. 2015: variance kept through ReLU; biases 0."""
    init.kaiming_normal_(weight, generator=generator)
    init.zeros_(bias)


def small(weight, bias, generator):
    """Radford et al. 2016: normal with standard deviation 0.02; biases 0."""
    init.normal_(weight, std=0.02, generator=generator)
    init.zeros_(bias)


INITS = {"torch": torch_default, "xavier": xavier, "he": he, "normal-0.02": small}


@networks.add
class MLP:
    """Rosenblatt 1958 and his heirs: layers of weighted sums with a bend after each but the last."""

    name = "mlp"
    width: int = knob(32, 1, 2048, log=True, help="Neurons in each hidden layer")
    depth: int = knob(2, 1, 8, help="Hidden layers")
    activation: str = knob("relu", choices=tuple(ACTIVATIONS), help="The bend after each hidden layer")
    init: str = knob("torch", choices=tuple(INITS), advanced=True, help="How the weights start")

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        """A module from (batch, *takes) to (batch, *gives), both flat, its output through `squash`, drawn from `generator`."""
        sizes = [prod(takes)] + [self.width] * self.depth + [prod(gives)]
        layers = []
        for fan_in, fan_out in pairwise(sizes):
            # Its own first weights, from the global stream, are replaced below and leave no trace. (`skip_init` would
            # save drawing them, and loads a symbolic algebra system to do so: most of a second.)
            with torch.random.fork_rng(devices=[]):
                linear = nn.Linear(fan_in, fan_out)
            INITS[self.init](linear.weight, linear.bias, generator)
            layers += [linear, ACTIVATIONS[self.activation]()]
        layers.pop()
        if SQUASHES[squash]:
            layers.append(SQUASHES[squash]())
        return nn.Sequential(*layers)
