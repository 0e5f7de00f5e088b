"""What G makes of z as a whole: a grid over the prior, warped; dense cells strong, cells that are turned over apart."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from gancore import seeds
from gancore.observe.probes.shelf import probe

CELLS = 24  # along each side of the grid over two numbers
PIECES = 240  # of the curve over one number
BULK = 0.98  # of each number of z lies within the grid
DRAWS = 200_000  # of the prior, by which its quantiles and the mass of every cell are found
DENSE = (0.5, 2.0, 8.0, 32.0)  # densities between the shades, where 1 is the whole mass spread evenly over the window


@probe
def manifold(look):
    """The outlines of warped cells by shade, `manifold_0_x` the faintest; the turned-over ones as `folded_0_x` and so on.

    Nothing where z has more than two numbers: a plane cut out of them says little about the rest, and has no density.
    """
    z, mass = lattice(look.game.noise)
    if z is None:
        return {}
    x = look.game.generate(look.state, z).numpy().reshape(*np.add(mass.shape, 1), 2)
    corners, area = cells(x) if mass.ndim == 2 else pieces(x, look.fixed.source.window)
    (left, right), (low, high) = look.fixed.source.window
    density = np.ravel(mass) * (right - left) * (high - low) / np.maximum(np.abs(area), 1e-12)
    shade = np.searchsorted(DENSE, density)
    seen = np.isfinite(corners).all((1, 2)) & (np.ravel(mass) > 0)
    over = folded(np.where(seen, area, 0), np.ravel(mass))
    arrays = {}
    for name, side in (("manifold", ~over), ("folded", over)):
        for at in range(len(DENSE) + 1):
            outline = closed(corners[seen & side & (shade == at)])
            arrays |= {f"{name}_{at}_x": outline[..., 0].ravel(), f"{name}_{at}_y": outline[..., 1].ravel()}
    return arrays


@lru_cache(maxsize=16)
def lattice(noise) -> tuple[torch.Tensor | None, np.ndarray]:
    """Points of z at even steps of each number's quantiles (nodes, dim), and the prior's mass in each cell between them.

    The mass has a side per number of z; None and nothing where there is no such grid: a prior on points, or in 3-D.
    """
    if noise.dim > 2:
        return None, np.zeros(0)
    steps = CELLS if noise.dim == 2 else PIECES
    z = noise.sample(DRAWS, seeds.stream(0, "look/manifold")).numpy()
    edges = np.quantile(z, np.linspace((1 - BULK) / 2, (1 + BULK) / 2, steps + 1), axis=0).T
    if (np.diff(edges) <= 0).any():
        return None, np.zeros(0)
    mass = np.histogramdd(z, edges)[0] / len(z)
    nodes = np.stack(np.meshgrid(*edges, indexing="ij"), -1).reshape(-1, noise.dim)
    return torch.from_numpy(nodes).float(), mass


def cells(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners (cells, 4, 2) of the warped grid's cells from its nodes (rows, columns, 2), and their signed areas.

    The sign is that of the Jacobian's determinant; a cell that crosses itself counts with what is left.
    """
    ring = np.stack([x[:-1, :-1], x[1:, :-1], x[1:, 1:], x[:-1, 1:]], 2).reshape(-1, 4, 2)
    with np.errstate(invalid="ignore", over="ignore"):
        across, along = ring[:, 2] - ring[:, 0], ring[:, 3] - ring[:, 1]
        return ring, 0.5 * (across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0])


def pieces(x: np.ndarray, window) -> tuple[np.ndarray, np.ndarray]:
    """The pieces (pieces, 2, 2) of a curve through nodes (pieces + 1, 2), and each one's area at a pen a 40th of the window wide."""
    ends = np.stack([x[:-1], x[1:]], 1)
    wide = max(high - low for low, high in window) / 40
    return ends, wide * np.hypot(*(ends[:, 1] - ends[:, 0]).T)


def folded(area: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Which cells are turned over: those whose sign holds less of the mass. A G that mirrors all of z folds nothing."""
    back = area < 0
    return back if mass[back].sum() <= mass[area > 0].sum() else area > 0


def closed(corners: np.ndarray) -> np.ndarray:
    """Outlines (n + 1, corners + 2, 2) float32 that end where they began, then a gap; never nothing, so that old ones go."""
    gap = np.full((len(corners), 1, 2), np.nan)
    outlines = np.concatenate([corners, corners[:, :1], gap], 1)
    return np.concatenate([outlines, np.full((1, *outlines.shape[1:]), np.nan)]).astype(np.float32)
