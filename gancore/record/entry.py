"""One line of the library: what a recording says of itself at a glance, without reading it whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gancore.record import verdicts, writer
from gancore.record.library import size
from gancore.record.reader import Reader
from gancore.record.store import RecordingError

POINTS = 60  # of a sparkline
LOSSES = ("d_loss", "g_loss")


@dataclass(frozen=True)
class Entry:
    """A recording in the folder. `problem` is why it cannot be read, and then the rest is empty."""

    path: Path
    bytes: int
    name: str = ""
    note: str = ""
    owner: str = ""
    created: float = 0.0  # seconds since 1970
    iterations: int = 0
    config: dict[str, Any] | None = None
    losses: dict[str, tuple[float, ...]] | None = None  # by name, a few of each
    parent: str = ""
    verdict: str = ""  # what was last said of its health, in a few words
    sick: bool = False
    writer: Any = None  # what its writer told of itself: see `standing`
    sweep: str = ""  # of which it is a part
    problem: str = ""

    @property
    def standing(self) -> str:
        """Whether it is being written now: see `writer.standing`."""
        return writer.CLOSED if self.problem else writer.standing(self.writer, writer.age(self.path))

    @property
    def watched(self) -> str:
        """What a training loop that is not ours called itself; empty for runs of this program."""
        return _text((self.config or {}).get("watched"))

    @classmethod
    def of(cls, path: Path) -> Entry:
        """What the file says now."""
        try:
            with Reader(path) as reader:
                said = {key: _text(reader.fact(key)) for key in ("name", "note", "owner", "sweep")}
                parent = reader.fact("parent")
                forked = f"{parent.get('recording')} at {parent.get('iteration')}" if isinstance(parent, dict) else ""
                about = dict(
                    created=reader.created, iterations=reader.last(), config=reader.config, losses=_losses(reader)
                )
                told = _verdicts(reader)
                about |= dict(
                    verdict=", ".join(one.title for one in told),
                    sick=any(one.sick for one in told),
                    writer=reader.fact(writer.FACT),
                    parent=forked[:120],
                )
                return cls(path, size(path), **said, **about)
        except RecordingError as error:
            return cls(path, size(path), problem=str(error))


def _verdicts(reader: Reader) -> tuple:
    """A list is not worth less for one run whose verdicts cannot be read."""
    try:
        return verdicts.last(reader)
    except RecordingError:
        return ()


def _text(value: Any) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _losses(reader: Reader) -> dict[str, tuple[float, ...]]:
    """Some values of each loss over the whole run: the first of as many blocks as a sparkline has points."""
    names = [name for name in LOSSES if name in reader.names]
    blocks = [at for (at,) in reader.ask("SELECT first_iteration FROM scalars ORDER BY first_iteration")]
    if len(blocks) < POINTS:  # a short run: read it
        rows = reader.scalars(max(0, reader.last() - 100_000))[1]
        rows = rows[_spread(len(rows))]
    else:
        rows = np.concatenate([reader.scalars(blocks[at], blocks[at])[1] for at in _spread(len(blocks))])
    clean = np.where(np.isfinite(rows), rows, np.nan)
    return {name: tuple(clean[:, reader.names.index(name)].tolist()) for name in names}


def _spread(n: int) -> np.ndarray:
    return np.linspace(0, n - 1, min(n, POINTS)).astype(int)
