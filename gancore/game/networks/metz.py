"""The pair of very small convolutional networks on which mode collapse is counted."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import nn

from gancore.catalog import knob
from gancore.game.networks.bends import squashed
from gancore.game.networks.first_weights import start
from gancore.game.networks.pictures import Conv2d, ConvTranspose2d, draws_pictures, needs_pictures, sides
from gancore.game.networks.shelf import Network, networks
from gancore.seeds import seeded


@networks.add
class Metz(Network):
    """Metz et al. 2017 (Unrolled GAN): for Stacked MNIST, G of 8 channels and a D too small to see all thousand modes."""

    name = "metz"
    sees_batch = True
    channels: int = knob(8, 1, 64, log=True, help="Channels at the largest side; the paper has 8 in G, 2 or 4 in D")

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        with seeded():
            if draws_pictures(self.name, takes, gives):
                layers = self._generator(prod(takes), *gives[:2])
            else:
                layers = self._discriminator(*takes[:2], prod(gives))
            module = nn.Sequential(*layers, *squashed(squash))
        return start(module, "normal-0.02", generator)

    def refuses(self, config) -> str | None:
        return needs_pictures(config) or super().refuses(config)

    def _generator(self, z: int, colours: int, side: int) -> list[nn.Module]:
        steps = sides(side)[::-1]
        width = self.channels * 2 ** (len(steps) - 1)
        layers = [nn.Linear(z, width * steps[0] ** 2), nn.Unflatten(1, (width, steps[0], steps[0]))]
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
        for small, large in pairwise(steps):
            missing = large - (2 * small - 1)  # a stride of 2 makes 2 * small - 1 pixels
            layers.append(ConvTranspose2d(width, width // 2, 3, 2, 1, output_padding=missing))
            width //= 2
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
        return [*layers, Conv2d(width, colours, 3, padding=1), nn.Flatten()]

    def _discriminator(self, colours: int, side: int, gives: int) -> list[nn.Module]:
        layers, width = [nn.Unflatten(1, (colours, side, side))], self.channels
        *larger, smallest = sides(side)
        for _ in larger:
            layers += [Conv2d(colours, width, 3, 2, 1), nn.BatchNorm2d(width), nn.LeakyReLU(0.3)]
            colours, width = width, width * 2
        return [*layers, nn.Flatten(), nn.Linear(colours * smallest**2, gives)]
