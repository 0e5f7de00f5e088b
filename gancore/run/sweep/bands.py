"""From the numbers of several runs to one median and its band, on iterations that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

POINTS = 110  # of a grid by its logarithm, and as many again spread evenly
INNER = (0.1, 0.9)  # quantiles over members between which the band lies


def grid(until: int) -> np.ndarray:
    """Iterations (n,) from 1 to `until`: dense where a run begins, and never coarser than a hundredth of the whole."""
    wanted = np.concatenate([np.geomspace(1, until, POINTS), np.linspace(until / POINTS, until, POINTS)])
    return np.unique(np.ceil(wanted - 1e-6).astype(np.int64).clip(1, until))


class Thinned:
    """One run's scalars as means over the cells of a grid; a cell ends at its iteration and begins after the one before.

    However the rows were cut into blocks, the means are the same. Used under its owner's lock.
    """

    def __init__(self, at: np.ndarray, names: int):
        self.at, self.next = at, 1  # the iteration to come
        self._sums, self._counts = np.zeros((len(at), names)), np.zeros((len(at), names))

    def take(self, first: int, rows: np.ndarray) -> None:
        """Rows (m, names) of the iterations from `first` on, which has to be `next`."""
        if first != self.next:
            raise ValueError(f"iteration {first} came: the next one is {self.next}")
        self.next += len(rows)
        cells = np.searchsorted(self.at, np.arange(first, self.next))
        inside = cells < len(self.at)
        cells, rows = cells[inside], rows[inside].astype(np.float64)
        known = np.isfinite(rows)
        np.add.at(self._sums, cells, np.where(known, rows, 0.0))
        np.add.at(self._counts, cells, known)

    def lines(self) -> np.ndarray:
        """(n, names): the means of all cells that are whole; NaN where the run has not come yet, or nothing was finite."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = self._sums / self._counts
        return np.where((self.at < self.next)[:, None], means, np.nan)


def on_grid(at: np.ndarray, iterations: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(n,): what was measured now and then, straight between two measurements and NaN beyond the first and the last."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(at), np.nan)
    return np.interp(at, iterations[known], values[known], left=np.nan, right=np.nan)


@dataclass(frozen=True, eq=False)
class Band:
    """Over the members, at each iteration (n,): the median, the 10 % to 90 % quantiles, the extremes, and how many counted."""

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray
    least: np.ndarray
    most: np.ndarray
    count: np.ndarray


def band(lines: np.ndarray, ended: Sequence[bool]) -> Band:
    """The band of `lines` (members, n), up to where the slowest member is; NaN beyond.

    A member that `ended` before its time, because it diverged, counts as far as it came, and nobody waits for it.
    """
    known = np.isfinite(lines)
    count = known.sum(axis=0)
    going = ~np.array(ended, bool)
    shown = known[going].all(axis=0) & (count > 0) if going.any() else count > 0
    made = np.full((5, lines.shape[1]), np.nan)
    if shown.any():
        made[:, shown] = np.nanquantile(lines[:, shown], (0.5, *INNER, 0.0, 1.0), axis=0)
    return Band(*made, np.where(shown, count, 0))
