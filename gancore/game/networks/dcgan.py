"""The convolutional pair that made GANs stable on pictures."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import nn

from gancore.catalog import knob
from gancore.game.networks.bends import squashed
from gancore.game.networks.crowd import SeesBatch, batch_layer_knob, head, kernels_knob
from gancore.game.networks.first_weights import init_knob, start
from gancore.game.networks.pictures import Conv2d, ConvTranspose2d, draws_pictures, needs_pictures, sides
from gancore.game.networks.shelf import networks
from gancore.seeds import seeded


@networks.add
class DCGAN(SeesBatch):
    """Radford et al. 2016: strided convolutions, batch normalisation, ReLU in G and LeakyReLU in D; no pooling."""

    name = "dcgan"
    channels: int = knob(32, 1, 128, log=True, help="Channels at half the picture's side; doubled with each halving")
    kernel: str = knob("5", choices=("3", "5"), help="Side of the convolutions' kernels")
    upsample: str = knob(
        "transposed",
        choices=("transposed", "resize"),
        help="How G enlarges; resizing first leaves no checkerboard (Odena et al. 2016)",
    )
    norm: str = knob(
        "batch",
        choices=("none", "batch", "layer"),
        label="normalisation",
        help="After each convolution but G's last and D's first",
    )
    batch_layer: str = batch_layer_knob()
    kernels: int = kernels_knob()
    init: str = init_knob("normal-0.02")

    def build(self, takes: tuple, gives: tuple, squash: str, generator: torch.Generator) -> nn.Sequential:
        with seeded():
            if draws_pictures(self.name, takes, gives):
                layers = self._generator(prod(takes), *gives[:2])
            else:
                layers = self._discriminator(*takes[:2], prod(gives))
            module = nn.Sequential(*layers, *squashed(squash))
        return start(module, self.init, generator)

    def refuses(self, config) -> str | None:
        return needs_pictures(config) or super().refuses(config)

    def _generator(self, z: int, colours: int, side: int) -> list[nn.Module]:
        steps = sides(side)[::-1]
        width = self.channels * 2 ** (len(steps) - 2)
        layers = [nn.Linear(z, width * steps[0] ** 2, bias=self._bias), nn.Unflatten(1, (width, steps[0], steps[0]))]
        for small, large in pairwise(steps):
            layers += [*self._norm(width), nn.ReLU()]
            out = colours if large == side else width // 2
            layers += self._enlarge(width, out, small, large, bias=large == side or self._bias)
            width = out
        return [*layers, nn.Flatten()]

    def _discriminator(self, colours: int, side: int, gives: int) -> list[nn.Module]:
        layers, width = [nn.Unflatten(1, (colours, side, side))], self.channels
        *larger, smallest = sides(side)
        for large in larger:
            first = large == side
            layers.append(Conv2d(colours, width, self._k, 2, self._k // 2, bias=first or self._bias))
            layers += [*([] if first else self._norm(width)), nn.LeakyReLU(0.2)]
            colours, width = width, width * 2
        return [*layers, nn.Flatten(), *head(self.batch_layer, colours * smallest**2, self.kernels, gives)]

    def _enlarge(self, width: int, out: int, small: int, large: int, bias: bool) -> list[nn.Module]:
        if self.upsample == "resize":
            return [nn.Upsample(size=(large, large)), Conv2d(width, out, self._k, padding=self._k // 2, bias=bias)]
        missing = large - (2 * small - 1)  # a stride of 2 makes 2 * small - 1 pixels
        return [ConvTranspose2d(width, out, self._k, 2, self._k // 2, output_padding=missing, bias=bias)]

    def _norm(self, channels: int) -> list[nn.Module]:
        return {"none": [], "batch": [nn.BatchNorm2d(channels)], "layer": [nn.GroupNorm(1, channels)]}[self.norm]

    @property
    def _k(self) -> int:
        return int(self.kernel)

    @property
    def _bias(self) -> bool:
        return self.norm != "batch"  # which takes away what a bias before it adds
