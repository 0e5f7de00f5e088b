"""Whether pictures are copies of those trained on: are these nearer to them than pictures that nobody trained on are?

Meehan, Chaudhuri & Dasgupta 2020 hold the distances of generated pictures to the training set against those of unseen
real ones. Blurred pictures are near to everything, so it also has to be the training set that they are nearer to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST = 8000  # pictures to train on among which the nearest is looked for
ASKED = 500_000  # pairs of pictures compared at a time of asking: 256 against all digits, 50 against MNIST's part
AT_ONCE = 256  # pictures whose distances to all others are in memory together: 8 MB against the most there are
SEED = 20140610


@dataclass(frozen=True, eq=False)
class Copies:
    """Both sides as coordinates, (N, d) and (M, d), made once."""

    known: np.ndarray
    unseen: np.ndarray
    usual: float  # median distance of unseen pictures to the nearest known one
    bands: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, known: np.ndarray, unseen: np.ndarray, n: int, rounds: int) -> Copies:
        """The bands are those of `rounds` samples of n unseen pictures, each looked up among all others."""
        chance = np.random.default_rng(SEED)
        to_known, to_unseen = away(unseen, known), away(unseen, unseen, itself=True)
        usual = max(float(np.median(to_known)), 1e-9)
        rows = chance.integers(len(unseen), size=(rounds, min(n, queries(len(known) + len(unseen)))))
        due = len(known) / (len(known) + len(unseen) - 1)
        near = np.median(to_known[rows], axis=1) / usual
        closer = ((to_known < to_unseen)[rows].mean(1) - due) / (1 - due)
        bands = {"copied": (near.min(), near.max()), "closer": (closer.min(), closer.max())}
        return cls(known, unseen, usual, {name: tuple(map(float, band)) for name, band in bands.items()})

    def measure(self, x: np.ndarray) -> dict[str, float]:
        """Of the first of these pictures (n, d): `copied`, their distance to the nearest known picture in parts of what is
        usual, and `closer`, how many of them are nearer to a known one than to any unseen one, beyond what falls to chance:
        1 for copies, 0 for pictures of the same law."""
        x = x[: queries(len(self.known) + len(self.unseen))]
        if not np.isfinite(x).all():
            return {}
        to_known, to_unseen = away(x, self.known), away(x, self.unseen)
        due = len(self.known) / (len(self.known) + len(self.unseen))
        closer = ((to_known < to_unseen).mean() - due) / (1 - due)
        return {"copied": float(np.median(to_known)) / self.usual, "closer": float(closer)}


def queries(pictures: int) -> int:
    """How many are looked up at a time, among so many."""
    return max(ASKED // pictures, 32)


def away(x: np.ndarray, others: np.ndarray, itself: bool = False) -> np.ndarray:
    """Distance of each row of x (n, d) to the nearest of the others (m, d); `itself`: these are the same, and none counts as its own."""
    lengths, nearest = (others**2).sum(1), np.empty(len(x), x.dtype)
    for first in range(0, len(x), AT_ONCE):
        some = x[first : first + AT_ONCE]
        squares = lengths - 2 * some @ others.T
        if itself:
            squares[np.arange(len(some)), first + np.arange(len(some))] = np.inf
        nearest[first : first + AT_ONCE] = squares.min(1) + (some**2).sum(1)
    return np.sqrt(np.maximum(nearest, 0))
