"""What of a long past to let go when room runs out: its beginning stays dense, the rest evenly spread."""

from __future__ import annotations

import numpy as np

HOW = "evenly, half by iteration and half by its logarithm"


def place(iterations: np.ndarray) -> np.ndarray:
    """Where each iteration lies in a run's past, from 0 to 1: half on a logarithmic scale, half on a linear one.

    By the logarithm alone a run of a million iterations would keep nothing near most of them; evenly alone would leave
    little of the first hundred, in which the most happens.
    """
    last = max(float(iterations[-1]), 1.0)
    return (np.log1p(iterations) / np.log1p(last) + iterations / last) / 2


def spare(iterations: np.ndarray, sizes: np.ndarray, excess: float) -> np.ndarray:
    """Which of these (n,) ascending iterations to drop so that `excess` is freed: those that leave the smallest gaps.

    The first and the last one stay, so less may be freed than asked for.
    """
    kept, freed = np.ones(len(iterations), bool), 0.0
    while freed < excess and kept.sum() > 2:
        rest = np.flatnonzero(kept)
        at = place(iterations[rest].astype(np.float64))
        gaps = at[2:] - at[:-2]
        for middle in 1 + np.argsort(gaps, kind="stable"):
            if freed >= excess:
                break
            if kept[rest[middle - 1]] and kept[rest[middle + 1]]:  # of neighbours, one a round
                kept[rest[middle]] = False
                freed += float(sizes[rest[middle]])
    return iterations[~kept]
