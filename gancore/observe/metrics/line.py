"""Distances from a one-dimensional sample to a density known exactly, with the band where a perfect sampler lands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from gancore.observe.metrics.quadrature import TINY, Source, distribution, pdf

BINS = 60  # of the histogram behind the JSD, see `Reference`
POINTS = 400  # of the grid on which densities are drawn
LARGEST = 1e38  # nearly float32's: what lies beyond counts as infinite
SEED = 20140610  # the band's own stream of numbers: measuring never touches the training's


def w1(a_sorted: np.ndarray, b_sorted: np.ndarray) -> float:
    """Wasserstein-1 between two sorted samples of equal size: mean |a_(i) - b_(i)|, in the unit of x.

    In one dimension the sorted order is the optimal transport (Villani 2003, Thm 2.18).
    """
    if a_sorted.shape != b_sorted.shape:
        raise ValueError(f"w1 got {len(a_sorted)} and {len(b_sorted)} values: give two sorted samples of equal size")
    return float(np.abs(a_sorted - b_sorted).mean())


def jsd(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen-Shannon divergence of two probability vectors, in nats within [0, log 2]."""
    m = 0.5 * (p + q)
    nats = 0.5 * (_xlogx(p) + _xlogx(q)) - _xlogx(m)
    return min(max(nats, 0.0), math.log(2))


def optimal_d(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Goodfellow et al. 2014, Prop. 1: D* = p / (p + q). NaN where neither has a millionth of its peak: undefined."""
    known = (p >= max(1e-6 * p.max(), TINY)) | (q >= max(1e-6 * q.max(), TINY))
    return np.divide(p, p + q, out=np.full(p.shape, np.nan), where=known)


def density(sample: np.ndarray, grid: np.ndarray, widest: float = math.inf) -> np.ndarray:
    """A smooth density of `sample` (n,) at `grid` (m,), the centres of equal cells, in 1 / the unit of x.

    Kernel estimate on linearly binned counts; its sum times the cell is the share of the sample inside the grid. The
    bandwidth is Silverman's robust 0.9 min(std, IQR / 1.34) n^-1/5, at most `widest` and 4 % of the grid, at least 0.6
    of a cell: a generator that collapsed to a point shows as a spike about two cells wide. What lies outside the grid
    is not drawn, what is not finite does not count. A sample sorted beforehand takes less time.
    """
    sample = np.sort(sample)
    # Infinities sort to the ends, NaN behind them.
    sample = sample[slice(*np.searchsorted(sample, (-LARGEST, LARGEST)))]
    n, m, cell = len(sample), len(grid), grid[1] - grid[0]
    if n == 0:
        return np.zeros(m)
    quartiles = float(sample[(3 * n) // 4]) - float(sample[n // 4])
    silverman = 0.9 * min(sample.std(dtype=np.float64), quartiles / 1.34) * n**-0.2
    sigma = max(min(silverman / cell, widest / cell, 0.04 * m), 0.6)  # in cells from here on
    reach = math.ceil(4 * sigma)
    # Mass a kernel's reach beyond the ends leaks in as the ends leak out: the curve does not bend at the border.
    start, size = grid[0] - reach * cell, m + 2 * reach
    near = sample[slice(*np.searchsorted(sample, (start, start + (size - 1) * cell)))]
    at = (near.astype(np.float64) - start).clip(0) / cell
    left = at.astype(np.int64)
    right_share = at - left
    counts = np.bincount(left, 1 - right_share, size + 1) + np.bincount(left + 1, right_share, size + 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    smooth = np.convolve(counts[:size], kernel, mode="valid")
    inside = np.diff(np.searchsorted(sample, (grid[0] - cell / 2, grid[-1] + cell / 2)))[0]
    return smooth * (inside / (n * cell * max(smooth.sum(), TINY)))


@dataclass(frozen=True, eq=False)
class Reference:
    """The exact side of the comparison: made once per density and sample size, in well below 150 ms, then cheap to ask.

    W1 compares the sorted sample with the exact quantiles at (i + 1/2) / n, in the unit of x. JSD compares its
    histogram over the window, plus one bin for either side beyond, with exact probabilities, in nats. Sixty bins hide
    less than 3 % of the divergence of one Gaussian from another (12 % where modes have an eightieth of the window for
    spread) and leave a perfect sampler at up to (bins + 1) / 8n = .004 for n = 2,000. Measured: 120 bins double that
    floor, 30 bins hide 9 % (28 %).
    `floor` holds the 5 % and 95 % quantiles of the very same estimators over 256 or more perfect samples of size n.
    Heavy tails (Cauchy) have no mean and hence no W1: sample and quantiles are clipped to the window first.
    """

    n: int
    window: tuple[float, float]
    grid: np.ndarray  # (points,) centres of equal cells that tile the window
    p: np.ndarray  # (points,) the exact density there
    quantiles: np.ndarray  # (n,)
    edges: np.ndarray  # (bins + 1,)
    bin_mass: np.ndarray  # (bins + 2,), first and last beyond the window
    bandwidth: float  # the widest kernel that draws p itself well from n values
    clipped: bool
    floor: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, source: Source, n: int, bins: int = BINS, points: int = POINTS) -> Reference:
        """The reference for samples of size `n`. Raises `ValueError` if the density does not integrate to one."""
        low, high = map(float, source.window)
        clipped = bool(getattr(source, "heavy_tailed", False))
        rounds = max(256, min(1024, 2**20 // n))  # as many as time allows: the band's ends are themselves estimates
        draws = source.sample(rounds * n, torch.Generator().manual_seed(SEED)).reshape(rounds, n).numpy()
        knots, cdf = distribution(source, np.sort(draws[:16], axis=None))
        quantiles = np.interp((np.arange(n) + 0.5) / n, cdf, knots)
        edges = np.linspace(low, high, bins + 1)
        cells = np.linspace(low, high, points + 1)
        grid = 0.5 * (cells[1:] + cells[:-1])
        p = _seen(pdf(source, grid), np.diff(np.interp(cells, knots, cdf)) / np.diff(cells))
        made = cls(
            n=n,
            window=(low, high),
            grid=grid,
            p=p,
            quantiles=quantiles.clip(low, high) if clipped else quantiles,
            edges=edges,
            bin_mass=np.diff(np.interp(edges, knots, cdf), prepend=0.0, append=1.0),
            bandwidth=_amise(p, grid[1] - grid[0], n),
            clipped=clipped,
            floor={},
        )
        pairs = np.array([tuple(made.measure(draw).values()) for draw in np.sort(draws, axis=1)])
        # Weibull's plotting position: of new perfect samples 90 % fall inside, however few lie behind the band.
        band = np.quantile(pairs, (0.05, 0.95), axis=0, method="weibull").tolist()
        return replace(made, floor={name: (band[0][i], band[1][i]) for i, name in enumerate(("w1", "jsd"))})

    def measure(self, sample: np.ndarray) -> dict[str, float]:
        """`w1` and `jsd` of a sample (n,), sorted or not; both NaN if a value is not finite: that run has failed."""
        if sample.shape != (self.n,):
            raise ValueError(f"a sample of shape {sample.shape} came: this reference measures shape ({self.n},)")
        sample = np.sort(sample)
        if not (np.isfinite(sample[0]) and np.isfinite(sample[-1])):  # NaN sorts last
            return {"w1": math.nan, "jsd": math.nan}
        below = np.searchsorted(sample, self.edges.astype(sample.dtype))
        histogram = np.diff(below, prepend=0, append=self.n) / self.n
        inside = sample.clip(*self.window) if self.clipped else sample
        return {"w1": w1(inside, self.quantiles), "jsd": jsd(self.bin_mass, histogram)}

    def density(self, sample: np.ndarray) -> np.ndarray:
        """p_g on `grid`, drawn with a kernel no wider than the real density deserves: two narrow modes stay narrow."""
        return density(sample, self.grid, self.bandwidth)


def _xlogx(p: np.ndarray) -> float:
    return float(p @ np.log(np.maximum(p, TINY)))


def _seen(p: np.ndarray, cell_means: np.ndarray) -> np.ndarray:
    """The density on the grid; averaged over each cell if it has modes so narrow that points step over them."""
    return p if abs(p.sum() - cell_means.sum()) < 0.02 * cell_means.sum() else cell_means


def _amise(p: np.ndarray, cell: float, n: int) -> float:
    """Best bandwidth of a Gaussian kernel for n values of p, Silverman 1986: (2 sqrt(pi) n integral p''^2)^-1/5."""
    bend = np.sum(np.gradient(np.gradient(p, cell), cell) ** 2) * cell
    return float((2 * math.sqrt(math.pi) * n * max(bend, TINY)) ** -0.2)
