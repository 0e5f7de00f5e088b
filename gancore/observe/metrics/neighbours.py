"""Whether a sample can be told from the data by who stands next to whom: two questions that every collapse answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.spatial import cKDTree as KDTree

K = 5  # the neighbour whose distance is the reach of a real sample


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Real samples to hold others against: made once, then asked in a millisecond.

    Coverage (Naeem et al. 2020): the share of real samples with a generated one within reach, that is no farther than
    their `K`-th real neighbour; 1 - 2^-K of samples as good as the data. 1-NN accuracy (Lopez-Paz & Oquab 2017): how
    often a sample's nearest neighbour is of its own kind; 1/2 if nobody can tell, 1 if everybody can.
    """

    real: KDTree  # of (n, d)
    nearest: np.ndarray  # (n,) distance to the nearest other real sample
    reach: np.ndarray  # (n,) and to the K-th

    @classmethod
    def of(cls, real: np.ndarray) -> Neighbourhood:
        tree = tree_of(real)
        away = tree.query(tree.data, K + 1)[0]  # the first is the sample itself
        return cls(tree, away[:, 1], away[:, K])

    def told(self, x: np.ndarray) -> tuple[float, float]:
        """Coverage and 1-NN accuracy of a sample (n, d) as large as the real one; both NaN if a value is not finite."""
        if not np.isfinite(x).all():
            return math.nan, math.nan
        tree = tree_of(x)
        to_fake, to_real = tree.query(self.real.data)[0], self.real.query(tree.data)[0]
        own = np.append(tree.query(tree.data, 2)[0][:, 1] < to_real, self.nearest < to_fake)
        return float((to_fake <= self.reach).mean()), float(own.mean())


def tree_of(points: np.ndarray) -> KDTree:
    """Where the nearest of these (n, d) are found. The import costs 28 MB and 0.3 s, which only the plane should pay."""
    from scipy.spatial import cKDTree

    return cKDTree(points)
