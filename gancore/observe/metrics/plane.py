"""How far a sample in the plane is from the data, with the band where a perfect sampler lands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from gancore.observe.metrics.line import jsd
from gancore.observe.metrics.modes import Census, band, census
from gancore.observe.metrics.neighbours import Neighbourhood

SIDE = 48  # cells along each side of the grid on which D and the densities are seen
FINER = 8  # points along each side of a cell that the real density is averaged over
BLUR = 1.0  # cells: the kernel through which both densities are seen where they are compared
ANGLES = 16  # directions from which a sample is looked at, evenly spaced over half a turn
POOLED = 32  # samples behind the quantiles of the data and its share of each cell
ROUNDS = 128  # perfect samples behind the floor
NEAR = 500  # samples of each side that are held against each other as neighbours
SEED = 20140610  # the reference's own stream of numbers: measuring never touches the training's


@dataclass(frozen=True, eq=False)
class PlaneReference:
    """The data's side of the comparison: made once per law and sample size, in 0.4 s, then cheap to ask.

    Sliced Wasserstein-1 (Rabin et al. 2011) is the mean over directions of W1 between the projected sample, sorted, and
    the data's quantiles there, in the unit of x. JSD compares the sample's share of each cell, and of what lies beyond
    the window, with the data's, in nats. `floor` is the range of the very same estimators, `sw1`, `jsd`, `coverage`,
    `one_nn` and, where there are modes, `high_quality` and `effective`, over `ROUNDS` perfect samples of size n: of new
    ones all but 2 in `ROUNDS` + 1 fall inside.
    """

    source: object
    n: int
    directions: np.ndarray  # (2, angles)
    quantiles: np.ndarray  # (angles, n)
    mass: np.ndarray  # (SIDE² + 1,) the data's share of each cell, and beyond the window
    near: Neighbourhood
    floor: dict[str, tuple[float, float]]
    expected: np.ndarray | None = None  # (modes,) share of a perfect sampler's samples near each; None without modes
    finer: int = FINER

    @classmethod
    def of(cls, source, n: int) -> PlaneReference:
        """The reference for samples of size `n` from an opened source of the plane."""
        chance = torch.Generator().manual_seed(SEED)
        turn = np.pi * np.arange(ANGLES) / ANGLES
        directions = np.stack([np.cos(turn), np.sin(turn)]).astype(np.float32)
        pool = source.sample(POOLED * n, chance).numpy()
        quantiles = np.sort((pool @ directions).T, axis=1).reshape(ANGLES, n, POOLED).mean(2)
        near = Neighbourhood.of(source.sample(min(n, NEAR), chance).numpy())
        made = cls(source, n, directions, np.ascontiguousarray(quantiles), np.zeros(0), near, {})
        made = replace(made, mass=made.cells(pool))
        draws = [source.sample(n, chance).numpy() for _ in range(ROUNDS)]
        found = {"sw1": [made.sliced(x) for x in draws], "jsd": [made.jsd(x) for x in draws]}
        found |= zip(("coverage", "one_nn"), zip(*(made.told(x) for x in draws)))
        expected = None
        if made.modes is not None:
            seen = [census(x, made.modes) for x in draws]
            expected = seen[0].weights * np.mean([s.high_quality for s in seen])
            found |= {"high_quality": [s.high_quality for s in seen], "effective": [s.effective for s in seen]}
        floor = {name: (float(min(values)), float(max(values))) for name, values in found.items()}
        return replace(made, floor=floor, expected=expected)

    @cached_property
    def modes(self) -> np.ndarray | None:
        """Rows weight, x, y, sigma; None where the law has no bells."""
        modes = getattr(self.source, "modes", None)
        return None if modes is None else np.array(modes)

    def sliced(self, x: np.ndarray) -> float:
        """Sliced Wasserstein-1 of a sample (n, 2) to the data; NaN if a value is not finite: that run has failed."""
        if x.shape != (self.n, 2):
            raise ValueError(f"a sample of shape {x.shape} came: this reference measures shape ({self.n}, 2)")
        if not np.isfinite(x).all():
            return math.nan
        return float(np.abs(np.sort((x @ self.directions).T, axis=1) - self.quantiles).mean())

    def jsd(self, x: np.ndarray) -> float:
        """Jensen-Shannon divergence in nats, on the grid, of a sample (n, 2) from the data; NaN if a value is not finite."""
        return jsd(self.mass, self.cells(x)) if np.isfinite(x).all() else math.nan

    def told(self, x: np.ndarray) -> tuple[float, float]:
        """Coverage and 1-NN accuracy of a sample's first `NEAR` rows."""
        return self.near.told(x[:NEAR])

    @cached_property
    def bands(self) -> np.ndarray:
        """(modes, 2): where a perfect sampler's share near each mode lies in 95 of 100 cases (multinomial, so binomial)."""
        return band(self.n, self.expected)

    def census(self, x: np.ndarray) -> Census:
        """Which of the modes a sample (n, 2) reaches."""
        return census(x, self.modes)

    @cached_property
    def grid(self) -> torch.Tensor:
        """The centres of equal cells that tile the window, (SIDE², 2), row by row from the bottom."""
        return torch.from_numpy(self._points(SIDE)).float()

    @cached_property
    def p(self) -> np.ndarray | None:
        """The data's share of each cell, blurred, (SIDE, SIDE), y down the rows; None where the density is unknown."""
        if not hasattr(self.source, "log_prob"):
            return None
        fine = self.source.log_prob(torch.from_numpy(self._points(SIDE * self.finer))).exp().numpy()
        cells = fine.reshape(SIDE, self.finer, SIDE, self.finer).mean((1, 3)) * np.prod(self.cell)
        return self.blurred(cells)

    def share(self, x: np.ndarray) -> np.ndarray:
        """A sample's share of each cell (SIDE, SIDE), blurred as `p` is. What lies outside counts, unseen."""
        return self.blurred(self.cells(x)[:-1].reshape(SIDE, SIDE))

    def cells(self, x: np.ndarray) -> np.ndarray:
        """A sample's share of each cell, row by row from the bottom, and of what lies beyond the window, (SIDE² + 1,)."""
        with np.errstate(invalid="ignore"):
            at = (x - [low for low, _ in self.source.window]) / self.cell
            inside = np.isfinite(at).all(1) & (at >= 0).all(1) & (at < SIDE).all(1)
        column, row = at[inside].astype(int).T
        counts = np.bincount(SIDE * row + column, minlength=SIDE * SIDE)
        return np.append(counts, len(x) - inside.sum()) / len(x)

    @cached_property
    def cell(self) -> np.ndarray:
        """Width and height of a cell."""
        return np.array([high - low for low, high in self.source.window]) / SIDE

    def blurred(self, cells: np.ndarray, sigma: float | None = None) -> np.ndarray:
        """Cells (SIDE, SIDE) through a normal kernel of spread `sigma` in the unit of x, by default `BLUR` cells."""
        spread = np.full(2, BLUR) if sigma is None else sigma / self.cell
        over_x, over_y = (kernel(width) for width in spread)
        return over_y @ cells @ over_x

    def _points(self, side: int) -> np.ndarray:
        x, y = (low + (high - low) * (np.arange(side) + 0.5) / side for low, high in self.source.window)
        return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def kernel(sigma: float) -> np.ndarray:
    """A normal kernel as a matrix (SIDE, SIDE), `sigma` in cells. What it carries over the edge is lost."""
    away = np.arange(SIDE)[:, None] - np.arange(SIDE)
    weight = np.exp(-0.5 * (away / max(sigma, 0.1)) ** 2)
    return weight / np.exp(-0.5 * (np.arange(-SIDE, SIDE + 1) / max(sigma, 0.1)) ** 2).sum()


def level(values: np.ndarray, window) -> tuple[np.ndarray, np.ndarray]:
    """Where values (SIDE, SIDE) on the cells' centres pass through 0: segments as x and y, (3 * m,), gaps between.

    Every square of four neighbours is cut into two triangles, in which the crossing is one straight segment.
    """
    (left, right), (low, high) = window
    side = len(values)
    x, y = (a + (b - a) * (np.arange(side) + 0.5) / side for a, b in ((left, right), (low, high)))
    nodes = np.dstack([*np.meshgrid(x, y), values])  # (side, side, 3): x, y, value
    a, b, c, d = nodes[:-1, :-1], nodes[:-1, 1:], nodes[1:, :-1], nodes[1:, 1:]
    triangles = np.stack([np.stack([a, b, d], 2), np.stack([a, c, d], 2)]).reshape(-1, 3, 3)
    above = triangles[..., 2] > 0
    cut = above.any(1) & ~above.all(1) & np.isfinite(triangles[..., 2]).all(1)
    triangles, above = triangles[cut], above[cut]
    alone = np.where(above.sum(1) == 1, above.argmax(1), above.argmin(1))
    rows = np.arange(len(alone))
    tip = triangles[rows, alone]
    lines = np.full((len(alone), 3, 2), np.nan, np.float32)
    for end, other in enumerate((triangles[rows, (alone + 1) % 3], triangles[rows, (alone + 2) % 3])):
        along = tip[:, 2] / (tip[:, 2] - other[:, 2])
        lines[:, end] = tip[:, :2] + along[:, None] * (other - tip)[:, :2]
    return lines[..., 0].ravel(), lines[..., 1].ravel()
