"""The scalars of a loop as they come, a row an iteration, without ever waiting for a device.

What is on the processor and small is reduced later, many iterations at once, unless the loop writes to it meanwhile; what
is on a device is reduced there and fetched at intervals.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gancore.run.watching.fetch import Fetch
from gancore.train.trainer import SCALARS

SMALL = 4096  # numbers in a tensor that may wait on the processor until the tape is read
OF = {"d": slice(0, 4), "g": slice(4, 6)}  # whose scalars stand where in a row


class Tape:
    """Rows in the order of `SCALARS`, a gap (NaN) where nothing came.

    An iteration ends where the player that moved first in it moves again after the other. Of a player that moves more
    than once in it the last move stays, as everywhere in this package.
    """

    def __init__(self):
        self.iteration, self.updates = 0, {"d": 0, "g": 0}
        self.rows: list[list] = []  # whole ones that nobody has read
        self.first = 1  # the iteration of the oldest of them
        self._row: list | None = None
        self._leader = ""
        self._answered = False

    def move(self, who: str, *values: Any) -> None:
        """A move of D (loss, on real, on fake, gradient's norm) or of G (loss, gradient's norm)."""
        if self._row is None or (who == self._leader and self._answered):
            self._begin(who)
        self._answered |= who != self._leader
        self._row[OF[who]] = values
        self.updates[who] += 1

    def take(self, ended: bool = False) -> tuple[int, Waiting]:
        """All whole rows since the last time, and the iteration of the first; the one that is open too if all has `ended`."""
        if ended and self._answered:
            self.rows.append(self._row)
            self._row, self._answered = None, False
        first, rows = self.first, self.rows
        self.first, self.rows = first + len(rows), []
        return first, Waiting(rows)

    def _begin(self, who: str) -> None:
        if self._row is not None:
            self.rows.append(self._row)
        self._row, self._leader, self._answered = [math.nan] * len(SCALARS), who, False
        self.iteration += 1


def noted(x: Any, later: bool = True) -> float | Tensor | tuple[Tensor, int]:
    """The mean of what came, without a wait for a device: a number at once, or a tensor on a device.

    Of a small tensor on the processor the mean is taken `later`: it waits with the count of what was written to it.
    """
    if isinstance(x, Tensor):
        if x.is_cpu:
            if (size := x.numel()) == 1:
                return x.item()
            if later and size <= SMALL and not x.is_inference():  # which has no count
                return x.detach(), x._version
            return x.detach().mean(dtype=torch.float32).item()
        return x.detach().mean(dtype=torch.float32)
    if type(x) is float:
        return x
    if x is None:
        return math.nan
    if isinstance(x, (list, tuple)):  # D at several scales
        parts = [part.detach().mean(dtype=torch.float32) if isinstance(part, Tensor) else part for part in x]
        return noted(torch.stack(parts)) if all(isinstance(part, Tensor) for part in parts) else float(np.mean(parts))
    return float(np.mean(x))


def unwritten(value: Any) -> Any:
    """What was noted; of a tensor that waited and was written to meanwhile nothing is known."""
    if type(value) is not tuple:
        return value
    tensor, count = value
    return tensor if tensor._version == count else math.nan


class Waiting:
    """Rows on their way: `here()` never waits, `block()` does if it must. `written` if the loop wrote to what waited."""

    def __init__(self, rows: list[list]):
        self._rows, self.written = rows, False
        alike: dict[tuple, list[tuple[int, int]]] = {}
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if type(value) is tuple:
                    row[j] = value = unwritten(value)
                    self.written |= value is math.nan
                if isinstance(value, Tensor):
                    alike.setdefault((value.device, value.dtype, value.shape), []).append((i, j))
        self._spots = list(alike.values())
        self._means = Fetch([means([rows[i][j] for i, j in spots]) for spots in self._spots])

    def here(self) -> bool:
        return self._means.here()

    def block(self) -> np.ndarray:
        """The rows as (n, names) float32."""
        for spots, values in zip(self._spots, self._means.tensors()):
            for (i, j), value in zip(spots, values.tolist()):
                self._rows[i][j] = value
        with np.errstate(over="ignore"):  # beyond float32 is infinite
            return np.array(self._rows, np.float32).reshape(-1, len(SCALARS))


def means(alike: list[Tensor]) -> Tensor:
    """The mean of each of these tensors of one shape, (m,)."""
    return torch.stack(alike).reshape(len(alike), -1).mean(1, dtype=torch.float32)
