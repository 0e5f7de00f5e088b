"""What networks that draw or judge pictures have in common: which player one is, and the sides it goes through."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gancore.catalog import BadKnob

SMALLEST = 4  # pixels: no halving below


def draws_pictures(name: str, takes: tuple, gives: tuple) -> bool:
    """Whether a network between these shapes is G, which gives pictures (channels, side, side), or D, which takes them.

    Raises:
        BadKnob: neither, or pictures that are too small or not square.
    """
    shape = gives if len(gives) == 3 else takes
    if len(shape) != 3:
        raise BadKnob(f"{name} draws or judges pictures and cannot go from {takes} to {gives}: {NEEDS}")
    if shape[1] != shape[2] or shape[1] <= SMALLEST:
        raise BadKnob(
            f"{name} cannot use pictures of {shape[1]}x{shape[2]}: give square ones, 5 pixels or more on a side"
        )
    return shape is gives


def sides(side: int) -> list[int]:
    """Sides from the whole picture to the smallest, each half of the one before, rounded up: 28, 14, 7, 4."""
    steps = [side]
    while steps[-1] > SMALLEST:
        steps.append((steps[-1] + 1) // 2)
    return steps


class Conv2d(nn.Conv2d):
    """A convolution that lays pictures out as processors like them: a sixth faster than channel by channel."""

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, channels_last(self.weight), self.bias)


class ConvTranspose2d(nn.ConvTranspose2d):
    """The same of a convolution that enlarges."""

    def forward(self, x: Tensor) -> Tensor:
        how = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return F.conv_transpose2d(x, channels_last(self.weight), self.bias, *how)


def channels_last(weight: Tensor) -> Tensor:
    """The same numbers, of which those of all channels at one place lie side by side; PyTorch takes it from there.

    Where there is a CUDA device they stay as they are: what is best there is cuDNN's to say.
    """
    return weight if torch.cuda.is_available() else weight.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)


NEEDS = "give data of page images, such as digits, or network mlp"


def needs_pictures(config) -> str | None:
    """Why a network of pictures cannot play on this config's data, or None."""
    return None if config.data.page == "images" else f"this network draws or judges pictures: {NEEDS}"
