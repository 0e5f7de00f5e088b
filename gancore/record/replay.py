"""Any moment of a recording as the frame that its page drew then: what was kept, and curves made again from the scalars.

A recording keeps of a frame only what cannot be made again (see `kept_part`). One thread at a time may use a `Replay`.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Self

import numpy as np

from gancore.observe.frame import Frame
from gancore.observe.history import History, upper
from gancore.record.reader import Reader
from gancore.record.store import kindly

BUCKETS = 200  # of a curve; two points each, as on the live page
MARKS = 32  # places per doubling of a run from which its curves are continued: the rest takes a few milliseconds
POINTS = 400  # of a line that is measured now and then
CHUNK = 1 << 16  # iterations read at a time
NUMBERS = ("d_updates", "g_updates", "iterations_per_second", "elapsed")


def kept_part(frame: Frame, scalars: tuple[str, ...], measured: set[str]) -> Frame:
    """The frame without the curves that `Replay` makes again from scalars and from what was measured."""
    again = {"time", *scalars, *measured, *(f"{name}_t" for name in (*scalars, *measured))}
    return Frame(frame.iteration, {name: a for name, a in frame.arrays.items() if name not in again}, frame.info)


class Replay:
    """A recording, finished or growing, to be shown at any of its moments."""

    def __init__(self, path: str | Path):
        self.reader = Reader(path)
        self.path = self.reader.path
        self._marks = [History(self.reader.names, buckets=BUCKETS)]  # The curves so far, at growing distances.
        self._measured: dict[str, np.ndarray] = {}  # (points, 2) of iteration and value

    def frame(self, iteration: int, step: int = 0) -> Frame | None:
        """The newest frame kept that is not after `iteration`, or with `step` 1 or -1 the one after or before that.

        Where none was ever kept it has the curves alone; None if there are none either. Arrays that were not recorded
        are absent; `info` names in `probes` those that were.
        """
        at = self.reader.frame_at(iteration, step)
        if at is None:
            at = self.reader.frame_at(iteration, 1)
        if at is None:
            at = max(0, min(iteration + step, self.last))
            return Frame(at, self.curves(at), self._info({})) if self.last else None
        if (data := self.reader.frame(at)) is None:
            return None
        with kindly(self.path, "read"):
            kept = Frame.decode(data)
            arrays = {name: array for name, array in kept.arrays.items() if isinstance(name, str)}
            return Frame(at, arrays | self.curves(at), self._info(kept.info))

    @property
    def last(self) -> int:
        """The last iteration that is recorded by now."""
        return self.reader.last()

    def curves(self, iteration: int) -> dict[str, np.ndarray]:
        """Every line over time as it stood at `iteration`, on the time axis of the whole run so that it does not jump."""
        past = self._history(iteration).read_all()
        arrays: dict[str, np.ndarray] = {"time": np.array([0.0, upper(self.last)])}
        for name, (x, y) in past.items():
            arrays[f"{name}_t"], arrays[name] = x.astype(np.float32), y
        for name, points in self._measured_until(iteration).items():
            with np.errstate(over="ignore"):  # a file from elsewhere may hold numbers that no chart has room for
                arrays[f"{name}_t"], arrays[name] = points.T.astype(np.float32)
        return arrays

    def close(self) -> None:
        self.reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _info(self, said: Any) -> dict[str, Any]:
        """Counts for the page's transport; a file from elsewhere may say anything there."""
        said = said if isinstance(said, dict) else {}
        info = {
            name: said[name] for name in NUMBERS if isinstance(said.get(name), int | float) and abs(said[name]) < 2**53
        }
        probes = said.get("probes")
        info["probes"] = [str(name) for name in probes[:64]] if isinstance(probes, list) else []
        return info | {"replay": True}

    def _history(self, iteration: int) -> History:
        """All scalars up to `iteration`: from the mark before it on, and what lies between."""
        self._mark(iteration)
        known = max((mark for mark in self._marks if _end(mark) <= iteration), key=_end)
        return self._continued(known, iteration)

    def _mark(self, iteration: int) -> None:
        """Leaves marks up to `iteration`, a thirty-second of the way further each."""
        while True:
            newest = self._marks[-1]
            further = _end(newest) + max(BUCKETS, _end(newest) // MARKS)
            if further > iteration:
                return
            mark = self._continued(newest, further)
            if _end(mark) < further:
                return  # Not recorded that far.
            self._marks.append(mark)

    def _continued(self, history: History, iteration: int) -> History:
        grown = copy.deepcopy(history)
        while _end(grown) < iteration:
            at, values = self.reader.scalars(_end(grown) + 1, min(iteration, _end(grown) + CHUNK))
            if not len(at):
                break
            with kindly(self.path, "read"):
                grown.append(values, int(at[0]))
        return grown

    def _measured_until(self, iteration: int) -> dict[str, np.ndarray]:
        known = max((int(points[-1, 0]) for points in self._measured.values()), default=-1)
        fresh: dict[str, list[tuple[int, float]]] = {}
        for at, name, value in self.reader.measured(known):
            fresh.setdefault(name, []).append((at, np.nan if value is None else value))
        for name, points in fresh.items():
            self._measured[name] = np.concatenate([self._measured.get(name, np.zeros((0, 2))), np.array(points, float)])
        past = (
            (name, line[: np.searchsorted(line[:, 0], iteration, "right")]) for name, line in self._measured.items()
        )
        return {name: _thinned(line) for name, line in past}


def _end(history: History) -> int:
    """The last iteration that it has taken in, -1 before the first."""
    return history.last_iteration


def _thinned(points: np.ndarray) -> np.ndarray:
    """At most `POINTS` of them and the newest one."""
    if len(points) <= POINTS:
        return points
    kept = points[:: -(-len(points) // POINTS)]
    return kept if kept[-1, 0] == points[-1, 0] else np.concatenate([kept, points[-1:]])
