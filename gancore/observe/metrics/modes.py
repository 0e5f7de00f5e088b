"""Which modes of a known mixture a generator reaches, how evenly, and how near: the census of mode collapse.

Lin et al. 2018 (PacGAN) and Srivastava et al. 2017 (VEEGAN) count so: a sample within three standard deviations of a
mode is of high quality, a mode is found if it is the nearest of at least one such sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

WITHIN = 3.0  # standard deviations
PERFECT_2D = 1 - math.exp(-(WITHIN**2) / 2)  # 98.89 %: what a perfect sampler has of high quality in the plane


@dataclass(frozen=True, eq=False)
class Census:
    """What was found of K modes. Shares are of the samples that count: those of high quality."""

    counts: np.ndarray  # (K,)
    weights: np.ndarray  # (K,) what each mode should get, together 1
    samples: int  # all of them, of high quality or not

    @property
    def high_quality(self) -> float:
        """Share of samples near a mode; a perfect sampler in the plane has `PERFECT_2D`."""
        return float(self.counts.sum() / self.samples)

    @property
    def found(self) -> int:
        """Modes with at least one sample."""
        return int(np.count_nonzero(self.counts))

    @property
    def shares(self) -> np.ndarray:
        """Each mode's share (K,); NaN if no sample counts."""
        return self.counts / self.counts.sum() if self.counts.any() else np.full(len(self.counts), np.nan)

    @property
    def bands(self) -> np.ndarray:
        """(K, 2): where a perfect sampler's share of each mode lies in 95 of 100 cases (binomial, exact)."""
        n = max(int(self.counts.sum()), 1)
        return band(n, self.weights)

    @property
    def effective(self) -> float:
        """exp(entropy) of the shares: 8 for eight even modes, 1.68 for 90 % on one of eight; 0 if no sample counts."""
        seen = self.shares[self.counts > 0]
        return float(np.exp(-(seen * np.log(seen)).sum())) if len(seen) else 0.0

    @property
    def off(self) -> float:
        """Total variation between the shares and the weights, 0 to 1: the share that is on the wrong mode; 1 if no sample counts."""
        return float(np.abs(self.shares - self.weights).sum() / 2) if self.counts.any() else 1.0

    @property
    def reverse_kl(self) -> float:
        """KL(shares ‖ weights) in nats; infinite if no sample counts."""
        hit = self.counts > 0
        seen = self.shares[hit]
        return float((seen * np.log(seen / self.weights[hit])).sum()) if len(seen) else math.inf

    @property
    def floor(self) -> float:
        """What a perfect sampler's reverse KL is on average, (K - 1) / 2n: a finite sample is never even."""
        return (len(self.counts) - 1) / (2 * max(int(self.counts.sum()), 1))


def census(x: np.ndarray, modes: np.ndarray) -> Census:
    """Counts samples (n, d) at modes given as rows weight, centre (d numbers), sigma. What is not finite is near nothing."""
    modes = np.asarray(modes, dtype=float)
    weights, centres, sigmas = modes[:, 0], modes[:, 1:-1], modes[:, -1]
    with np.errstate(over="ignore", invalid="ignore"):
        away = sum((along[:, None] - centre) ** 2 for along, centre in zip(x.T, centres.T)) / sigmas**2  # (n, K)
    nearest = away.argmin(1)[away.min(1) < WITHIN**2]
    return Census(np.bincount(nearest, minlength=len(modes)), weights / weights.sum(), len(x))


def tally(classes: np.ndarray, count: int) -> Census:
    """The census of samples that a classifier has put into `count` classes of equal weight, (n,) in 0 .. count - 1."""
    return Census(np.bincount(classes, minlength=count), np.full(count, 1 / count), len(classes))


def band(n: int, p: np.ndarray) -> np.ndarray:
    """(k, 2): where the share of `n` draws that hit lies in 95 of 100 cases, for chances p (k,).

    The quantiles of the binomial, as `scipy.stats.binom.ppf` has them, whose import costs 33 MB; this one costs 16 MB,
    where there are modes.
    """
    from scipy.special import bdtr, bdtrik

    q, p = np.array([0.025, 0.975]), np.asarray(p, float)[:, None]
    hits = np.ceil(np.nan_to_num(bdtrik(q, n, p)))  # it has none for chances of nearly 0
    fewer = np.maximum(hits - 1, 0)
    return np.where(bdtr(fewer, n, p) >= q, fewer, hits) / n
