"""The data's side of every health check: parts, distance, spread, and the bands where a perfect sampler lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from gancore.observe.metrics import cells as shared
from gancore.observe.metrics.cells import ROUNDS, Cells

PARTS = {"line": 10, "plane": 16, "images": 20}  # where no modes are known
CROWD = 20  # pictures of a set that make a part: of a few, each would be one of its own
PAIRED = 256  # samples between which distances are taken
AXES = 10  # principal axes of pictures that are looked at
DIRECTIONS = 50  # quantiles kept per axis
SEED = 20140610  # the reference's own stream of numbers: measuring never touches the training's


@dataclass(frozen=True, eq=False)
class Vitals:
    """Made once per data set, then cheap to ask about a sample (n, event) of the size that it was made for."""

    cells: Cells
    place: Callable[[np.ndarray], np.ndarray]  # (n, event) -> (n, d): where distances mean something
    far: Callable[[np.ndarray], float]  # distance of a sample to the data, in standard deviations of the data
    wide: float  # mean distance between two real samples
    bands: dict[str, tuple[float, float]]

    @classmethod
    def of_law(cls, page: str, source, known, n: int) -> Vitals:
        """On the line or in the plane; `known` is the reference that charts are drawn with."""
        chance = torch.Generator().manual_seed(SEED)
        if page == "line":
            low, high = known.window
            place = lambda x: x.clip(2 * low - high, 2 * high - low)  # noqa: E731
            far = lambda x: known.measure(x[:, 0])["w1"] / source.scale  # noqa: E731
            name = "w1"
        else:
            place = lambda x: x  # noqa: E731
            far = lambda x: known.sliced(x) / source.scale  # noqa: E731
            name = "sw1"
        perfect = [place(source.sample(n, chance).numpy()) for _ in range(ROUNDS)]
        modes = np.array(getattr(source, "modes", ()))
        cells = Cells.around(modes, perfect) if len(modes) > 1 else Cells.between(perfect, PARTS[page])
        band = {"distance": tuple(end / source.scale for end in known.floor[name])}
        return cls._banded(cells, place, far, perfect, band)

    @classmethod
    def of_pictures(cls, plane, pixels, n: int) -> Vitals:
        """Of a set of pictures, seen along its first principal axes, each in its own standard deviation."""
        chance = np.random.default_rng(SEED)
        rows = chance.integers(
            len(pixels), size=(ROUNDS, n)
        )  # with replacement, as training draws, and as small sets need
        axes = min(AXES, len(plane.components))

        def place(x):
            return plane.project(x, axes)

        perfect = [place(pixels[row].float().div(255).numpy()) for row in rows]
        pool = np.concatenate(perfect)
        scale = max(float(pool.std(0).mean()), 1e-9)
        at = (np.arange(n) + 0.5) / n
        quantiles = np.quantile(pool, at, axis=0)

        def far(x):
            return float(np.abs(np.sort(place(x), axis=0) - quantiles).mean()) / scale

        distances = [float(np.abs(np.sort(x, axis=0) - quantiles).mean()) / scale for x in perfect]
        band = {"distance": (min(distances), max(distances))}
        parts = min(PARTS["images"], max(len(pixels) // CROWD, 2))
        return cls._banded(Cells.between(perfect, parts), place, far, perfect, band)

    @classmethod
    def _banded(cls, cells, place, far, perfect, band) -> Vitals:
        shares, near = zip(*(cells.shares(x) for x in perfect))
        wide = float(np.mean([spread(x) for x in perfect]))
        found = {
            "spread": [spread(x) / wide for x in perfect],
            "effective": [shared.effective(s) for s in near],
            "least": [cells.rarest(s) for s in shares],
            "near": [float(s.sum()) for s in near],
            "different": [cells.different(s, len(x)) for s, x in zip(shares, perfect)],
        }
        bands = {name: (float(min(values)), float(max(values))) for name, values in found.items()}
        n = len(perfect[0])
        doubt = 1.65 * np.sqrt(
            1 / (6 * min(n, 500))
        )  # Mann & Whitney 1947: the variance of the ranking by chance is 1/6n
        bands |= {
            "separation": (0.5 - doubt, 0.5 + doubt),
            "moved": (0.0, max(shared.moved(a, b) for a, b in pairwise(shares))),
        }
        return cls(cells, place, far, wide, bands | band)

    def measure(self, x: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        """The facts about a sample (n, event), and its shares among the cells (K,)."""
        at = self.place(x)
        shares, near = self.cells.shares(at)
        facts = {
            "distance": self.far(x),
            "spread": spread(at) / self.wide,
            "effective": shared.effective(near),
            "near": float(near.sum()),
            "different": self.cells.different(shares, len(x)),
        }
        return facts, shares


def spread(x: np.ndarray) -> float:
    """Mean distance between two of the first samples (n, d)."""
    some = x[:PAIRED]
    return float(np.sqrt(shared.squares(some, some)).sum() / (len(some) * (len(some) - 1)))


def ranked(first: np.ndarray, second: np.ndarray) -> float:
    """Share of pairs in which the first (n,) has the larger score than the second (m,), ties half: Mann & Whitney 1947."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return float("nan")
    order = np.sort(second)
    below, not_above = np.searchsorted(order, first, "left"), np.searchsorted(order, first, "right")
    return float((below + not_above).mean() / (2 * len(second)))
