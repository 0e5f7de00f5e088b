"""What a loop of somebody else's is about: pictures, points in the plane or on the line, told from its real samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gancore.game.data.images import Images
from gancore.game.data.line import NormalModes
from gancore.game.data.own import Points
from gancore.observe.look import IMAGE_SAMPLES, LINE_SAMPLES, PLANE_SAMPLES
from gancore.observe.metrics.images import form

SIDE = 64  # pixels to which larger pictures are made smaller for looking at
SMALLEST = 8  # pixels on the side of a flat picture: what has fewer numbers are no pixels
MOST = 10_000  # real samples kept to compare with
BELLS = 128  # of which the density of points on the line is made
ACCEPTED = (
    "pictures (n, channels, side, side) with 1 to 4 channels, flat square pictures, points (n, 2), or numbers (n,)"
)


@dataclass(frozen=True, eq=False)
class Scene:
    """How samples are shown. `low` and `high` are what black and white are in pictures."""

    page: str  # images, plane or line
    real: Tensor  # (n, event) float32 on the processor, pictures in [0, 1]
    shape: tuple[int, ...]  # of one sample as the loop has it
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, real: Any) -> Scene:
        """The scene of these real samples. Raises `ValueError` for what is neither pictures nor points."""
        real = tensor("real", real)
        page, shape = kind(real), tuple(real.shape[1:])
        if not bool(real.isfinite().all()):
            raise ValueError("real holds values that are not finite: give samples as the discriminator is shown them")
        low, high = span(real) if page == "images" else (0.0, 1.0)
        bare = cls(page, real, shape, low, high)
        return cls(page, bare.flat(real), shape, low, high)

    @property
    def samples(self) -> int:
        """How many generated samples a look takes."""
        return {"images": IMAGE_SAMPLES, "plane": PLANE_SAMPLES, "line": LINE_SAMPLES}[self.page]

    def flat(self, x: Tensor) -> Tensor:
        """Samples as a loop has them, on whatever device, as charts take them: (n, event) float32, pictures in [0, 1]."""
        x = x.detach().float()
        if self.page != "images":
            return x.reshape(len(x), 2 if self.page == "plane" else 1)
        return pictures(((x - self.low) / (self.high - self.low)).clamp(0, 1)).flatten(1)

    @cached_property
    def source(self):
        """The real samples as the charts' own sources of data."""
        if self.page == "plane":
            return Points(self.real)
        if self.page == "line":
            return Density(self.real[:, 0])
        channels, side = form(self.real.shape[1])
        pixels = self.real.mul(255).round().to(torch.uint8)
        return Images("watched", pixels, torch.zeros(len(pixels), dtype=torch.uint8), side, channels)


class Density(NormalModes):
    """A smooth density through numbers on the line (Silverman 1986), a row of narrow bells."""

    def __init__(self, real: Tensor):
        x = real.double().numpy()
        low, high = float(x.min()), float(x.max())
        spread = 0.9 * min(x.std(), np.subtract(*np.quantile(x, (0.75, 0.25))) / 1.34 or math.inf) * len(x) ** -0.2
        spread = max(spread, (high - low) / BELLS, 1e-3 * max(abs(low), abs(high), 1e-3))
        counts, edges = np.histogram(x, BELLS, (low, high) if low < high else (low - spread, low + spread))
        centres = (edges[1:] + edges[:-1]) / 2
        self.modes = tuple((float(n), float(m), float(spread)) for n, m in zip(counts, centres) if n)


def tensor(name: str, given: Any) -> Tensor:
    """Samples as a tensor on the processor, at most `MOST` of them."""
    try:
        x = torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{name} is a {type(given).__name__}: give a tensor of {ACCEPTED}") from None
    if len(x.shape) == 0 or len(x) < 2:
        raise ValueError(f"{name} has shape {tuple(x.shape)}: give two or more samples, {ACCEPTED}")
    return x.detach()[:MOST].to("cpu", torch.float32)


def kind(real: Tensor) -> str:
    """The page that such samples belong on."""
    shape = tuple(real.shape[1:])
    if shape in ((), (1,)):
        return "line"
    if shape == (2,):
        return "plane"
    if len(shape) == 1 and squared(shape[0]):
        return "images"
    if (len(shape) == 3 and 1 <= shape[0] <= 4 and min(shape[1:]) > 1) or (len(shape) == 2 and min(shape) > 1):
        return "images"
    raise ValueError(f"real has shape {tuple(real.shape)}: give {ACCEPTED}")


def squared(numbers: int) -> bool:
    try:
        return form(numbers)[1] >= SMALLEST
    except ValueError:
        return False


def span(real: Tensor) -> tuple[float, float]:
    """What black and white are: the usual range that holds these pixels, else their own smallest and largest."""
    low, high = float(real.min()), float(real.max())
    for usual in ((0.0, 1.0), (-1.0, 1.0)):
        if usual[0] <= low and high <= usual[1]:
            return usual
    if low >= 0 and 2 < high <= 255:
        return 0.0, 255.0
    return low, high


def pictures(x: Tensor) -> Tensor:
    """Pictures in [0, 1], flat, (n, h, w) or (n, c, h, w), as square ones of 1 or 3 channels and at most 64 pixels a side."""
    if x.dim() == 2:
        x = x.reshape(len(x), *[form(x.shape[1])[i] for i in (0, 1, 1)])
    x = x[:, None] if x.dim() == 3 else x
    x = x[:, :3] if x.shape[1] >= 3 else x[:, :1]
    height, width = x.shape[2:]
    if height != width:
        side = max(height, width)
        x = functional.pad(
            x, ((side - width) // 2, -(-(side - width) // 2), (side - height) // 2, -(-(side - height) // 2))
        )
    return functional.adaptive_avg_pool2d(x, SIDE) if x.shape[2] > SIDE else x
