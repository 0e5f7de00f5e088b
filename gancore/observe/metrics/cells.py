"""The parts that data fall into, and how a sample shares itself out among them: modes, pieces of a line, or clusters.

Where modes are known they are the parts. Elsewhere it is Richardson & Weiss 2018 (NDB): clusters of the real samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

ROUNDS = 48  # perfect samples behind the bands
SWEEPS = 25  # of Lloyd's algorithm
RARE = 0.01  # Share due to a cell below which a finite sample cannot tell that it is missing.
WITHIN = 3.0  # standard deviations from a mode that count as near
BEYOND = 1.96  # standard errors between two shares: one cell in twenty is farther off by chance


@dataclass(frozen=True, eq=False)
class Cells:
    """K centres; a sample belongs to the nearest one, and is near the data within `limit` times that centre's `reach`."""

    centres: np.ndarray  # (K, d)
    reach: np.ndarray  # (K,)
    limit: float  # in reaches
    due: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (K,) share of perfect samples
    counted: int = 0  # of how many of them

    @classmethod
    def around(cls, modes: np.ndarray, perfect: list[np.ndarray]) -> Cells:
        """Of a mixture with rows weight, centre, sigma; `perfect` are samples (n, d) that the shares are counted in."""
        return cls(modes[:, 1:-1], modes[:, -1], WITHIN)._counted(perfect)

    @classmethod
    def between(cls, perfect: list[np.ndarray], count: int) -> Cells:
        """Clusters of samples without known modes."""
        pool = np.concatenate(perfect[:4])
        centres = clusters(pool, count)
        away = np.sqrt(squares(pool, centres).min(1))
        return cls(centres, np.ones(count), 2 * float(np.quantile(away, 0.99)))._counted(perfect)

    def _counted(self, perfect: list[np.ndarray]) -> Cells:
        due = np.mean([self.shares(x)[0] for x in perfect], axis=0)
        return replace(self, due=due, counted=sum(map(len, perfect)))

    def shares(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of all samples (n, d) the share that belongs to each cell, and the share that is near it too: (K,) and (K,)."""
        away = np.sqrt(squares(np.nan_to_num(x, nan=1e9, posinf=1e9, neginf=-1e9), self.centres)) / self.reach
        nearest, count = away.argmin(1), len(self.centres)
        near = nearest[away.min(1) < self.limit]
        return np.bincount(nearest, minlength=count) / len(x), np.bincount(near, minlength=count) / len(x)

    def rarest(self, shares: np.ndarray) -> float:
        """The smallest of the shares (K,) as a part of what is due to that cell, of cells to which enough is due to tell."""
        told = self.due >= RARE
        return float((shares[told] / self.due[told]).min()) if told.any() else math.nan

    def different(self, shares: np.ndarray, n: int) -> float:
        """Richardson & Weiss 2018, NDB/K: the part of cells whose share (K,) of `n` samples is not their due, beyond chance.

        A two-proportion z-test at 5 % for each cell: a perfect sampler has 0.05, give or take sqrt(0.05 · 0.95 / K).
        """
        both = (n * shares + self.counted * self.due) / (n + self.counted)
        error = np.sqrt(both * (1 - both) * (1 / n + 1 / self.counted))
        return float((np.abs(shares - self.due) > BEYOND * error).mean())


def effective(shares: np.ndarray) -> float:
    """exp(entropy) of shares (K,): how many even cells that is worth; 0 if nothing is anywhere."""
    p = shares[shares > 0] / max(shares.sum(), 1e-12)
    return float(np.exp(-(p * np.log(p)).sum())) if len(p) else 0.0


def moved(before: np.ndarray, after: np.ndarray) -> float:
    """Total variation between two ways (K,) to share samples out: the part of them that changed its cell, at least."""
    return float(np.abs(after - before).sum() / 2)


def squares(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances (n, K)."""
    x, centres = x.astype(np.float64), centres.astype(np.float64)
    return np.maximum((x**2).sum(1)[:, None] - 2 * x @ centres.T + (centres**2).sum(1), 0)


def clusters(x: np.ndarray, count: int) -> np.ndarray:
    """Lloyd 1982 from evenly spaced rows of `x` (n, d) that are sorted by their longest axis: (count, d)."""
    longest = np.argsort(x[:, x.var(0).argmax()], kind="stable")
    centres = x[longest[np.linspace(0, len(x) - 1, 2 * count + 1).astype(int)[1::2]]].astype(np.float64)
    for _ in range(SWEEPS if x.shape[1] > 1 else 0):  # on a line even shares are the better pieces: tails stay in them
        nearest = squares(x, centres).argmin(1)
        counts = np.bincount(nearest, minlength=count)
        sums = np.stack([np.bincount(nearest, column, count) for column in x.T], 1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
    return centres
