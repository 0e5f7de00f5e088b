"""Reads a recording from end to end, as one that came from elsewhere has to be before it joins the others."""

from __future__ import annotations

import contextlib
from pathlib import Path

from gancore.observe.frame import Frame
from gancore.record import store
from gancore.record.reader import FRAME, Reader
from gancore.record.store import kindly

SPAN = 100_000  # iterations read at a time
TEXT = 10_000  # characters of what an event says, at most
COUNT = 2**53  # beyond which a browser cannot count


def check(path: Path) -> None:
    """Raises `RecordingError`, with the reason, unless everything in this file is what a recording holds."""
    with kindly(path, "read"):
        with contextlib.closing(store.connect(path, "ro")) as database:
            store.facts(database)
            if (said := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise ValueError(f"it is damaged: {said}")
        with Reader(path) as reader:
            _scalars(reader)
            _events(reader)
            _frames(reader)
            _checkpoints(reader)
            reader.kept()


def _scalars(reader: Reader) -> None:
    counts = reader.ask(
        "SELECT typeof(n), typeof(block), min(n), max(n), min(first_iteration) FROM scalars GROUP BY 1, 2"
    )
    if any(row[:2] != ("integer", "blob") or row[2] < 1 or row[3] > SPAN or row[4] < 0 for row in counts):
        raise ValueError("its scalars are not what a recording holds")
    if reader.last() >= COUNT:
        raise ValueError(f"it goes to iteration {reader.last()}")
    known = [first for (first,) in reader.ask("SELECT first_iteration FROM scalars ORDER BY first_iteration")]
    expected = known[0] if known else 0
    for first in known:
        n = reader.ask("SELECT n FROM scalars WHERE first_iteration = ?", (first,))[0][0]
        iterations, _ = reader.scalars(first, first + n - 1)
        if first != expected or len(iterations) != n:
            raise ValueError(f"iteration {first} follows {expected - 1} in its scalars")
        expected = first + n
    reader.measured()


def _events(reader: Reader) -> None:
    for event in reader.events():
        if not 0 <= event["iteration"] < COUNT or len(event["what"]) > TEXT:
            raise ValueError("an event in it cannot be read")


def _frames(reader: Reader) -> None:
    for at in reader.frames():
        data = reader.frame(at)
        if not 0 <= at < COUNT or data is None or not isinstance(Frame.decode(data).info, dict):
            raise ValueError(f"its frame of iteration {at} cannot be read; {FRAME:,} bytes is the most")


def _checkpoints(reader: Reader) -> None:
    for (at,) in reader.ask("SELECT iteration FROM checkpoints ORDER BY iteration"):
        found = reader.checkpoint(at)
        if (
            found is None
            or found[0] != at
            or not isinstance(found[2], dict)
            or not all(isinstance(k, str) for k in found[1])
        ):
            raise ValueError(f"its checkpoint of iteration {at} cannot be read")
