"""Where a run on the command line is kept: a recording, or every iteration's scalars as CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gancore.catalog import BadKnob, shown
from gancore.record.recording import Recording
from gancore.train.trainer import SCALARS, Trainer


class Nowhere:
    """Keeps nothing."""

    def rows(self, first: int, block: np.ndarray) -> None:
        """Takes the scalars (n, 6) of the iterations from `first` on."""

    def close(self, trainer: Trainer) -> None:
        """Takes the run as it ended."""


class Scalars(Nowhere):
    """A CSV file: one line an iteration, float32 written so that it reads back unchanged."""

    def __init__(self, path: Path, trainer: Trainer):
        self._file = path.open("x", encoding="utf-8")
        print("iteration", *SCALARS, sep=",", file=self._file)

    def rows(self, first, block):
        for iteration, row in enumerate(block, first):
            print(iteration, *(f"{value:.9g}" for value in row), sep=",", file=self._file)

    def close(self, trainer):
        self._file.close()


class Recorded(Nowhere):
    """A recording, as a run in the browser leaves it: scalars, and the last state as a checkpoint."""

    def __init__(self, path: Path, trainer: Trainer):
        self._recording = Recording.create(path, trainer.config.flat(), SCALARS)

    def rows(self, first, block):
        self._recording.scalars(first, block)

    def close(self, trainer):
        extra = {"config": trainer.config.to_json(), "events": []}
        self._recording.checkpoint(trainer.iteration, trainer.state.named(), extra)
        self._recording.close()


KINDS = {".sqlite": Recorded, ".csv": Scalars}


def check(out: str | None) -> None:
    """Refuses a file that could not be written, before a long run rather than after it."""
    if out is None:
        return
    path = Path(out)
    if path.suffix not in KINDS:
        raise BadKnob(
            f"out = {shown(out)} cannot be used: give a name that ends in .sqlite (a recording) or .csv (scalars)"
        )
    if path.exists():
        raise BadKnob(f"out = {shown(out)} is there already: give the name of a new file")
    if not path.parent.is_dir():
        raise BadKnob(
            f"out = {shown(out)} cannot be used: give a folder that exists, {shown(str(path.parent))} does not"
        )


def opened(out: str | None, trainer: Trainer) -> Nowhere:
    """What takes this run's scalars. Raises `OSError` if the file cannot be made."""
    if out is None:
        return Nowhere()
    return KINDS[Path(out).suffix](Path(out), trainer)
