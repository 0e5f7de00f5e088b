"""A small residual network without normalisation."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import nn
from torch.nn import init

from gancore.catalog import knob
from gancore.game.networks.bends import Residual, squashed
from gancore.game.networks.crowd import SeesBatch, batch_layer_knob, head, kernels_knob
from gancore.game.networks.first_weights import start
from gancore.game.networks.pictures import draws_pictures, needs_pictures, sides
from gancore.game.networks.shelf import networks
from gancore.seeds import seeded

GROUP = 16  # channels that one group of a grouped convolution sees, as in Huang et al. 2024


@networks.add
class ResNet(SeesBatch):
    """Huang et al. 2024 (R3GAN), in small: residual blocks that start as the identity and need no normalisation."""

    name = "resnet"
    channels: int = knob(16, 8, 256, log=True, help="Channels at every side")
    blocks: int = knob(1, 1, 4, help="Residual blocks at each side")
    batch_layer: str = batch_layer_knob()
    kernels: int = kernels_knob()

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        with seeded():
            if draws_pictures(self.name, takes, gives):
                layers = self._generator(prod(takes), *gives[:2])
            else:
                layers = self._discriminator(*takes[:2], prod(gives))
            module = nn.Sequential(*layers, *squashed(squash))
        return fixed_up(start(module, "he", generator))

    def refuses(self, config) -> str | None:
        return needs_pictures(config) or super().refuses(config)

    def _generator(self, z: int, colours: int, side: int) -> list[nn.Module]:
        smallest, *larger = sides(side)[::-1]
        layers = [nn.Linear(z, self.channels * smallest**2), nn.Unflatten(1, (self.channels, smallest, smallest))]
        layers += self._blocks()
        for large in larger:
            layers += [nn.Upsample(size=(large, large), mode="bilinear"), *self._blocks()]
        return [*layers, nn.Conv2d(self.channels, colours, 1), nn.Flatten()]

    def _discriminator(self, colours: int, side: int, gives: int) -> list[nn.Module]:
        layers = [nn.Unflatten(1, (colours, side, side)), nn.Conv2d(colours, self.channels, 1)]
        for _, small in pairwise(sides(side)):
            layers += [*self._blocks(), nn.AdaptiveAvgPool2d(small)]
        layers += [*self._blocks(), nn.Flatten()]
        return [*layers, *head(self.batch_layer, self.channels * small**2, self.kernels, gives)]

    def _blocks(self) -> list[nn.Module]:
        return [block(self.channels) for _ in range(self.blocks)]


def block(channels: int) -> Residual:
    """x + f(x), f a bottleneck turned inside out: 1x1 to twice the channels, 3x3 by groups, 1x1 back."""
    wide = 2 * channels
    groups = wide // GROUP if wide % GROUP == 0 else 1
    return Residual(
        nn.Conv2d(channels, wide, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(wide, wide, 3, padding=1, groups=groups),
        nn.LeakyReLU(0.2),
        nn.Conv2d(wide, channels, 1),
    )


def fixed_up(module: nn.Module) -> nn.Module:
    """Zhang et al. 2019 (Fixup): a block's last layer starts at 0, the m - 1 before it are scaled by L^(-1/(2m-2))."""
    residual = [layer for layer in module.modules() if isinstance(layer, Residual)]
    with torch.no_grad():
        for each in residual:
            *inner, last = [layer for layer in each.f if isinstance(layer, nn.Conv2d)]
            init.zeros_(last.weight)
            for layer in inner:
                layer.weight.mul_(len(residual) ** (-1 / (2 * len(inner))))
    return module
