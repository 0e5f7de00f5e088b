"""Where the fixed z have been sent so far: the trails of samples, in bounded memory. One thread, the worker's."""

from __future__ import annotations

import numpy as np

LIMIT = 256  # Moments kept; with 500 samples in the plane that is 1 MB a run.


class Past:
    """Samples (n, dim) at moments that are evenly spread over the run, and at the newest one.

    When it is full every second moment goes, and from then on moments have to be twice as far apart.
    """

    def __init__(self, limit: int = LIMIT):
        self.limit, self._apart = limit, 1
        self._kept: list[tuple[int, np.ndarray]] = []
        self._newest: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._moments())

    def append(self, iteration: int, x: np.ndarray) -> None:
        """Takes in where samples are at `iteration`; of the same iteration the last word counts."""
        self._newest = (iteration, x)
        if self._kept and iteration == self._kept[-1][0]:
            self._kept[-1] = self._newest
        elif not self._kept or iteration - self._kept[-1][0] >= self._apart:
            self._kept.append(self._newest)
        if len(self._kept) > self.limit:
            self._kept = self._kept[::2]
            self._apart = max(2 * self._apart, (iteration - self._kept[0][0]) // self.limit)

    def trail(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """The iterations (m,) at which sample `row` is known, and where it was, (m, dim)."""
        moments = self._moments()
        places = [x[row] for _, x in moments]
        return np.array([iteration for iteration, _ in moments], float), np.array(places, np.float32)

    def _moments(self) -> list[tuple[int, np.ndarray]]:
        new = self._newest and (not self._kept or self._newest[0] != self._kept[-1][0])
        return [*self._kept, self._newest] if new else self._kept
