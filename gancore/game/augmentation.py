"""Random changes to pictures that gradients pass through: what Zhao et al. 2020 show D instead of the pictures themselves.

Each maps pictures (n, channels, height, width) to as many of the same shape. `on` (n, 1, 1, 1) holds 1 where a picture is
changed and 0 where it comes back exactly as it was; every picture has a draw of its own, all from `generator`.
"""

from __future__ import annotations

import torch
from torch import Tensor


def brightness(x: Tensor, on: Tensor, generator: torch.Generator) -> Tensor:
    """All of it lighter or darker by up to a quarter of the way from black to white."""
    # The paper's code adds up to ±0.5 to pixels in [-1, 1]; ours lie in [0, 1].
    return x + on * (_uniform(x, generator) - 0.5) / 2


def saturation(x: Tensor, on: Tensor, generator: torch.Generator) -> Tensor:
    """Distance of each colour from its pixel's grey, times 0 to 2. Grey pictures have none."""
    return x + on * (2 * _uniform(x, generator) - 1) * (x - x.mean(1, keepdim=True))


def contrast(x: Tensor, on: Tensor, generator: torch.Generator) -> Tensor:
    """Distance of each value from the picture's mean, times 0.5 to 1.5."""
    return x + on * (_uniform(x, generator) - 0.5) * (x - x.mean((1, 2, 3), keepdim=True))


def translation(x: Tensor, on: Tensor, generator: torch.Generator) -> Tensor:
    """Moved by whole pixels, up to an eighth of each side; what comes in from outside is 0."""
    *_, height, width = x.shape
    down, right = (_whole(x, -(side // 8), side // 8, generator) * on.long() for side in (height, width))
    return _shift(height, down, x.dtype) @ x @ _shift(width, right, x.dtype).mT


def cutout(x: Tensor, on: Tensor, generator: torch.Generator) -> Tensor:
    """A box half as wide and half as high set to 0, its centre anywhere, so that it may stick out."""
    *_, height, width = x.shape
    rows, columns = (_span(side, _whole(x, 0, side - side // 2 % 2, generator)) for side in (height, width))
    return x * (1 - on * (rows.mT * columns))


COLOR = (brightness, saturation, contrast)


def _uniform(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(len(x), 1, 1, 1, generator=generator, dtype=x.dtype)


def _whole(x: Tensor, low: int, high: int, generator: torch.Generator) -> Tensor:
    return torch.randint(low, high + 1, (len(x), 1, 1, 1), generator=generator)


def _shift(side: int, by: Tensor, dtype: torch.dtype) -> Tensor:
    # (n, 1, side, side): ones where column + by = row, so that a product moves all rows and lets zeros in.
    at = torch.arange(side)
    return (at + by == at[:, None]).to(dtype)


def _span(side: int, centre: Tensor) -> Tensor:
    # (n, 1, 1, side): 1 on the half of the side that starts a quarter before the centre.
    at, first = torch.arange(side), centre - side // 2 // 2
    return ((at >= first) & (at < first + side // 2)).float()
