"""The space of z as a map: every place in the colour of the mode that G sends it to."""

from __future__ import annotations

import numpy as np
import torch

from gancore.observe.metrics.modes import WITHIN
from gancore.observe.probes.shelf import probe

SIDE = 48  # Cells along each side of the map of two numbers.
STRIP = 400  # Cells of the map of one number.
NAMED = 8  # Cells that a mode's region needs for its number to be read on it.
# Paul Tol's muted scheme, safe for colour-blind readers. Modes beyond the ninth begin anew: their numbers tell them apart.
HUES = ("#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499")
NOWHERE = (138, 143, 152, 70)  # red, green, blue, alpha of a z that lands near no mode


@probe
def latent(look):
    """`latent_image`, (SIDE, SIDE, 4) from the top or (1, STRIP, 4), and a place inside each mode's region for its number.

    Where z has more than two numbers the map is the slice on which all but the first two are 0.
    """
    modes = look.fixed.reference.modes
    if modes is None:
        return {}
    grid = cells(look.fixed.z)
    mode = landed(look.game.generate(look.state, grid).numpy(), modes)
    flat = grid.shape[1] == 1
    picture = PALETTE[np.where(mode, 1 + (mode - 1) % len(HUES), 0)].reshape(1 if flat else SIDE, -1, 4)
    x, y = places(mode, grid[:, :2].numpy(), len(modes)).T
    return {"latent_image": picture[::-1].copy(), "latent_x": x, "latent_y": np.where(x == x, 0.5, x) if flat else y}


def reach(z: torch.Tensor) -> list[tuple[float, float]]:
    """From where to where the map goes in each of the first two numbers of z: as far as the fixed z (n, dim) do."""
    ends = [(float(column.min()), float(column.max())) for column in z.T[:2]]
    return [(low, high) if high > low else (low - 1, high + 1) for low, high in ends]


def cells(z: torch.Tensor) -> torch.Tensor:
    """The middle of every cell of the map, (cells, dim), row by row from the bottom."""
    side = STRIP if z.shape[1] == 1 else SIDE
    lines = [low + (high - low) * (torch.arange(side) + 0.5) / side for low, high in reach(z)]
    grid = torch.zeros(side ** len(lines), z.shape[1])
    for column, values in enumerate(torch.meshgrid(*lines, indexing="xy")):
        grid[:, column] = values.flatten()
    return grid


def landed(x: np.ndarray, modes: np.ndarray) -> np.ndarray:
    """The number of the mode that each sample (n, 2) is near enough to for high quality, counted from 1; 0 near none."""
    centres, sigmas = modes[:, 1:3].T.astype(x.dtype), modes[:, 3].astype(x.dtype)
    away = (np.square(x[:, :1] - centres[0]) + np.square(x[:, 1:] - centres[1])) / np.square(sigmas)  # (n, modes)
    nearest = away.argmin(1)
    return np.where(away[np.arange(len(x)), nearest] < WITHIN**2, nearest + 1, 0)


def places(mode: np.ndarray, at: np.ndarray, count: int) -> np.ndarray:
    """For each mode the cell of its region that is nearest to the region's middle, (count, 2); NaN where it is too small."""
    at = np.hstack([at, np.zeros((len(at), 2 - at.shape[1]), at.dtype)])
    found = np.full((count, 2), np.nan, np.float32)
    for number in np.unique(mode[mode > 0]):
        region = at[mode == number]
        if len(region) >= NAMED:
            found[number - 1] = region[np.square(region - region.mean(0)).sum(1).argmin()]
    return found


def hue(mode: int) -> str:
    """The colour of a mode, counted from 1."""
    return HUES[(mode - 1) % len(HUES)]


PALETTE = np.array([NOWHERE, *((*bytes.fromhex(colour[1:]), 255) for colour in HUES)], np.uint8)
