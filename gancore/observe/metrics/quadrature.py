"""The exact distribution function of a density that is known through its logarithm."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch

TINY = 1e-300  # keeps logarithms and quotients of nothing finite


class Source(Protocol):
    """What measuring needs of a line's data. `heavy_tailed` may be left out: it then counts as false."""

    window: tuple[float, float]

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor: ...  # (n, 1)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor: ...  # elementwise, nats


def pdf(source: Source, x: np.ndarray) -> np.ndarray:
    """The density at x (any shape), zero where it is infinite: a single point carries no mass."""
    with torch.no_grad():
        log_p = source.log_prob(torch.from_numpy(np.ascontiguousarray(x, dtype=np.float64)))
    p = np.exp(log_p.numpy().astype(np.float64).reshape(x.shape))
    return np.where(np.isfinite(p), p, 0.0)


def distribution(source: Source, hints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Knots (m,) and the distribution function there (m,), from 0 to 1 in steps below a thousandth.

    Adaptive Simpson: cells are halved until they are right to 1e-9. `hints` (sorted) are true samples: they put knots
    where the mass is, so that no mode is too narrow to be found. Raises `ValueError` if the density does not
    integrate to one.
    """
    low, high = source.window
    tail = (high - low) * 1.3 ** np.arange(-8, 48)  # out to about 2e5 windows, for the Cauchy's sake
    some = hints[:: max(1, len(hints) // 512)].astype(np.float64)
    knots = np.unique(np.concatenate((low - tail, np.linspace(low, high, 241), high + tail, some)))
    a, b, done = knots[:-1], knots[1:], []
    for halvings_left in range(40, -1, -1):
        width = b - a
        f = pdf(source, a[:, None] + width[:, None] * np.linspace(0, 1, 5))  # (cells, 5)
        coarse = f @ np.array([1, 0, 4, 0, 1]) * width / 6
        mass = f @ np.array([1, 4, 2, 4, 1]) * width / 12
        rough = ((np.abs(mass - coarse) > 1e-9) | (mass > 1e-3)) & (halvings_left > 0)
        done.append(np.stack((a, b, mass), axis=1)[~rough])
        middle = 0.5 * (a + b)[rough]
        a, b = np.concatenate((a[rough], middle)), np.concatenate((middle, b[rough]))
        if len(a) == 0:
            break
    cells = np.concatenate(done)
    cells = cells[np.argsort(cells[:, 0])]
    cdf = np.concatenate(([0.0], np.cumsum(cells[:, 2])))
    if not abs(cdf[-1] - 1) < 1e-3:
        raise ValueError(f"the density integrates to {cdf[-1]:.4g}: exp(log_prob) has to integrate to 1")
    return np.append(cells[:, 0], cells[-1, 1]), cdf / cdf[-1]
