"""How weights start: every draw comes from the generator that is given."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import init

from gancore.catalog import knob

LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def torch_default(layer, generator, r, gain) -> None:
    """What PyTorch's layers do by themselves: weights and biases uniform within ±1/√fan_in."""
    bound = 1 / math.sqrt(layer.weight[0].numel())
    for tensor in layer.parameters(recurse=False):
        init.uniform_(tensor, -bound, bound, generator=generator)


def xavier(layer, generator, r, gain) -> None:
    """Glorot & Bengio 2010: variance kept forward and backward."""
    init.xavier_uniform_(layer.weight, generator=generator)


def he(layer, generator, r, gain) -> None:
    """He et al. 2015: variance kept through ReLU."""
    init.kaiming_normal_(layer.weight, generator=generator)


def small(layer, generator, r, gain) -> None:
    """Radford et al. 2016: normal with standard deviation 0.02."""
    init.normal_(layer.weight, std=0.02, generator=generator)


def uniform(layer, generator, r, gain) -> None:
    """Goodfellow et al. 2014: uniform within ±r."""
    init.uniform_(layer.weight, -r, r, generator=generator)


def orthogonal(layer, generator, r, gain) -> None:
    """Saxe et al. 2014: a rotation times a gain, so that lengths are kept."""
    init.orthogonal_(layer.weight, gain, generator=generator)


INITS = {
    "torch": torch_default,
    "xavier": xavier,
    "he": he,
    "normal-0.02": small,
    "uniform": uniform,
    "orthogonal": orthogonal,
}


def init_knob(default: str):
    """The knob of every network that can start in more than one way."""
    return knob(default, choices=tuple(INITS), advanced=True, help="How the weights start")


def r_knob(default: float):
    return knob(
        default, 0.0001, 1.0, log=True, advanced=True, label="±r", help="Edge of the weights at a uniform start"
    )


def gain_knob():
    return knob(1.0, 0.1, 5.0, advanced=True, help="Factor on the weights at an orthogonal start")


def start(module: nn.Module, how: str, generator: torch.Generator, r: float = 0.05, gain: float = 1.0) -> nn.Module:
    """The module with its weights drawn anew, layer by layer; biases at 0, unless the way of starting draws them too."""
    for layer in module.modules():
        if isinstance(layer, LAYERS):
            if layer.bias is not None:
                init.zeros_(layer.bias)
            INITS[how](layer, generator, r, gain)
    return module


HALF = 1 / 510  # half a grey level: pixels that are never lit would ask for a bias of minus infinity
UNDO = {
    "linear": lambda mean: mean,
    "sigmoid": lambda mean: mean.clamp(HALF, 1 - HALF).logit(),
    "tanh": lambda mean: mean.clamp(2 * HALF - 1, 1 - 2 * HALF).atanh(),
}


def centre(module: nn.Module, squash: str, mean: Tensor) -> None:
    """Sets the last biases such that the network gives `mean`, (prod(gives),), where its last weights add nothing."""
    last = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]
    with torch.no_grad():
        last.bias.copy_(UNDO[squash](mean))
